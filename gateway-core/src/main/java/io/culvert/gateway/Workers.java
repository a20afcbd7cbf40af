package io.culvert.gateway;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * All workers of a gateway, to have something done on their threads and to wait for it.
 *
 * <p>Threading: any but a worker's own.
 *
 * @param all by their index
 */
record Workers(List<Worker> all) {
    private static final Duration ANSWER_TIME = Duration.ofSeconds(5);

    /** Answers by every worker, in their order; all are asked before one is waited for. */
    <T> List<T> ask(Function<Worker, T> question) throws IOException {
        List<T> answers = new ArrayList<>();
        for (CompletableFuture<T> each : begin(question)) {
            answers.add(await(each));
        }
        return answers;
    }

    /** The same as each gets round to an answer; one that is stuck gives none. */
    <T> List<CompletableFuture<T>> begin(Function<Worker, T> question) {
        return all.stream().map(worker -> begin(worker, question)).toList();
    }

    /** Has something done on every worker. */
    void each(Consumer<Worker> task) throws IOException {
        List<Boolean> _ = ask(worker -> done(worker, task));
    }

    /**
     * Waits until every worker has done what it was about to do, whoever had asked it to: what was
     * written before is seen by all from then on.
     */
    void settle() throws IOException {
        each(worker -> {});
    }

    /** Has something done on the first one, the home of whatever needs one. */
    void first(Consumer<Worker> task) throws IOException {
        on(all.getFirst(), task);
    }

    /** Has something done on one of them. */
    void on(Worker worker, Consumer<Worker> task) throws IOException {
        boolean _ = await(begin(worker, one -> done(one, task)));
    }

    int size() {
        return all.size();
    }

    private static boolean done(Worker worker, Consumer<Worker> task) {
        task.accept(worker);
        return true;
    }

    private static <T> CompletableFuture<T> begin(Worker worker, Function<Worker, T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        try {
            worker.poller()
                    .execute(
                            () -> {
                                try {
                                    answer.complete(question.apply(worker));
                                } catch (RuntimeException e) {
                                    answer.completeExceptionally(e);
                                }
                            });
        } catch (RejectedExecutionException ended) {
            answer.completeExceptionally(ended);
        }
        return answer;
    }

    private static <T> T await(CompletableFuture<T> answer) throws IOException {
        try {
            return answer.get(ANSWER_TIME.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for a worker", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(
                    "a worker did not answer within " + ANSWER_TIME.toSeconds() + " s", e);
        }
    }
}
