package io.culvert.gateway.upstream;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Happy eyeballs, version 2 (RFC 8305 section 5): one attempt after another, the next one when the
 * last has failed or has had its time, and the first that succeeds ends all others.
 *
 * <p>Threading: an instance is for one connection, on its event loop.
 */
final class HappyEyeballs {
    /** RFC 8305 section 5: Connection Attempt Delay, the recommended value. */
    static final long DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final EventLoop loop;
    private final Deque<InetSocketAddress> waiting;
    private final Function<InetSocketAddress, ChannelFuture> attempt;
    private final Promise<Channel> result;
    private final List<ChannelFuture> open = new ArrayList<>();
    private Future<?> next;
    private Throwable failure;

    private HappyEyeballs(
            EventLoop loop,
            List<InetSocketAddress> addresses,
            Function<InetSocketAddress, ChannelFuture> attempt) {
        this.loop = loop;
        this.waiting = new ArrayDeque<>(AddressOrder.interleaved(addresses));
        this.attempt = attempt;
        result = loop.newPromise();
    }

    /**
     * Connects; to be called on the loop.
     *
     * @param addresses of one server, the best first; not empty
     * @param attempt begins to connect to one of them, by a channel of the same loop
     * @return the channel that was connected first, or the failure of the first attempt that
     *     failed; cancelling ends all attempts
     */
    static Future<Channel> connect(
            EventLoop loop,
            List<InetSocketAddress> addresses,
            Function<InetSocketAddress, ChannelFuture> attempt) {
        HappyEyeballs eyeballs = new HappyEyeballs(loop, addresses, attempt);
        eyeballs.result.addListener(_ -> eyeballs.endOthers());
        eyeballs.tryNext();
        return eyeballs.result;
    }

    private void tryNext() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
        if (result.isDone()) {
            return;
        }
        InetSocketAddress address = waiting.poll();
        if (address == null) {
            if (open.isEmpty()) {
                result.tryFailure(failure);
            }
            return;
        }
        ChannelFuture begun = attempt.apply(address);
        open.add(begun);
        if (!waiting.isEmpty()) {
            next = loop.schedule(this::tryNext, DELAY_NANOS, TimeUnit.NANOSECONDS);
        }
        // Last, since it may be done by now.
        begun.addListener(_ -> ended(begun));
    }

    private void ended(ChannelFuture attempt) {
        open.remove(attempt);
        if (attempt.isSuccess()) {
            if (!result.trySuccess(attempt.channel())) {
                ChannelFuture unused = attempt.channel().close();
            }
        } else if (!result.isDone()) {
            // That of the address that was preferred says most.
            failure = failure == null ? attempt.cause() : failure;
            tryNext();
        }
    }

    private void endOthers() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
        waiting.clear();
        // Closing fails the connect, which takes it from the list.
        for (ChannelFuture one : List.copyOf(open)) {
            ChannelFuture unused = one.channel().close();
        }
    }
}
