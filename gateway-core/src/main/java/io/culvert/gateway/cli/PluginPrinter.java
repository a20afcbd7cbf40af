package io.culvert.gateway.cli;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** Plugins as a table, a line for each hook. */
final class PluginPrinter {
    private PluginPrinter() {}

    /**
     * @param plugins as the gateway answers them
     */
    static void print(List<JsonNode> plugins, PrintWriter out) {
        out.println(
                "%-24s %-10s %10s %-12s %10s %9s %9s %10s"
                        .formatted(
                                "PLUGIN",
                                "VERSION",
                                "GENERATION",
                                "HOOK",
                                "CALLS",
                                "FAILURES",
                                "TIMEOUTS",
                                "SECONDS"));
        for (JsonNode plugin : plugins) {
            for (JsonNode hook : plugin.get("hooks")) {
                out.println(
                        String.format(
                                Locale.ROOT,
                                "%-24s %-10s %10d %-12s %10d %9d %9d %10.3f",
                                plugin.get("name").asString(),
                                plugin.get("version").asString(),
                                plugin.get("generation").asLong(),
                                hook.get("hook").asString(),
                                hook.get("calls").asLong(),
                                hook.get("failures").asLong(),
                                hook.get("timeouts").asLong(),
                                hook.get("seconds").asDouble()));
            }
        }
    }
}
