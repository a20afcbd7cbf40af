package io.culvert.flow;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many flows may be opened in a second, up to a second's worth of them at once.
 *
 * <p>Kept as the time at which all of it may be used again (the generic cell rate algorithm, ITU-T
 * I.371). Threading: shared.
 */
final class FlowRate {
    private static final long SECOND = 1_000_000_000L;

    private static final long NEVER_USED = Long.MIN_VALUE;

    private final AtomicLong fullAtNanos = new AtomicLong(NEVER_USED);

    /** Whether one more could be opened now; nothing is counted. */
    boolean wouldAllow(int perSecond, long nowNanos) {
        return used(fullAtNanos.get(), nowNanos) <= SECOND - SECOND / perSecond;
    }

    private static long used(long fullAt, long nowNanos) {
        return fullAt == NEVER_USED ? 0 : Math.max(0, fullAt - nowNanos);
    }

    /** Whether one more may be opened; if so it counts. */
    boolean allows(int perSecond, long nowNanos) {
        long interval = SECOND / perSecond;
        while (true) {
            long fullAt = fullAtNanos.get();
            long used = used(fullAt, nowNanos);
            if (used > SECOND - interval) {
                return false;
            }
            if (fullAtNanos.compareAndSet(fullAt, nowNanos + used + interval)) {
                return true;
            }
        }
    }
}
