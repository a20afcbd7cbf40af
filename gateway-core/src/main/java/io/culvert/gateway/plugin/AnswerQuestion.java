package io.culvert.gateway.plugin;

import io.culvert.gateway.http.ExchangeHooks;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpStage;
import io.culvert.hook.ResponseVerdict;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The head of a server's answer on its way through the plugins that watch it, as through layers:
 * from the one that is nearest to the server.
 *
 * <p>Threading: one at a time.
 */
final class AnswerQuestion {
    private static final byte[] NO_BODY = {};
    private static final int PARTIAL = 206;

    private final HttpAsking asking;
    private final List<LoadedPlugin> asked;
    private final int status;
    private final Consumer<ExchangeHooks.ResponseOutcome> taker;
    private boolean changed;
    private boolean changesBody;
    private int next;

    AnswerQuestion(
            HttpAsking asking,
            List<LoadedPlugin> asked,
            int status,
            Consumer<ExchangeHooks.ResponseOutcome> taker) {
        this.asking = asking;
        // Less than 200 begins a tunnel, and is not theirs.
        this.asked = status < 200 ? List.of() : List.copyOf(asked);
        this.status = status;
        this.taker = taker;
    }

    void ask(HttpFields fields) {
        if (next == asked.size()) {
            taker.accept(
                    new ExchangeHooks.ResponseOutcome.Go(
                            changed ? Optional.of(fields) : Optional.empty(), changesBody));
            return;
        }
        LoadedPlugin plugin = asked.get(next++);
        asking.call(
                plugin,
                (hook, request) ->
                        checked(hook.response(request, HttpAnswer.of(status, fields, NO_BODY))),
                (verdict, failure) -> {
                    switch (verdict) {
                        case null -> {
                            if (plugin.entry().failsOpen()) {
                                ask(fields);
                            } else {
                                taker.accept(new ExchangeHooks.ResponseOutcome.Refuse(failure));
                            }
                        }
                        case ResponseVerdict.Answer answer ->
                                taker.accept(
                                        new ExchangeHooks.ResponseOutcome.Answer(answer.answer()));
                        case ResponseVerdict.Retry _ ->
                                taker.accept(new ExchangeHooks.ResponseOutcome.Retry());
                        case ResponseVerdict.Pass pass -> passed(plugin, fields, pass);
                    }
                });
    }

    /** RFC 9110 section 14.4: where a part lies, and in how much, would be true no more. */
    private ResponseVerdict checked(ResponseVerdict verdict) throws PluginException {
        if (status == PARTIAL
                && verdict instanceof ResponseVerdict.Pass pass
                && pass.changesBody()) {
            throw new PluginException("it cannot change a part of a body (206)");
        }
        return verdict;
    }

    private void passed(LoadedPlugin plugin, HttpFields fields, ResponseVerdict.Pass pass) {
        changed |= pass.fields().isPresent();
        if (pass.changesBody()) {
            changesBody = true;
            asking.change(plugin, HttpStage.RESPONSE_BODY);
        }
        ask(pass.fields().orElse(fields));
    }
}
