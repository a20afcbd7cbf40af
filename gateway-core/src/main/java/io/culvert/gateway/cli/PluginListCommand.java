package io.culvert.gateway.cli;

import io.culvert.gateway.control.ControlClient;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code culvert plugin list}. */
@Command(
        name = "list",
        description = {
            "Show the plugins of a running gateway, and how often each of their hooks was asked.",
            "",
            "Failures are calls that threw or whose answer could not be; time is of all calls"
                    + " together. They are counted since the gateway began, over all versions."
        },
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {"  culvert plugin list", "  culvert plugin list --json"})
final class PluginListCommand implements Callable<Integer> {
    @Option(names = "--json", description = "One JSON array of objects instead of a table.")
    private boolean json;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<String> lines = ControlClient.ask(control.path(), "plugins");
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println("[" + String.join(",\n ", lines) + "]");
        } else {
            PluginPrinter.print(lines, out);
        }
        out.flush();
        return ExitStatus.DONE;
    }
}
