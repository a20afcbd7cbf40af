package io.culvert.gateway.cli;

import io.culvert.gateway.control.ControlClient;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;

/** A command that lists what a running gateway has of one kind, as a table or as JSON. */
abstract class Listing implements Callable<Integer> {
    private final String request;

    @Option(names = "--json", description = "One JSON array of objects instead of a table.")
    private boolean json;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    /**
     * @param request what the gateway is asked, which answers with an object a line
     */
    Listing(String request) {
        this.request = request;
    }

    /** Prints the table. */
    abstract void print(List<JsonNode> objects, PrintWriter out);

    @Override
    public Integer call() throws IOException {
        List<String> lines = ControlClient.ask(control.path(), request);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println("[" + String.join(",\n ", lines) + "]");
        } else {
            ObjectMapper mapper = new ObjectMapper();
            print(lines.stream().map(mapper::readTree).toList(), out);
        }
        out.flush();
        return ExitStatus.DONE;
    }
}
