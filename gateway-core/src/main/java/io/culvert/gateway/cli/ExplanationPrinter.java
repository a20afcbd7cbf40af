package io.culvert.gateway.cli;

import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Stage;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** An explanation for people: a line for each stage, then what it comes to. */
final class ExplanationPrinter {
    /** The manual of reasons has a heading for each. */
    private static final String MANUAL = "docs/reasons.md#";

    private ExplanationPrinter() {}

    /**
     * Prints it.
     *
     * @param verbose with all notes
     */
    static void print(Explanation explanation, boolean verbose, PrintWriter out) {
        int name = width(explanation.stages().stream().map(Stage::stage).toList());
        int verdict = width(explanation.stages().stream().map(Stage::verdict).toList());
        out.println(explanation.question());
        for (Stage stage : explanation.stages()) {
            line(out, stage.stage(), name, stage.verdict(), verdict, stage.text());
            for (String note : verbose ? stage.notes() : List.<String>of()) {
                line(out, "", name, "", verdict, note);
            }
        }
        if (!explanation.reason().isEmpty()) {
            out.println(
                    pad("reason", name)
                            + explanation.reason()
                            + "  ("
                            + MANUAL
                            + explanation.reason().toLowerCase(Locale.ROOT)
                            + ")");
        }
        out.println(pad("result", name) + explanation.result());
    }

    private static int width(List<String> texts) {
        return Math.max(8, texts.stream().mapToInt(String::length).max().orElse(0));
    }

    private static void line(
            PrintWriter out, String name, int nameWidth, String verdict, int width, String text) {
        out.println((pad(name, nameWidth) + pad(verdict, width) + text).stripTrailing());
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()) + 2);
    }
}
