package io.culvert.gateway.cli;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Flows as a table for people: columns as wide as their contents, amounts with units. */
final class FlowPrinter {
    private static final String[] HEADINGS = {
        "ID",
        "TENANT",
        "PROTO",
        "INITIATOR",
        "TARGET",
        "STATE",
        "UP",
        "DOWN",
        "AGE",
        "IDLE",
        "ACTION",
        "VIA",
        "DECIDED BY"
    };

    private FlowPrinter() {}

    static void print(List<JsonNode> flows, PrintWriter out) {
        List<String[]> rows = new ArrayList<>();
        rows.add(HEADINGS);
        for (JsonNode flow : flows) {
            rows.add(row(flow));
        }
        int[] widths = new int[HEADINGS.length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                line.append(row[i]).append(" ".repeat(widths[i] - row[i].length() + 2));
            }
            out.println(line.toString().stripTrailing());
        }
        out.println(flows.size() + (flows.size() == 1 ? " flow" : " flows"));
    }

    private static String[] row(JsonNode flow) {
        return Arrays.asList(
                        Long.toString(flow.path("id").asLong()),
                        flow.path("tenant").asString(),
                        flow.path("protocol").asString(),
                        flow.path("initiator").asString(),
                        flow.path("target").asString(),
                        flow.path("state").asString(),
                        bytes(flow.path("bytes_up").asLong()),
                        bytes(flow.path("bytes_down").asLong()),
                        time(flow.path("age_ms").asLong()),
                        time(flow.path("idle_ms").asLong()),
                        flow.path("action").asString(),
                        flow.path("via").asString(),
                        flow.path("decided_by").asString())
                .toArray(String[]::new);
    }

    /** An amount of bytes with a binary unit, four characters of number at most. */
    static String bytes(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double amount = bytes;
        int unit = 0;
        while (amount >= 1000 && unit < units.length - 1) {
            amount /= 1024;
            unit++;
        }
        return unit == 0
                ? bytes + " B"
                : String.format(Locale.ROOT, "%.1f %s", amount, units[unit]);
    }

    /** A span in its largest fitting unit. */
    static String time(long millis) {
        if (millis < 1_000) {
            return millis + "ms";
        }
        if (millis < 100_000) {
            return String.format(Locale.ROOT, "%.1fs", millis / 1000.0);
        }
        return millis < 6_000_000 ? millis / 60_000 + "min" : millis / 3_600_000 + "h";
    }
}
