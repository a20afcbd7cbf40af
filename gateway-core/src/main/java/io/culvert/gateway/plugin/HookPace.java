package io.culvert.gateway.plugin;

/**
 * How long the hooks of a chain take of late: whether those that are asked about one flow may wait
 * for those that are asked about another.
 *
 * <p>Threading: any. What two threads say at the same moment may count once.
 */
final class HookPace {
    /** About what it costs to wake a thread: whoever waits longer for another had better not. */
    private static final long QUICK_NANOS = 50_000;

    /** A call counts for so much of what is known of those before. */
    private static final int WEIGHT = 64;

    private volatile long nanos = 2 * QUICK_NANOS;

    /** A call has come back. */
    void took(long elapsedNanos) {
        long before = nanos;
        nanos = before + (elapsedNanos - before) / WEIGHT;
    }

    /** Whether they take next to nothing. */
    boolean isQuick() {
        return nanos < QUICK_NANOS;
    }
}
