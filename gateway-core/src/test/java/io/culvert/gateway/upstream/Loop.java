package io.culvert.gateway.upstream;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.Future;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A real event loop for tests. */
public final class Loop implements AutoCloseable {
    /** Beyond any that a busy machine needs. */
    private static final long PATIENCE_SECONDS = 30;

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final EventLoop loop = group.next();

    public EventLoop loop() {
        return loop;
    }

    /** What a call on the loop comes to, in the end. */
    public <T> Future<T> begin(Callable<Future<T>> call) throws Exception {
        CompletableFuture<Future<T>> begun = new CompletableFuture<>();
        loop.execute(
                () -> {
                    try {
                        begun.complete(call.call());
                    } catch (Exception e) {
                        begun.completeExceptionally(e);
                    }
                });
        Future<T> done = begun.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("nothing came of it");
        }
        return done;
    }

    /** Waits until it is so. */
    public static void eventually(String what, BooleanSupplier condition)
            throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end >= 0) {
                throw new AssertionError("never: " + what);
            }
            Thread.sleep(5);
        }
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
