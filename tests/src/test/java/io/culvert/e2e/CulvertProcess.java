package io.culvert.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The packaged program, run as its user runs it, on a host. */
final class CulvertProcess implements AutoCloseable {
    private static final Path TOP = top();
    private static final String READY = "ready";

    /** Debian's, without what may be in somebody's own. */
    static final String SYSTEM_PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final Process process;
    private final List<String> output = new CopyOnWriteArrayList<>();
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final List<Thread> readers = new ArrayList<>();

    private CulvertProcess(Process process) {
        this.process = process;
        readers.add(reader(process.inputReader(), output));
        readers.add(reader(process.errorReader(), errors));
    }

    /** No virtual thread: each would keep a carrier for itself while it reads a pipe. */
    private static Thread reader(BufferedReader from, List<String> into) {
        return Thread.ofPlatform().daemon().start(() -> read(from, into));
    }

    /** The directory that the source tree is in. */
    static Path top() {
        Path path = Path.of("").toAbsolutePath();
        while (!Files.isRegularFile(path.resolve("culvert"))) {
            path = path.getParent();
        }
        return path;
    }

    static CulvertProcess start(Host host, String... arguments) throws IOException {
        return startBehind(host, List.of(), arguments);
    }

    /** The same behind another program, such as one that takes privileges away. */
    static CulvertProcess startBehind(Host host, List<String> wrapper, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.add(TOP.resolve("packaging/culvert-java").toString());
        command.add(TOP.resolve("gateway-core/target/culvert").toString());
        command.addAll(List.of(arguments));
        return run(host, command);
    }

    /** Any command, watched as this program is. */
    static CulvertProcess run(Host host, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().remove("NOTIFY_SOCKET");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("PATH", SYSTEM_PATH);
        return new CulvertProcess(host.start(builder));
    }

    private static void read(BufferedReader from, List<String> into) {
        try (from) {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                into.add(line);
            }
        } catch (IOException closed) {
            // The process is gone, and what it said is known.
        }
    }

    /** Waits until traffic can flow. */
    CulvertProcess awaitReady() throws Exception {
        Eventually.holds(
                "ready, in " + output + errors,
                Duration.ofSeconds(30),
                () -> output.contains(READY) || !process.isAlive());
        if (!output.contains(READY)) {
            throw new AssertionError("not ready: " + exitStatus() + " " + errors());
        }
        return this;
    }

    /** Waits for the end. */
    int exitStatus() throws Exception {
        return exitStatus(Duration.ofSeconds(30));
    }

    int exitStatus(Duration within) throws Exception {
        if (!process.waitFor(within.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new AssertionError("still there after " + within + ": " + errors);
        }
        for (Thread reader : readers) {
            reader.join();
        }
        return process.exitValue();
    }

    /** Lines of standard output, all of them once the process has ended. */
    List<String> output() {
        return List.copyOf(output);
    }

    /** Lines of standard error. */
    List<String> errors() {
        return List.copyOf(errors);
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGTERM, and goes on to read what it says; {@link Process#destroy} would not. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** SIGKILL, and waits. */
    void kill() throws Exception {
        process.toHandle().destroyForcibly();
        exitStatus();
    }

    void type(String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    @Override
    public void close() throws IOException {
        process.toHandle().destroyForcibly();
        process.onExit().join();
        // Whatever it has started and left alone hears that there is nothing more to come.
        process.getOutputStream().close();
    }
}
