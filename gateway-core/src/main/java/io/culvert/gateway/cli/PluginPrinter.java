package io.culvert.gateway.cli;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** Plugins as a table, a line for each hook. */
final class PluginPrinter {
    private PluginPrinter() {}

    /**
     * @param plugins JSON as the gateway answers it
     */
    static void print(List<String> plugins, PrintWriter out) {
        ObjectMapper mapper = new ObjectMapper();
        out.println(
                "%-24s %-10s %-12s %10s %9s %9s %10s"
                        .formatted(
                                "PLUGIN",
                                "VERSION",
                                "HOOK",
                                "CALLS",
                                "FAILURES",
                                "TIMEOUTS",
                                "SECONDS"));
        for (String line : plugins) {
            JsonNode plugin = mapper.readTree(line);
            for (JsonNode hook : plugin.get("hooks")) {
                out.println(
                        String.format(
                                Locale.ROOT,
                                "%-24s %-10s %-12s %10d %9d %9d %10.3f",
                                plugin.get("name").asString(),
                                plugin.get("version").asString(),
                                hook.get("hook").asString(),
                                hook.get("calls").asLong(),
                                hook.get("failures").asLong(),
                                hook.get("timeouts").asLong(),
                                hook.get("seconds").asDouble()));
            }
        }
    }
}
