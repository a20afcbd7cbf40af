package io.culvert.gateway.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** The program. */
@Command(
        name = "culvert",
        description = "An IP-layer tunnel and flow-tracking gateway.",
        versionProvider = Version.class,
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
    /** By name, in the order of the help. */
    private static final Map<String, Supplier<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("demo", DemoCommand::new);
        COMMANDS.put("run", RunCommand::new);
        COMMANDS.put("exec", ExecCommand::new);
        COMMANDS.put("connect", ConnectCommand::new);
        COMMANDS.put("check", CheckCommand::new);
        COMMANDS.put("config", ConfigCommand::new);
        COMMANDS.put("flows", FlowsCommand::new);
        COMMANDS.put("explain", ExplainCommand::new);
        COMMANDS.put("plugin", PluginCommand::new);
        COMMANDS.put("tls", TlsCommand::new);
        COMMANDS.put("upstreams", UpstreamsCommand::new);
        COMMANDS.put("diff", DiffCommand::new);
        COMMANDS.put("reload", ReloadCommand::new);
        COMMANDS.put("apply", ApplyCommand::new);
        COMMANDS.put("confirm", ConfirmCommand::new);
        COMMANDS.put("version", VersionCommand::new);
    }

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
        System.exit(commandLine(arguments).execute(arguments));
    }

    /** The program as picocli runs it, made anew, so that a test may give it its own output. */
    static CommandLine commandLine() {
        return commandLine(COMMANDS.keySet());
    }

    /**
     * The program with the command alone that the arguments begin with: to look at what all of them
     * take would be a large part of the time that a start takes.
     */
    private static CommandLine commandLine(String[] arguments) {
        return arguments.length > 0 && COMMANDS.containsKey(arguments[0])
                ? commandLine(Set.of(arguments[0]))
                : commandLine();
    }

    private static CommandLine commandLine(Set<String> names) {
        Culvert culvert = new Culvert();
        CommandLine program = new CommandLine(culvert);
        names.forEach(name -> program.addSubcommand(name, COMMANDS.get(name).get()));
        return program.setParameterExceptionHandler(Culvert::wrongUsage)
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
