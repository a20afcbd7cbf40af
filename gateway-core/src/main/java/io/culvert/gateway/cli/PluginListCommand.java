package io.culvert.gateway.cli;

import picocli.CommandLine.Command;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;
import java.util.List;

/** {@code culvert plugin list}. */
@Command(
        name = "list",
        description = {
            "Show the plugins of a running gateway, and how often each of their hooks was asked.",
            "",
            "Failures are calls that threw or whose answer could not be; time is of all calls"
                    + " together. They are counted since the gateway began, over all versions.",
            "The generation is 1 at first, and one more each time that a plugin of this name is"
                    + " begun in its place."
        },
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {"  culvert plugin list", "  culvert plugin list --json"})
final class PluginListCommand extends Listing {
    PluginListCommand() {
        super("plugins");
    }

    @Override
    void print(List<JsonNode> objects, PrintWriter out) {
        PluginPrinter.print(objects, out);
    }
}
