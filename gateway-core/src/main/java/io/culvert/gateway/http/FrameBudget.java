package io.culvert.gateway.http;

/**
 * How many frames of a kind a client may send: so many at once, and then so many a second.
 *
 * <p>Confined to its connection's loop.
 */
final class FrameBudget {
    private static final long SECOND = 1_000_000_000L;

    private final long burst;
    private final long perSecond;
    private long left;
    private long filledNanos;

    /**
     * Of requests that are cancelled (CVE-2023-44487) or broken off for the client's error. Within
     * Netty's own limit of 200 in 30 seconds, which would tell no reason.
     */
    static FrameBudget ofResets(long nowNanos) {
        return new FrameBudget(100, 3, nowNanos);
    }

    /** Of frames that ask for work and carry nothing: PING, SETTINGS, PRIORITY. */
    static FrameBudget ofControl(long nowNanos) {
        return new FrameBudget(1000, 100, nowNanos);
    }

    FrameBudget(long burst, long perSecond, long nowNanos) {
        this.burst = burst;
        this.perSecond = perSecond;
        left = burst;
        filledNanos = nowNanos;
    }

    /** Whether one more is within it. */
    boolean take(long nowNanos) {
        long seconds = (nowNanos - filledNanos) / SECOND;
        if (seconds > 0) {
            left = Math.min(burst, left + seconds * perSecond);
            filledNanos += seconds * SECOND;
        }
        return --left >= 0;
    }
}
