package io.culvert.gateway.control;

import io.culvert.gateway.Gateway;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.util.Map;

/** The requests that ask what becomes of a flow, and their answers. */
public final class ExplainRequest {
    private static final String NEW = "explain ";
    private static final String LIVE = "explain-flow ";
    private static final ObjectMapper JSON = new ObjectMapper();

    private ExplainRequest() {}

    /** The line that asks about a flow. */
    public static String of(Question question) {
        return NEW + JSON.writeValueAsString(question);
    }

    /** The line that asks about a live flow. */
    public static String of(long flow) {
        return LIVE + flow;
    }

    static boolean is(String request) {
        return request.startsWith(NEW) || request.startsWith(LIVE);
    }

    /** One line: the {@link Explanation}, or an {@code error}. */
    static String answer(Gateway gateway, String request) {
        try {
            return JSON.writeValueAsString(explanation(gateway, request));
        } catch (IOException | IllegalArgumentException e) {
            return JSON.writeValueAsString(Map.of("error", String.valueOf(e.getMessage())));
        } catch (JacksonException e) {
            return JSON.writeValueAsString(Map.of("error", "the question cannot be read"));
        }
    }

    private static Explanation explanation(Gateway gateway, String request) throws IOException {
        return request.startsWith(LIVE)
                ? gateway.explainFlow(Long.parseLong(request.substring(LIVE.length())))
                : gateway.explain(JSON.readValue(request.substring(NEW.length()), Question.class));
    }
}
