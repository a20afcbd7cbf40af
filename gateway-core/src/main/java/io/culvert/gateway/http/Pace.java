package io.culvert.gateway.http;

import java.util.function.LongSupplier;

/**
 * Whether somebody moves on while he alone is waited for: he is measured from when the waiting
 * began, for a while, then for another. What he did before does not count, or a fast beginning
 * would be credit for a long rest.
 *
 * <p>Confined to its loop.
 */
final class Pace {
    private final MinimumRate least;
    private final long periodNanos;
    private boolean measured;
    private long since;
    private long mark;

    Pace(MinimumRate least) {
        this.least = least;
        periodNanos = least.time().toNanos();
    }

    /** He is not waited for. */
    void rest() {
        measured = false;
    }

    /**
     * He is waited for; whether for too long by now.
     *
     * @param moved tells how many bytes he has moved; asked at the beginning and end of each while
     */
    boolean isTooSlow(long nowNanos, LongSupplier moved) {
        if (least.bytes() == 0) {
            return false;
        }
        long elapsed = nowNanos - since;
        if (measured && elapsed < periodNanos) {
            return false;
        }
        long now = moved.getAsLong();
        // Bytes a second times nanoseconds, in floating point since it may be beyond a long.
        boolean slow = measured && (now - mark) * 1e9 < (double) least.bytes() * elapsed;
        measured = true;
        since = nowNanos;
        mark = now;
        return slow;
    }
}
