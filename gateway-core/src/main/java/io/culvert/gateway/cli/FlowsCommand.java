package io.culvert.gateway.cli;

import picocli.CommandLine.Command;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;
import java.util.List;

/** {@code culvert flows}. */
@Command(
        name = "flows",
        description = "Show the live flows of a running gateway.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert flows",
            "  culvert flows --json | jq '.[] | select(.tenant == \"acme\")'"
        })
final class FlowsCommand extends Listing {
    FlowsCommand() {
        super("flows");
    }

    @Override
    void print(List<JsonNode> objects, PrintWriter out) {
        FlowPrinter.print(objects, out);
    }
}
