package io.culvert.gateway.http;

import io.culvert.linux.TcpInfo;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What connections of one loop share: its clock, who has written something, who may take too long.
 *
 * <p>Nobody flushes on his own. Whoever is told something by the kernel first has everybody write,
 * and then calls {@link #flush}: one system call for each connection that was written to, however
 * many pieces it got.
 *
 * <p>Times are looked at a few times a second for all connections, instead of a timer for each
 * request.
 *
 * <p>Confined to its loop.
 */
final class HttpLoop {
    private static final long SWEEP_MILLIS = 200;

    /** What is waited for on the network has as long between two slices of a sweep. */
    private static final long SLICE_NANOS = 1_000_000;

    /** Handshakes of QUIC at once beyond which clients are asked whether they exist. */
    private static final int MANY_HANDSHAKES = 64;

    private final EventLoop loop;
    private final LongSupplier clock;
    private final Set<Link> links = new LinkedHashSet<>();
    private final ArrayDeque<Link> written = new ArrayDeque<>();
    private final ArrayDeque<Link> swept = new ArrayDeque<>();
    private final TcpInfo tcpInfo = new TcpInfo();
    private boolean sweeping;
    private boolean draining;
    private long tickNanos;
    private int handshakes;

    HttpLoop(EventLoop loop, LongSupplier clock) {
        this.loop = loop;
        this.clock = clock;
        tickNanos = clock.getAsLong();
    }

    EventLoop eventLoop() {
        return loop;
    }

    ByteBufAllocator allocator() {
        return ByteBufAllocator.DEFAULT;
    }

    long now() {
        return clock.getAsLong();
    }

    /** The time, a fraction of a second old at most. */
    long tick() {
        return tickNanos;
    }

    /** For whoever wants to know something of a connection now. */
    TcpInfo tcpInfo() {
        return tcpInfo;
    }

    boolean isDraining() {
        return draining;
    }

    void add(Link link) {
        links.add(link);
        if (!sweeping) {
            sweeping = true;
            tickNanos = clock.getAsLong();
            schedule();
        }
    }

    void remove(Link link) {
        links.remove(link);
    }

    /** A client's handshake of QUIC is under way. */
    void handshakeBegins() {
        handshakes++;
    }

    /** One less is, whatever came of it. */
    void handshakeEnds() {
        handshakes--;
    }

    boolean hasManyHandshakes() {
        return handshakes >= MANY_HANDSHAKES;
    }

    int links() {
        return links.size();
    }

    private void schedule() {
        Future<?> _ = loop.schedule(this::turn, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Looks at every connection's times. */
    private void turn() {
        tickNanos = clock.getAsLong();
        swept.addAll(links);
        slice();
    }

    /** A slice of that: a thousand who are late at once must not keep the others waiting. */
    private void slice() {
        long begun = System.nanoTime();
        try {
            for (Link link; (link = swept.poll()) != null; ) {
                // It may have gone, or to another loop, since the turn began.
                if (links.contains(link)) {
                    link.sweep(tickNanos);
                    if (System.nanoTime() - begun > SLICE_NANOS) {
                        break;
                    }
                }
            }
            flush();
        } finally {
            if (!swept.isEmpty()) {
                Future<?> _ = loop.schedule(this::slice, SLICE_NANOS, TimeUnit.NANOSECONDS);
            } else if (links.isEmpty()) {
                sweeping = false;
            } else {
                schedule();
            }
        }
    }

    /** From now on every connection ends as soon as it may. */
    void drain() {
        draining = true;
        List.copyOf(links).forEach(Link::drain);
        flush();
    }

    /** The connection, which had not written anything since the last flush, has. */
    void written(Link link) {
        written.add(link);
    }

    void flush() {
        // Flushing may have somebody write, since a slow side becomes writable again, and may come
        // here again from within: whoever has written stays in the row until it is his turn.
        for (Link link; (link = written.poll()) != null; ) {
            link.flushNow();
        }
    }
}
