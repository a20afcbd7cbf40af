package io.culvert.upgrade;

import io.culvert.flow.NanoClock;
import io.culvert.linux.NativeMemory;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;

/**
 * One worker's connections that handlers have, and what these use in turn.
 *
 * <p>Confined to the worker, but for {@link #run}.
 */
final class Handlers {
    /**
     * How long a side that its handler has left is kept for the peer's end. A socket that is closed
     * with input unread, or gets some afterwards, answers with a reset, and a reset may take from
     * the peer what was written last (RFC 1122 section 4.2.2.13).
     */
    private static final long LINGER_NANOS = Duration.ofSeconds(5).toNanos();

    private static final int BUFFER = 64 * 1024;

    private final Poller poller;
    private final Splicer splicer;
    private final LastLook lastLook;
    private final NanoClock clock;
    private final ByteBuffer discarded = NativeMemory.allocate(BUFFER);

    /** Those that their handlers have left, the eldest first. */
    private final Set<Leaving> closing = new LinkedHashSet<>();

    private int live;

    /** A connection that its handler has left, and that waits for its peers' ends. */
    interface Leaving {
        /** Ends it where its peers have had their time; whether they had. */
        boolean expire(long nowNanos);
    }

    Handlers(Poller poller, Splicer splicer, LastLook lastLook, NanoClock clock) {
        this.poller = poller;
        this.splicer = splicer;
        this.lastLook = lastLook;
        this.clock = clock;
    }

    /** Connections that have not ended. */
    int live() {
        return live;
    }

    /** One more of them. */
    void begun() {
        live++;
    }

    /** One less. */
    void over(Leaving joint) {
        live--;
        closing.remove(joint);
    }

    /** A handler has left its connection. */
    void closing(Leaving joint) {
        closing.add(joint);
    }

    /** When a connection that its handler leaves now is to be ended. */
    long deadline() {
        return now() + LINGER_NANOS;
    }

    /** Ends those whose peers have been waited for long enough; called now and then. */
    void expire() {
        // What expires leaves the set meanwhile.
        for (Leaving joint : List.copyOf(closing)) {
            if (!joint.expire(now())) {
                return;
            }
        }
    }

    /** Has something done on the worker: now where this is it, else soon. */
    void run(Runnable command) {
        if (poller.inLoop()) {
            command.run();
            return;
        }
        try {
            poller.execute(command);
        } catch (RejectedExecutionException workerHasEnded) {
            // It has ended every flow before, and with it what this was about.
        }
    }

    Poller poller() {
        return poller;
    }

    LastLook lastLook() {
        return lastLook;
    }

    Splicer splicer() {
        return splicer;
    }

    long now() {
        return clock.nanoTime();
    }

    /** Where bytes are read to that nobody wants. */
    long discardAddress() {
        return NativeMemory.address(discarded);
    }

    int discardLength() {
        return BUFFER;
    }
}
