package io.culvert.gateway;

import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.gateway.plugin.Question;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Rate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks the plugins in force; they know that there is no flow. */
record ExplainedHooks(Plugins plugins) implements HookQuestions {
    private static final long LOOK_MILLIS = 20;

    @Override
    public void ask(Explainer.Pending pending) {
        if (!plugins.current().asksAboutFlows()) {
            return;
        }
        FlowInfo flow = pending.info();
        FlowDecision proposed = pending.decision();
        CompletableFuture<Answer> taken = new CompletableFuture<>();
        HookChain chain;
        Question question;
        do {
            chain = plugins.current();
            // Only a chain that was just replaced can say no.
            question = chain.explain(flow, proposed, taken::complete);
        } while (question == null);
        Answer answer = await(question, taken);
        List<String> notes = new ArrayList<>();
        if (!answer.rate().equals(Rate.UNLIMITED)) {
            notes.add(
                    "of it may pass %d packets and %d bytes a second, 0 for any number"
                            .formatted(
                                    answer.rate().packetsPerSecond(),
                                    answer.rate().bytesPerSecond()));
        }
        pending.findings()
                .hooks(
                        proposed,
                        answer.decision(),
                        chain.plugins().stream()
                                .filter(ExplainedHooks::isAsked)
                                .map(LoadedPlugin::name)
                                .toList(),
                        notes);
        pending.decision(answer.decision());
    }

    private static boolean isAsked(LoadedPlugin plugin) {
        return plugin.hooks().flow().isPresent()
                || plugin.hooks().connection().isPresent()
                || plugin.hooks().egress().isPresent();
    }

    /** Every hook has a deadline, so that there is an answer in the end. */
    private static Answer await(Question question, CompletableFuture<Answer> taken) {
        while (true) {
            try {
                return taken.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException notYet) {
                question.expire(System.nanoTime());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while plugins were asked", e);
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
