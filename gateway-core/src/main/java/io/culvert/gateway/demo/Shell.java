package io.culvert.gateway.demo;

import io.culvert.gateway.control.ControlServer;
import io.culvert.tun.NetworkNamespace;
import io.culvert.wire.IpAddress;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A shell in a tenant's namespace, for a person to try the gateway with; the control socket is
 * served meanwhile. What it suggests depends on the programs that there are.
 */
public final class Shell {
    private static final Path IDENTITIES = Path.of("/proc/self/uid_map");

    /** user_namespaces(7): the map of the namespace that the system began with. */
    private static final Pattern WHOLE = Pattern.compile("\\s*0\\s+0\\s+4294967295\\s*");

    private final String program;
    private final Consumer<Process> started;

    /**
     * @param program what culvert itself is called by
     * @param started told of the shell once it runs
     */
    public Shell(String program, Consumer<Process> started) {
        this.program = program;
        this.started = started;
    }

    void run(Stage stage, Screen screen) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("culvert-demo");
        Path control = directory.resolve("control.sock");
        NetworkNamespace client = stage.client(Stage.ACME);
        Optional<Process> measured = Optional.empty();
        try (ControlServer _ = ControlServer.open(control, stage.gateway())) {
            if (installed("iperf3")) {
                measured = Optional.of(iperf(stage.server()));
            }
            screen.line("");
            screen.heading("This shell is in tenant acme's namespace; try, and leave with exit:");
            suggestions(control, client).forEach(screen::line);
            String shell = Optional.ofNullable(System.getenv("SHELL")).orElse("/bin/sh");
            Process process = client.call(() -> new ProcessBuilder(shell).inheritIO().start());
            started.accept(process);
            process.waitFor();
        } finally {
            measured.ifPresent(Process::destroy);
            Files.deleteIfExists(directory);
        }
    }

    private static Process iperf(NetworkNamespace server) throws IOException {
        return server.call(
                () ->
                        new ProcessBuilder("iperf3", "--server")
                                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                .redirectError(ProcessBuilder.Redirect.DISCARD)
                                .start());
    }

    private List<String> suggestions(Path control, NetworkNamespace client) throws IOException {
        String server4 = Family.IPV4.server().address().toString();
        String server6 = Family.IPV6.server().address().toString();
        IpAddress nowhere = Family.IPV4.nowhere();
        List<String> lines = new ArrayList<>();
        if (installed("curl")) {
            lines.add(line("curl http://" + server4 + "/", "who the server sees"));
            lines.add(
                    line(
                            "curl -o /dev/null 'http://[" + server6 + "]/bytes/4000000000'",
                            "a big download"));
            lines.add(
                    line(
                            "curl http://" + server4 + ":" + Stage.REJECTED_PORT + "/",
                            "rejected by the policy"));
            lines.add(line("curl http://" + nowhere + "/", "unreachable"));
        }
        if (installed("ping")) {
            lines.add(line("ping -c 3 " + server6, "reaches the server"));
            lines.add(line("ping -c 3 " + nowhere, "reaches nobody, and says so"));
        }
        if (installed("iperf3")) {
            lines.add(line("iperf3 -c " + server4, "a server runs there"));
        }
        lines.add(line(program + " flows --control " + control, "the live flows, from anywhere"));
        if (installed("nsenter")) {
            lines.add(line("nsenter " + target(client), "into here, from another terminal"));
        }
        return lines;
    }

    private static String line(String command, String meaning) {
        return String.format("  %-60s # %s", command, meaning);
    }

    /** The client namespace by its thread, which has an entry in /proc as a process has. */
    private static String target(NetworkNamespace client) throws IOException {
        Path thread =
                client.call(() -> Files.readSymbolicLink(Path.of("/proc/thread-self")))
                        .getFileName();
        boolean mapped = !WHOLE.matcher(Files.readString(IDENTITIES)).matches();
        return (mapped ? "--preserve-credentials --user " : "") + "--net -t " + thread;
    }

    private static boolean installed(String command) {
        String path = System.getenv().getOrDefault("PATH", "");
        for (String directory : path.split(File.pathSeparator, -1)) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, command))) {
                return true;
            }
        }
        return false;
    }
}
