package io.culvert.gateway.cli;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.ClientNamespace;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.control.ControlServer;
import io.culvert.linux.Linux;
import io.culvert.wire.IpAddress;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** {@code culvert exec}. */
@Command(
        name = "exec",
        description = {
            "Run a command in a fresh network namespace whose traffic, DNS included, enters a"
                    + " gateway.",
            "",
            "Needs no root. Without a configuration everything is upgraded: TCP, UDP and ping leave"
                    + " by sockets of this host. The exit status is the command's."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert exec -- curl https://example.org/",
            "  culvert exec --host-loopback 10.0.0.1 -- curl http://10.0.0.1:8080/",
            "  culvert exec --config edge.yaml -- bash"
        })
final class ExecCommand implements Callable<Integer> {
    /** env(1): the command was found but could not be run, or was not found. */
    private static final int NOT_RUNNABLE = 126;

    private static final int NOT_FOUND = 127;

    @Option(
            names = "--config",
            paramLabel = "CONFIG",
            description =
                    "Policy, limits and the first on-ramp of this configuration apply to the"
                            + " command.")
    private Path file;

    @Option(
            names = "--host-loopback",
            paramLabel = "ADDRESS",
            description =
                    "An address that stands for this host's own 127.0.0.1 (or ::1, if of IPv6).")
    private String hostLoopback;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            description = "Serve a control socket there. Default: none.")
    private Path control;

    @Parameters(
            paramLabel = "COMMAND",
            arity = "1..*",
            description = "The command and its arguments.")
    private List<String> command;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Linux.ensureAvailable();
        Optional<IpAddress> loopback = loopback();
        try (ClientNamespace client = ClientNamespace.open()) {
            Configuration configuration;
            if (file == null) {
                configuration = client.configuration(loopback);
            } else {
                switch (ConfigurationFile.load(file)) {
                    case Loaded.Invalid invalid -> {
                        spec.commandLine().getErr().print(invalid.text());
                        spec.commandLine().getErr().flush();
                        return ExitStatus.WRONG_INPUT;
                    }
                    case Loaded.Valid valid ->
                            configuration = client.adapt(valid.configuration(), loopback);
                }
            }
            try (Gateway gateway =
                    Gateway.start(configuration, client.surroundings(), FlowListener.NONE)) {
                client.connect(gateway, configuration);
                if (control == null) {
                    return run(client);
                }
                try (ControlServer _ = ControlServer.open(control, gateway)) {
                    return run(client);
                }
            }
        }
    }

    private int run(ClientNamespace client) throws IOException, InterruptedException {
        CompletableFuture<Process> started = new CompletableFuture<>();
        // The terminal sends an interrupt to the command as well, which decides what to make of it.
        // Both before there is a command, so that none is ever left alone.
        Signals.on("INT", () -> {});
        Signals.on("TERM", () -> end(started));
        Process process;
        try {
            process = client.start(new ProcessBuilder(command).inheritIO());
        } catch (IOException e) {
            // The JDK has no other way to tell: error=2 until release 24, and error: 2 since.
            boolean missing = String.valueOf(e.getMessage()).matches(".*\\berror[=:] ?2\\b.*");
            spec.commandLine()
                    .getErr()
                    .println(
                            "culvert: "
                                    + command.getFirst()
                                    + ": "
                                    + (missing ? "command not found" : e.getMessage()));
            spec.commandLine().getErr().flush();
            return missing ? NOT_FOUND : NOT_RUNNABLE;
        }
        started.complete(process);
        return process.waitFor();
    }

    private static void end(CompletableFuture<Process> command) {
        CompletableFuture<Void> unused = command.thenAccept(Process::destroy);
    }

    private Optional<IpAddress> loopback() {
        if (hostLoopback == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(IpAddress.parse(hostLoopback));
        } catch (IllegalArgumentException e) {
            throw new picocli.CommandLine.ParameterException(
                    spec.commandLine(),
                    "--host-loopback: \"" + hostLoopback + "\" is not an IP address",
                    e);
        }
    }
}
