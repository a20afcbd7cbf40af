package io.culvert.upgrade;

import io.culvert.hook.Reason;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.PipePool;

import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Joins two stream sockets so that what one sends the other receives, both ways, until both have
 * ended.
 *
 * <p><b>Theory of operation.</b> Each direction is a small machine of its own:
 *
 * <pre>
 *   FLOWING --end of input--> DRAINING --pipe empty, shutdown(2) passed on--> ENDED
 *      any state --reset or error on either socket--> both sockets are reset, the splice is over
 * </pre>
 *
 * <p>A direction begins by copying through one buffer that all splices of a worker share: short
 * exchanges, which most connections are, need no pipe and two calls. When a read fills the buffer,
 * or the other side takes less than was read, the direction gets a pipe and moves pages with
 * splice(2) instead, and gives the pipe back once its input comes in thin. So an idle connection
 * holds two descriptors and no buffer.
 *
 * <p>Back-pressure is the kernel's: nothing is read while the other side takes nothing, so the
 * sender's window closes. Sockets are watched edge-triggered, once; "may be readable" and "may be
 * writable" are remembered between events. A direction gives way to others after a megabyte.
 *
 * <p>Confined to one worker.
 */
public final class Splicer implements AutoCloseable {
    /** Also the most that one copy moves. */
    static final int BUFFER = 64 * 1024;

    private static final int IDLE_PIPES = 64;

    /** What a socket that is joined, or is to be, is watched for. */
    static final int EVENTS =
            Poller.IN | Poller.OUT | Poller.PEER_CLOSED | Poller.URGENT | Poller.EDGE;

    private final Poller poller;
    private final Shared shared;
    private final ByteBuffer noLinger = NativeMemory.allocateNative(8).putInt(0, 1);
    private final Set<Splice> halfClosed = new LinkedHashSet<>();
    private int live;

    /** What all splices of a worker use in turn. */
    static final class Shared {
        final PipePool pipes;
        final ByteBuffer buffer = NativeMemory.allocate(BUFFER);
        final long bufferAddress = NativeMemory.address(buffer);

        private Shared(PipePool pipes) {
            this.pipes = pipes;
        }
    }

    /**
     * Makes a splicer that opens nothing yet.
     *
     * @param pipeCapacity bytes that a busy direction holds at most
     */
    public Splicer(Poller poller, int pipeCapacity) {
        this.poller = poller;
        shared = new Shared(new PipePool(pipeCapacity, IDLE_PIPES));
    }

    /**
     * Told once when a splice is over. Both sockets are still open, for a last look, and closed
     * when this returns.
     */
    @FunctionalInterface
    public interface Done {
        /**
         * @param reason {@link Reason#FINISHED}, or who reset it, or why it was cut
         */
        void done(Splice splice, Reason reason);
    }

    /** From now on a direction that becomes busy holds so many bytes at most. */
    public void pipeCapacity(int bytes) {
        shared.pipes.capacity(bytes);
    }

    /** Splices alive. */
    public int live() {
        return live;
    }

    /** Pipes open, in use or waiting to be. */
    public int pipes() {
        return shared.pipes.open();
    }

    /**
     * Joins two connected, non-blocking sockets and owns them from now on.
     *
     * @param initiatorWatch what waits on the initiator's socket already, or {@code null}
     * @param targetWatch the same of the target's
     */
    public Splice join(
            int initiator,
            Poller.Watch initiatorWatch,
            int target,
            Poller.Watch targetWatch,
            long nowNanos,
            Done done) {
        return join(initiator, initiatorWatch, target, targetWatch, nowNanos, () -> null, done);
    }

    /**
     * The same where bytes cost something.
     *
     * @param tolls gives what a direction pays
     */
    Splice join(
            int initiator,
            Poller.Watch initiatorWatch,
            int target,
            Poller.Watch targetWatch,
            long nowNanos,
            Supplier<Toll> tolls,
            Done done) {
        Splice splice = new Splice(this, shared, initiator, target, tolls, done);
        live++;
        splice.start(initiatorWatch, targetWatch, nowNanos);
        return splice;
    }

    /** Ends splices of which one side has closed and nothing has moved for {@code limitNanos}. */
    public void expireHalfClosed(long nowNanos, long limitNanos) {
        // What expires leaves the set meanwhile.
        for (Splice splice : List.copyOf(halfClosed)) {
            splice.expire(nowNanos, limitNanos);
        }
    }

    /** Frees the pipes; every splice must be over. */
    @Override
    public void close() {
        shared.pipes.close();
    }

    Poller poller() {
        return poller;
    }

    /** Splices of which one side has closed. */
    Set<Splice> halfClosed() {
        return halfClosed;
    }

    /** The address of a {@code struct linger} that says: at once, with a reset. */
    long noLinger() {
        return NativeMemory.address(noLinger);
    }

    /** One splice less. */
    void over() {
        live--;
    }
}
