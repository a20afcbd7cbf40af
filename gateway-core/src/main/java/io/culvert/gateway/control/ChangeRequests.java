package io.culvert.gateway.control;

import io.culvert.gateway.Administration;
import io.culvert.gateway.config.Difference;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Answers requests that change the gateway's configuration, or ask what would change.
 *
 * <p>Threading: any.
 */
final class ChangeRequests {
    private final Administration administration;
    private final Administration.Actor by;

    /**
     * @param by who asks
     */
    ChangeRequests(Administration administration, Administration.Actor by) {
        this.administration = administration;
        this.by = by;
    }

    /** Whether a request is one of these. */
    static boolean takes(Request request) {
        return switch (request.request()) {
            case "apply", "reload", "confirm", "diff" -> true;
            default -> false;
        };
    }

    /**
     * @param text the configuration that came with the request
     * @return what is to be written as JSON
     */
    Map<String, Object> answer(Request request, byte[] text) throws IOException {
        return switch (request.request()) {
            case "apply" ->
                    outcome(
                            administration.apply(
                                    by,
                                    request.name(),
                                    text,
                                    request.confirmMillis() == 0
                                            ? Optional.empty()
                                            : Optional.of(
                                                    Duration.ofMillis(request.confirmMillis())),
                                    request.recheckFlows()));
            case "reload" -> outcome(administration.reload(by, request.recheckFlows()));
            case "confirm" -> outcome(administration.confirm(by));
            default ->
                    changes(
                            request.name().isEmpty()
                                    ? administration.diff()
                                    : administration.diff(request.name(), text));
        };
    }

    private static Map<String, Object> outcome(Administration.Answer answer) {
        Map<String, Object> outcome = new LinkedHashMap<>();
        outcome.put("result", word(answer.result()));
        outcome.put("generation", answer.generation());
        outcome.put("text", answer.text());
        outcome.put("flows_closed", answer.closed());
        return outcome;
    }

    private static Map<String, Object> changes(Administration.Changes changes) {
        Map<String, Object> answer = new LinkedHashMap<>();
        switch (changes) {
            case Administration.Changes.None none -> {
                answer.put("result", word(Administration.Result.INVALID));
                answer.put("text", none.why().text());
            }
            case Administration.Changes.Of of -> {
                answer.put("result", word(Administration.Result.DONE));
                answer.put(
                        "changes",
                        of.difference().changes().stream().map(ChangeRequests::change).toList());
                answer.put("flows_closed_with_ramps", of.flows().ramps());
                answer.put("flows_closed_by_recheck", of.flows().policy());
            }
        }
        return answer;
    }

    private static Map<String, Object> change(Difference.Change change) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("section", change.section());
        one.put("name", change.name());
        one.put("change", word(change.kind()));
        one.put("details", List.copyOf(change.details()));
        return one;
    }

    private static String word(Enum<?> of) {
        return of.name().toLowerCase(Locale.ROOT);
    }
}
