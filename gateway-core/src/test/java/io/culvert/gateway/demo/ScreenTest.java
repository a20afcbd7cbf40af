package io.culvert.gateway.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

class ScreenTest {
    private static final String DOTS = ".".repeat(40);

    private final StringWriter out = new StringWriter();

    private String play(boolean terminal, boolean colours) {
        try (Screen screen = new Screen(new PrintWriter(out), terminal, colours)) {
            screen.table(() -> List.of("HEADING", "row"));
            screen.begin("ping");
            screen.good("0.1 ms");
        }
        return out.toString();
    }

    @Test
    void writesALinePerSceneAndNothingElseAwayFromATerminal() {
        assertEquals("  ping " + DOTS + " ok  0.1 ms\n", play(false, true));
    }

    @Test
    void drawsTheTableBelowTheSceneAndTakesItAway() {
        String shown = play(true, false);
        // Not wrapped, cleared, two lines down, and up again; in the end the outcome in its place.
        String frame = "\033[?7l\r\033[J  ping " + DOTS + " \n\n  HEADING\n  row\033[3A\r\033[?7h";
        assertEquals(
                "\033[?25l" + frame + "\r\033[J  ping " + DOTS + " ok  0.1 ms\n\033[?7h\033[?25h",
                shown.substring(0, shown.length() - "\033[?7h\033[?25h".length()));
    }

    @Test
    void usesColoursWhereTheyAreWanted() {
        assertEquals(4, play(true, true).split("\033\\[0m", -1).length - 1);
        assertFalse(play(true, false).isEmpty());
    }

    @Test
    void saysWhatWasExpectedAndWhatWasSeen() {
        try (Screen screen = new Screen(new PrintWriter(out), false, false)) {
            screen.begin("ping");
            screen.bad("a reply", "silence");
        }
        assertEquals(
                "  ping " + DOTS + " FAILED\n      expected: a reply\n      seen:     silence\n",
                out.toString());
    }
}
