package io.culvert.upgrade;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A worker's event loop, as the gateway makes it. */
final class Loop implements AutoCloseable {
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(
                    1, new DefaultThreadFactory("loop", true), EpollIoHandler.newFactory());

    final List<Throwable> failures = new CopyOnWriteArrayList<>();
    final Poller poller = new Poller(group.next(), failures::add);

    Loop() throws Exception {
        // The loop opens its own descriptors with its first task.
        run(() -> {});
    }

    /** Something that may fail. */
    interface Task {
        void run() throws Exception;
    }

    <T> T call(Callable<T> task) throws Exception {
        CompletableFuture<T> answer = new CompletableFuture<>();
        poller.execute(
                () -> {
                    try {
                        answer.complete(task.call());
                    } catch (Exception | AssertionError e) {
                        answer.completeExceptionally(e);
                    }
                });
        return answer.get(PATIENCE_NANOS, TimeUnit.NANOSECONDS);
    }

    void run(Task task) throws Exception {
        Object unused =
                call(
                        () -> {
                            task.run();
                            return this;
                        });
    }

    /** Waits until a condition, asked on the loop again and again, is true. */
    void await(Callable<Boolean> condition) throws Exception {
        long start = System.nanoTime();
        while (!call(condition)) {
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                throw new AssertionError("it does not come true");
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
