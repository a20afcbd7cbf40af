package io.culvert.gateway.cli;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** Upstreams as a table, a line for each server. */
final class UpstreamPrinter {
    private UpstreamPrinter() {}

    /** Prints them as the gateway answers them. */
    static void print(List<JsonNode> upstreams, PrintWriter out) {
        out.println(
                "%-16s %-40s %-8s %6s %5s %5s %9s %8s %10s  %s"
                        .formatted(
                                "UPSTREAM",
                                "SERVER",
                                "STATE",
                                "WEIGHT",
                                "LIVE",
                                "CONNS",
                                "SERVED",
                                "FAILED",
                                "FIRST BYTE",
                                "TROUBLE"));
        for (JsonNode upstream : upstreams) {
            String name = upstream.get("name").asString();
            for (JsonNode server : upstream.get("servers")) {
                out.println(line(name, server).stripTrailing());
            }
            String problem = upstream.get("problem").asString();
            if (!problem.isEmpty()) {
                out.println("%-16s %s".formatted(name, problem));
            } else if (upstream.get("servers").isEmpty()) {
                out.println("%-16s its servers are being looked for".formatted(name));
            }
        }
    }

    private static String line(String name, JsonNode server) {
        return String.format(
                Locale.ROOT,
                "%-16s %-40s %-8s %6d %5d %5d %9d %8d %7.1f ms  %s",
                name,
                server.get("server").asString(),
                server.get("state").asString(),
                server.get("weight").asInt(),
                server.get("requests").asInt(),
                server.get("connections").asInt(),
                server.get("served").asLong(),
                server.get("failures").asLong(),
                server.get("firstByteMs").asDouble(),
                server.get("trouble").asString());
    }
}
