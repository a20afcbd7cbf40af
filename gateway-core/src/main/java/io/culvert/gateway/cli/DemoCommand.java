package io.culvert.gateway.cli;

import io.culvert.gateway.demo.Demo;
import io.culvert.gateway.demo.Screen;
import io.culvert.gateway.demo.Shell;
import io.culvert.linux.Linux;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.Console;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code culvert demo}. */
@Command(
        name = "demo",
        description = {
            "Show what the gateway does, and measure it, in under 20 seconds.",
            "",
            "A gateway, two tenants and a server run in this process, in network namespaces of"
                    + " their own. No configuration, no privilege and no Internet is needed, and"
                    + " nothing is left behind."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert demo",
            "  culvert demo --stay         afterwards a shell whose traffic enters the gateway"
        })
final class DemoCommand implements Callable<Integer> {
    private static final String NO_COLOR = "NO_COLOR";

    @Option(
            names = "--stay",
            description = "Keep everything up afterwards, and run $SHELL in a tenant's namespace.")
    private boolean stay;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Linux.ensureAvailable();
        Map<String, String> environment = System.getenv();
        // The launcher tells how it was called, so that suggestions can be copied.
        Shell shell =
                new Shell(
                        environment.getOrDefault("CULVERT_COMMAND", "culvert"),
                        DemoCommand::leaveSignalsTo);
        // no-color.org: when present and not empty, regardless of its value.
        boolean colours = environment.getOrDefault(NO_COLOR, "").isEmpty();
        try (Screen screen = new Screen(spec.commandLine().getOut(), isTerminal(), colours)) {
            boolean good = Demo.play(screen, stay ? Optional.of(shell) : Optional.empty());
            return good ? ExitStatus.DONE : ExitStatus.FAILED;
        }
    }

    /** The terminal sends an interrupt to the shell as well, which decides what to make of it. */
    private static void leaveSignalsTo(Process shell) {
        Signals.on("INT", () -> {});
        // bash(1): an interactive shell ignores SIGTERM.
        Signals.on("TERM", shell::destroyForcibly);
    }

    /** Null where there is none: the JDK went back to that in 25. */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal() && !"dumb".equals(System.getenv("TERM"));
    }
}
