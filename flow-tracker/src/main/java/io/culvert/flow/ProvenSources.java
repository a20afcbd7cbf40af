package io.culvert.flow;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Who has shown lately that what is sent to it arrives, so that its address is not forged.
 *
 * <p>A source shows it by finishing a TCP handshake. Where there is a flood of SYNs it is asked to
 * by a <em>challenge</em>: an acknowledgment of a number that nobody can guess. A host that has
 * just sent a SYN resets what acknowledges something else, under exactly this number (RFC 9293
 * section 3.10.7.3 and figure 10), and sends its SYN again: Linux within two ticks of its clock,
 * every other TCP after its retransmission time-out. Nothing is kept of those who do not answer.
 *
 * <p>The proven are remembered for {@value #REMEMBERED_SECONDS} s in {@value #PLACES} places; two
 * sources of one place, which nobody can choose, take turns in it.
 *
 * <p>Threading: shared, without locks; a proof that another overwrites is asked for again.
 */
public final class ProvenSources {
    private static final int PLACES = 1 << 16;
    private static final int REMEMBERED_SECONDS = 600;
    private static final long SECOND = 1_000_000_000L;

    /** A challenge may be answered until the second epoch after its own begins. */
    private static final long EPOCH = 64 * SECOND;

    // What the hash is of, so that one says nothing of another.
    private static final long PLACE = 1;
    private static final long MARK = 2;
    private static final long CHALLENGE = 3;

    private final long startNanos;

    /** Upper half: which source; lower half: when, in seconds from 1 at the start. */
    private final AtomicLongArray places = new AtomicLongArray(PLACES);

    ProvenSources(long nowNanos) {
        startNanos = nowNanos;
    }

    /** The source of that flow, of that tenant, is no forged one. */
    void proven(FlowKey key, long nowNanos) {
        places.set(place(key), mark(key) << 32 | seconds(nowNanos));
    }

    /** Whether the source of that flow has shown itself lately. */
    public boolean areProven(FlowKey key, long nowNanos) {
        long held = places.get(place(key));
        return held >>> 32 == mark(key)
                && seconds(nowNanos) - (int) held <= REMEMBERED_SECONDS
                && held != 0;
    }

    /** What to acknowledge to the sender of a SYN. */
    public int challenge(FlowKey key, long nowNanos) {
        return numberOf(key, epoch(nowNanos));
    }

    /**
     * Takes a reset that belongs to no flow.
     *
     * @return whether it answers a challenge, and its source is proven now
     */
    public boolean answered(FlowKey key, int sequenceNumber, long nowNanos) {
        long epoch = epoch(nowNanos);
        if (sequenceNumber != numberOf(key, epoch) && sequenceNumber != numberOf(key, epoch - 1)) {
            return false;
        }
        proven(key, nowNanos);
        return true;
    }

    private static int numberOf(FlowKey key, long epoch) {
        return KeyedHash.of(key.hashCode(), epoch, 0, 0, CHALLENGE);
    }

    private long epoch(long nowNanos) {
        return (nowNanos - startNanos) / EPOCH;
    }

    private int seconds(long nowNanos) {
        return (int) ((nowNanos - startNanos) / SECOND) + 1;
    }

    private static int place(FlowKey key) {
        return of(key, PLACE) & (PLACES - 1);
    }

    private static long mark(FlowKey key) {
        return of(key, MARK) & 0xffff_ffffL;
    }

    private static int of(FlowKey key, long purpose) {
        return KeyedHash.of(key.sourceHigh(), key.sourceLow(), key.tenant(), 0, purpose);
    }
}
