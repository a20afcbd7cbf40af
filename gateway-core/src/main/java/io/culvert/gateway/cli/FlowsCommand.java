package io.culvert.gateway.cli;

import io.culvert.gateway.control.ControlClient;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code culvert flows}. */
@Command(
        name = "flows",
        description = "Show the live flows of a running gateway.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert flows",
            "  culvert flows --json | jq '.[] | select(.tenant == \"acme\")'"
        })
final class FlowsCommand implements Callable<Integer> {
    @Option(names = "--json", description = "One JSON array of objects instead of a table.")
    private boolean json;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<String> lines = ControlClient.ask(control.path(), "flows");
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println("[" + String.join(",\n ", lines) + "]");
        } else {
            ObjectMapper mapper = new ObjectMapper();
            FlowPrinter.print(lines.stream().map(mapper::readTree).toList(), out);
        }
        out.flush();
        return ExitStatus.DONE;
    }
}
