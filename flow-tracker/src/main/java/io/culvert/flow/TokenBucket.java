package io.culvert.flow;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets so many units pass in a second, and a burst of them at once.
 *
 * <p>Kept as the time at which all of the burst may be used again (the generic cell rate algorithm,
 * ITU-T I.371), in sixteenths of a nanosecond: at 10 GB/s a byte is more than one of them, and a
 * bucket may lie unused for nine years. Threading: shared, without locks.
 */
final class TokenBucket {
    private static final int SHIFT = 4;
    private static final long SECOND = 1_000_000_000L << SHIFT;

    private final long perSecond;
    private final long burst;
    private final AtomicLong fullAt;

    /**
     * @param perSecond at least 1
     * @param burst in units, at least 1
     */
    TokenBucket(long perSecond, long burst, long nowNanos) {
        this.perSecond = perSecond;
        this.burst = time(burst);
        fullAt = new AtomicLong(nowNanos << SHIFT);
    }

    /** How long so many units take. */
    private long time(long units) {
        // In doubles, for a long would not hold the product of a great burst.
        return Math.max(1, (long) ((double) SECOND / perSecond * units));
    }

    /**
     * Whether so many may pass now; if so they count. More than the burst pass where nothing was
     * used, and are paid for afterwards.
     */
    boolean take(long units, long nowNanos) {
        long now = nowNanos << SHIFT;
        long cost = time(units);
        while (true) {
            long before = fullAt.get();
            long used = Math.max(0, before - now);
            if (used > 0 && used + cost > burst) {
                return false;
            }
            if (fullAt.compareAndSet(before, now + used + cost)) {
                return true;
            }
        }
    }

    /** Whether {@link #take} would let so many pass; nothing is counted. */
    boolean wouldTake(long units, long nowNanos) {
        long used = Math.max(0, fullAt.get() - (nowNanos << SHIFT));
        return used == 0 || used + time(units) <= burst;
    }

    /** Units that were taken have not passed after all. */
    void giveBack(long units) {
        fullAt.getAndAdd(-time(units));
    }

    /** Whether all of the burst may be used, as if nothing had ever passed. */
    boolean isFull(long nowNanos) {
        return fullAt.get() - (nowNanos << SHIFT) <= 0;
    }
}
