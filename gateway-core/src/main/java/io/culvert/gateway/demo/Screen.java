package io.culvert.gateway.demo;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Where the demonstration is told. On a terminal the scene that is being played has a live table
 * below it, which is drawn over and over and vanishes at the end; elsewhere there are only the
 * lines. The sequences are those of ECMA-48.
 *
 * <p>Thread-safe; the table is drawn on a thread of its own.
 */
public final class Screen implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Screen.class);
    private static final long REFRESH_MILLIS = 200;
    private static final int TITLE_WIDTH = 44;

    private static final String CLEAR_BELOW = "\r\033[J";
    private static final String HIDE_CURSOR = "\033[?25l";
    private static final String SHOW_CURSOR = "\033[?25h";

    /** Lines longer than the terminal is wide are cut and not continued: a row stays one row. */
    private static final String CUT_LINES = "\033[?7l";

    private static final String WRAP_LINES = "\033[?7h";
    private static final String BOLD = "1";
    private static final String FAINT = "2";
    private static final String RED = "1;31";
    private static final String GREEN = "32";

    private final PrintWriter out;
    private final boolean terminal;
    private final boolean colours;
    private final Thread restoring = new Thread(this::restore);
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("demo-screen").factory());

    // Guarded by this.
    private Supplier<List<String>> table = List::of;
    private String title;

    /**
     * @param terminal whether what is written can be drawn over
     * @param colours only looked at on a terminal
     */
    public Screen(PrintWriter out, boolean terminal, boolean colours) {
        this.out = out;
        this.terminal = terminal;
        this.colours = terminal && colours;
        if (terminal) {
            Runtime.getRuntime().addShutdownHook(restoring);
            Future<?> unused =
                    timer.scheduleWithFixedDelay(
                            this::redraw, REFRESH_MILLIS, REFRESH_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** What to show below a scene while it is played. */
    synchronized void table(Supplier<List<String>> rows) {
        table = rows;
    }

    synchronized void line(String text) {
        out.println(text);
        out.flush();
    }

    synchronized void heading(String text) {
        line(in(BOLD, text));
    }

    /** A scene begins. */
    synchronized void begin(String scene) {
        title = scene;
        out.print(terminal ? HIDE_CURSOR : dotted());
        out.flush();
        draw();
    }

    /** The scene has ended as expected. */
    synchronized void good(String measured) {
        end(in(GREEN, "ok") + "  " + measured);
    }

    /** It has not. */
    synchronized void bad(String expected, String seen) {
        end(in(RED, "FAILED"));
        line("      expected: " + expected);
        line("      seen:     " + seen);
    }

    private void end(String outcome) {
        out.println((terminal ? CLEAR_BELOW + dotted() : "") + outcome);
        title = null;
        restore();
    }

    private void redraw() {
        try {
            draw();
        } catch (RuntimeException e) {
            // What would otherwise end the timer in silence.
            LOG.warn("The table cannot be shown", e);
        }
    }

    private synchronized void draw() {
        if (terminal && title != null) {
            List<String> rows = table.get();
            StringBuilder frame = new StringBuilder(CUT_LINES + CLEAR_BELOW + dotted() + "\n");
            for (int i = 0; i < rows.size(); i++) {
                frame.append("\n  ").append(i == 0 ? in(FAINT, rows.get(i)) : rows.get(i));
            }
            frame.append("\033[").append(rows.size() + 1).append("A\r").append(WRAP_LINES);
            out.print(frame);
            out.flush();
        }
    }

    private String dotted() {
        int dots = Math.max(3, TITLE_WIDTH - title.length());
        return "  " + title + " " + in(FAINT, ".".repeat(dots)) + " ";
    }

    private synchronized void restore() {
        if (terminal) {
            out.print((title == null ? "" : CLEAR_BELOW) + WRAP_LINES + SHOW_CURSOR);
        }
        out.flush();
    }

    private String in(String style, String text) {
        return colours ? "\033[" + style + "m" + text + "\033[0m" : text;
    }

    /** Leaves the terminal as it was. */
    @Override
    public void close() {
        timer.shutdownNow();
        if (terminal && Runtime.getRuntime().removeShutdownHook(restoring)) {
            restore();
        }
    }
}
