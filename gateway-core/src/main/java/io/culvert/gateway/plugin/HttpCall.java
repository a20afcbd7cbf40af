package io.culvert.gateway.plugin;

import io.culvert.hook.Reason;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/**
 * One call of a plugin's HTTP hook, on a virtual thread of its own, within the plugin's deadline.
 * One that is too late is interrupted and left behind, as of every other hook.
 *
 * <p>Threading: any.
 */
final class HttpCall<T> {
    private final LoadedPlugin plugin;
    private final HookChain chain;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final AtomicBoolean back = new AtomicBoolean();

    private HttpCall(LoadedPlugin plugin, HookChain chain) {
        this.plugin = plugin;
        this.chain = chain;
    }

    /**
     * Calls.
     *
     * @param chain that the plugin is of; held by the caller
     * @param taker gets the answer or the reason why there is none, once, on any thread
     */
    static <T> void call(
            LoadedPlugin plugin, HookChain chain, Callable<T> hook, BiConsumer<T, Reason> taker) {
        HookTimes.Figures figures = plugin.times().of(HookTimes.Hook.HTTP);
        boolean held = chain.retain();
        if (!held || !plugin.enter()) {
            if (held) {
                chain.release();
            }
            figures.failed();
            taker.accept(null, Reason.HOOK_OVERLOAD);
            return;
        }
        HttpCall<T> call = new HttpCall<>(plugin, chain);
        Thread thread = Thread.ofVirtual().name("http hook").unstarted(() -> call.run(hook));
        CompletableFuture<Object> deadline =
                new CompletableFuture<>()
                        .completeOnTimeout(
                                true, plugin.entry().deadline().toNanos(), TimeUnit.NANOSECONDS);
        var _ = deadline.thenRun(() -> call.expire(thread));
        var _ =
                call.result.whenComplete(
                        (answer, failure) -> {
                            boolean _ = deadline.cancel(false);
                            taker.accept(answer, failure == null ? null : reason(failure));
                        });
        thread.start();
    }

    private static Reason reason(Throwable failure) {
        return failure instanceof TimeoutException ? Reason.HOOK_TIMEOUT : Reason.HOOK_FAILED;
    }

    @SuppressWarnings("CatchAndPrintStackTrace") // A plugin may throw whatever it likes.
    private void run(Callable<T> hook) {
        HookTimes.Figures figures = plugin.times().of(HookTimes.Hook.HTTP);
        Thread thread = Thread.currentThread();
        long start = System.nanoTime();
        try {
            thread.setContextClassLoader(plugin.loader());
            T answer = hook.call();
            if (answer == null) {
                throw new PluginException("it answered null");
            }
            boolean _ = result.complete(answer);
        } catch (Throwable e) {
            figures.failed();
            plugin.failures().say(HookTimes.Hook.HTTP, e);
            boolean _ = result.completeExceptionally(e);
        } finally {
            thread.setContextClassLoader(null);
            figures.took(System.nanoTime() - start);
            plugin.leave();
            back.set(true);
            // It may have been given up after it had left.
            plugin.back(thread);
            chain.release();
        }
    }

    private void expire(Thread thread) {
        if (!result.completeExceptionally(new TimeoutException())) {
            return;
        }
        plugin.times().of(HookTimes.Hook.HTTP).timedOut();
        plugin.giveUp(thread);
        if (back.get()) {
            plugin.back(thread);
        } else {
            thread.interrupt();
        }
    }
}
