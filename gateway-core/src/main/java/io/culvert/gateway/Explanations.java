package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowTable;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Has workers say what becomes of flows. A new flow is the first worker's to explain: but for flows
 * that give way in a crowded table, each of which is a worker's own, all would say the same.
 *
 * <p>Threading: any but a worker's.
 */
record Explanations(List<Worker> workers, FlowTable table, HookQuestions hooks) {
    private static final long PATIENCE_SECONDS = 5;

    /**
     * What would become of a flow.
     *
     * @throws IOException with a sentence: there is no such tenant or on-ramp, or no answer
     */
    Explanation of(Question question) throws IOException {
        Explainer.Pending pending = ask(0, explainer -> explainer.begin(question));
        if (!pending.isAnswered()) {
            hooks.ask(pending);
        }
        return ask(0, explainer -> explainer.end(pending));
    }

    /**
     * What a live flow is.
     *
     * @throws IOException with a sentence: there is no such flow, or no answer
     */
    Explanation of(long id) throws IOException {
        AtomicReference<Flow> found = new AtomicReference<>();
        table.forEach(
                flow -> {
                    if (flow.id() == id) {
                        found.set(flow);
                    }
                });
        Flow flow = found.get();
        if (flow == null) {
            throw new IOException("there is no live flow " + id + "; culvert flows shows all");
        }
        return ask(flow.worker(), explainer -> explainer.explain(flow));
    }

    private <T> T ask(int worker, Function<Explainer, T> question) throws IOException {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Worker asked = workers.get(worker);
        asked.poller()
                .execute(
                        () -> {
                            try {
                                answer.complete(question.apply(asked.explainer()));
                            } catch (RuntimeException e) {
                                answer.completeExceptionally(e);
                            }
                        });
        try {
            return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for a worker", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("a worker did not answer in time", e);
        }
    }
}
