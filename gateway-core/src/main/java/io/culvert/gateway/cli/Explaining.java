package io.culvert.gateway.cli;

import io.culvert.gateway.DryRun;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.control.ControlClient;
import io.culvert.gateway.control.ExplainRequest;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;

/** Has a flow explained by a running gateway, or a configuration, and prints what was said. */
record Explaining(Path control, PrintWriter out, PrintWriter err) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Does it.
     *
     * @param flow a live one; {@code null} for the one of {@code source} and {@code target}
     * @param config what to ask; {@code null} for a running gateway
     * @throws IllegalArgumentException with a sentence, where the question cannot be read
     */
    int explain(
            Long flow,
            Path config,
            String tenant,
            String source,
            String target,
            String onRamp,
            boolean verbose,
            boolean json)
            throws IOException {
        Explanation explanation;
        if (flow != null) {
            explanation = ask(ExplainRequest.of(flow));
        } else {
            Question question = Question.parse(tenant, source, target, onRamp);
            if (config == null) {
                explanation = ask(ExplainRequest.of(question));
            } else {
                switch (ConfigurationFile.load(config)) {
                    case Loaded.Invalid invalid -> {
                        err.print(invalid.text());
                        err.flush();
                        return ExitStatus.WRONG_INPUT;
                    }
                    case Loaded.Valid valid -> explanation = dryRun(valid, question);
                }
            }
        }
        if (json) {
            out.println(JSON.writeValueAsString(explanation));
        } else {
            ExplanationPrinter.print(explanation, verbose, out);
        }
        out.flush();
        return ExitStatus.DONE;
    }

    private static Explanation dryRun(Loaded.Valid valid, Question question) throws IOException {
        try {
            return new DryRun(valid.configuration()).explain(question);
        } catch (IllegalArgumentException e) {
            // As a gateway would answer: the usage is not what is wrong.
            throw new IOException(e.getMessage(), e);
        }
    }

    private Explanation ask(String request) throws IOException {
        List<String> lines = ControlClient.ask(control, request);
        if (lines.isEmpty()) {
            throw new IOException("the gateway did not answer");
        }
        JsonNode answer = JSON.readTree(lines.getFirst());
        if (answer.has("error")) {
            throw new IOException(answer.get("error").asString());
        }
        return JSON.treeToValue(answer, Explanation.class);
    }
}
