package io.culvert.upgrade;

import io.culvert.flow.KeyedHash;
import io.culvert.flow.NanoClock;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * How many ICMP errors may be sent: RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 (f).
 *
 * <p>Two limits as Linux has them (ip-sysctl: icmp_msgs_per_sec, icmp_msgs_burst, icmp_ratelimit).
 * One is on all errors together; by how much an error uses it up is random, because from a limit
 * that is exact somebody who may spoof sources can read whether another was sent an error (CVE
 * 2020-25705). The other is on errors of our own to one target, so that nobody can have us send
 * much to a source that is not theirs. Targets that share one of {@value #TARGETS} buckets, which
 * nobody can choose, share its limit.
 *
 * <p>Each bucket is kept as the time at which it will be full again. Confined to one worker.
 */
final class ErrorRate {
    private static final int PER_SECOND = 1_000;
    private static final int AT_ONCE = 50;
    private static final int AT_ONCE_TO_TARGET = 6;
    private static final int TARGETS = 4_096;
    private static final long SECOND = 1_000_000_000L;

    private final NanoClock clock;
    private final RandomGenerator random;
    private final long nanosPerError;
    private final long[] targets = new long[TARGETS];
    private long fullAtNanos;

    /**
     * @param workers who share the limit, each of them having a part
     */
    ErrorRate(NanoClock clock, RandomGenerator random, int workers) {
        this.clock = clock;
        this.random = random;
        nanosPerError = SECOND / PER_SECOND * workers;
        fullAtNanos = clock.nanoTime();
        Arrays.fill(targets, fullAtNanos);
    }

    /** Whether one more may be sent; if so it counts. */
    boolean allows() {
        long now = clock.nanoTime();
        long fullAt = Math.max(fullAtNanos, now);
        if (fullAt - now > (AT_ONCE - 1) * nanosPerError) {
            return false;
        }
        // From half to one and a half of the usual.
        fullAtNanos = fullAt + nanosPerError / 2 + random.nextLong(nanosPerError);
        return true;
    }

    /** The same, and whether that target may have one more. */
    boolean allows(long high, long low) {
        int target = KeyedHash.of(high, low, 0, 0, 0) & (TARGETS - 1);
        long now = clock.nanoTime();
        long fullAt = Math.max(targets[target], now);
        if (fullAt - now > (AT_ONCE_TO_TARGET - 1) * SECOND || !allows()) {
            return false;
        }
        targets[target] = fullAt + SECOND;
        return true;
    }
}
