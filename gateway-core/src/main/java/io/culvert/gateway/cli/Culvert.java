package io.culvert.gateway.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

import java.io.PrintWriter;

/** The program. */
@Command(
        name = "culvert",
        description = "An IP-layer tunnel and flow-tracking gateway.",
        versionProvider = Version.class,
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            ExecCommand.class,
            ConnectCommand.class,
            CheckCommand.class,
            ConfigCommand.class,
            FlowsCommand.class,
            ExplainCommand.class,
            PluginCommand.class,
            TlsCommand.class,
            UpstreamsCommand.class,
            DiffCommand.class,
            ReloadCommand.class,
            ApplyCommand.class,
            ConfirmCommand.class,
            VersionCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:done", "1:failed", "2:wrong usage or configuration"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert check edge.yaml     say what is wrong with a configuration",
            "  culvert check --help        say what a command does"
        })
@SuppressWarnings("UnusedVariable") // picocli acts on --help and --version itself
public final class Culvert {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    private boolean version;

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "Show where in the program a failure came from; also CULVERT_DEBUG=1.")
    private boolean debug;

    private Culvert() {}

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    /** The program as picocli runs it, made anew, so that a test may give it its own output. */
    static CommandLine commandLine() {
        Culvert culvert = new Culvert();
        return new CommandLine(culvert)
                .setParameterExceptionHandler(Culvert::wrongUsage)
                .setExecutionExceptionHandler(culvert::failed);
    }

    private static int wrongUsage(CommandLine.ParameterException wrong, String[] arguments) {
        CommandLine command = wrong.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("culvert: " + sentence(wrong));
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help' for more.");
        err.flush();
        return ExitStatus.WRONG_INPUT;
    }

    private int failed(Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        PrintWriter err = command.getErr();
        err.println("culvert: " + sentence(failure));
        if (debug || "1".equals(System.getenv("CULVERT_DEBUG"))) {
            failure.printStackTrace(err);
        }
        err.flush();
        return ExitStatus.FAILED;
    }

    // A message is one line; a failure without one is named by its kind.
    private static String sentence(Exception failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank()
                ? failure.getClass().getSimpleName()
                : message.strip().replaceAll("\\R", " ");
    }
}
