package io.culvert.gateway.telemetry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for answers no longer than it was told. */
final class Answers {
    private Answers() {}

    /** Each answer, or nothing where it failed or is not there when the time is over for all. */
    static <T> List<Optional<T>> within(Duration limit, List<CompletableFuture<T>> answers) {
        long deadline = System.nanoTime() + limit.toNanos();
        List<Optional<T>> all = new ArrayList<>();
        for (CompletableFuture<T> answer : answers) {
            long left = Math.max(0, deadline - System.nanoTime());
            Optional<T> one = Optional.empty();
            try {
                one = Optional.of(answer.get(left, TimeUnit.NANOSECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                // That there is none is the answer.
            }
            all.add(one);
        }
        return all;
    }
}
