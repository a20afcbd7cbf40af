package io.culvert.gateway.tls;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * A bounded number of contexts that are made when they are first wanted, once for all who want the
 * same one; the one that nobody has wanted for longest goes first.
 *
 * <p>Threading: any.
 */
final class ContextCache<K> {
    /** Times that a context goes before whoever wanted it has it. */
    private static final int TRIES = 3;

    private final int bound;
    private final InstantSource clock;
    private final Map<K, CompletableFuture<Made>> kept = new LinkedHashMap<>(16, 0.75f, true);
    private boolean ended;

    /**
     * A context.
     *
     * @param until when it is made anew
     */
    record Made(SharedContext context, Instant until) {}

    ContextCache(int bound, InstantSource clock) {
        this.bound = bound;
        this.clock = clock;
    }

    /**
     * The context at a key.
     *
     * @param maker begins to make one where there is none
     * @return held for whoever asked, on the loop
     */
    Future<SharedContext> get(K key, EventLoop loop, Supplier<CompletableFuture<Made>> maker) {
        Promise<SharedContext> wanted = loop.newPromise();
        get(key, loop, maker, wanted, TRIES);
        return wanted;
    }

    private void get(
            K key,
            EventLoop loop,
            Supplier<CompletableFuture<Made>> maker,
            Promise<SharedContext> wanted,
            int tries) {
        CompletableFuture<Made> found = find(key, maker);
        var _ =
                found.whenComplete(
                        (made, failure) ->
                                on(
                                        loop,
                                        () -> {
                                            if (failure != null) {
                                                forget(key, found);
                                                wanted.setFailure(failure);
                                            } else if (made.context().hold()) {
                                                wanted.setSuccess(made.context());
                                            } else if (tries > 1) {
                                                get(key, loop, maker, wanted, tries - 1);
                                            } else {
                                                wanted.setFailure(
                                                        new RejectedExecutionException(
                                                                "too many certificates are made"));
                                            }
                                        }));
    }

    private CompletableFuture<Made> find(K key, Supplier<CompletableFuture<Made>> maker) {
        CompletableFuture<Made> made = new CompletableFuture<>();
        List<CompletableFuture<Made>> gone = new ArrayList<>();
        synchronized (this) {
            if (ended) {
                return CompletableFuture.failedFuture(
                        new RejectedExecutionException("inspection has ended"));
            }
            CompletableFuture<Made> known = kept.get(key);
            if (known != null && !isOver(known)) {
                return known;
            }
            if (known != null) {
                gone.add(known);
            }
            kept.put(key, made);
            Iterator<CompletableFuture<Made>> oldest = kept.values().iterator();
            while (kept.size() > bound) {
                gone.add(oldest.next());
                oldest.remove();
            }
        }
        gone.forEach(ContextCache::drop);
        // Not under the lock: it may be done at once.
        var _ =
                maker.get()
                        .whenComplete(
                                (context, failure) -> {
                                    if (failure == null) {
                                        made.complete(context);
                                    } else {
                                        made.completeExceptionally(failure);
                                    }
                                });
        return made;
    }

    private boolean isOver(CompletableFuture<Made> known) {
        return known.isDone()
                && (known.isCompletedExceptionally()
                        || !clock.instant().isBefore(known.join().until()));
    }

    private synchronized void forget(K key, CompletableFuture<Made> failed) {
        kept.remove(key, failed);
    }

    /** Contexts that there are, or are made. */
    synchronized int size() {
        return kept.size();
    }

    /** Makes no more, and gives back those that there are. */
    void clear() {
        List<CompletableFuture<Made>> gone;
        synchronized (this) {
            ended = true;
            gone = List.copyOf(kept.values());
            kept.clear();
        }
        gone.forEach(ContextCache::drop);
    }

    private static void drop(CompletableFuture<Made> gone) {
        var _ =
                gone.whenComplete(
                        (made, _) -> {
                            if (made != null) {
                                made.context().release();
                            }
                        });
    }

    private static void on(EventLoop loop, Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }
}
