package io.culvert.gateway.cli;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Shows people what a configuration would change. */
final class DifferencePrinter {
    private DifferencePrinter() {}

    static void print(JsonNode answer, PrintWriter out) {
        lines(answer).forEach(out::println);
    }

    private static List<String> lines(JsonNode answer) {
        List<String> lines = new ArrayList<>();
        for (JsonNode change : answer.path("changes")) {
            String name = change.path("name").asString();
            String what = change.path("section").asString() + (name.isEmpty() ? "" : " " + name);
            lines.add(
                    switch (change.path("change").asString()) {
                        case "added" -> "+ " + what;
                        case "removed" -> "- " + what;
                        case "replaced" ->
                                "! " + what + ": removed, flows and all, and added again";
                        case "moved" -> "~ " + what + ": moved";
                        case "restart" -> "! " + what + ": takes a restart";
                        default -> "~ " + what;
                    });
            change.path("details").forEach(detail -> lines.add("    " + detail.asString()));
        }
        if (lines.isEmpty()) {
            lines.add("nothing would change");
        }
        long gone = answer.path("flows_closed_with_ramps").asLong();
        if (gone > 0) {
            lines.add(gone + " flows would end, whose on-ramp or off-ramp goes");
        }
        long refused = answer.path("flows_closed_by_recheck").asLong();
        if (refused > 0) {
            lines.add(refused + " flows would end with --recheck-flows");
        }
        return lines;
    }
}
