package io.culvert.gateway.telemetry;

import io.culvert.flow.FlowKey;
import io.culvert.hook.Reason;

import java.time.Duration;
import java.util.Arrays;

/**
 * Which of the flows refused are recorded: each once, though its initiator tries again and again,
 * and so many in a second. Whoever scans a network past a refusing rule fills no disk by it.
 *
 * <p>A flow that was recorded lately is known by its key's hash, in a table where a newer one takes
 * an older one's place; nobody outside knows the hash, so nobody can hide behind another's.
 *
 * <p>Confined to one worker.
 */
final class RefusalFilter {
    /** Recorded in a second, of one worker's. */
    static final int MOST_PER_SECOND = 500;

    /** For so long the same flow is not recorded again. */
    static final Duration QUIET = Duration.ofSeconds(10);

    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final int SIZE = 4096;

    private final int[] hashes = new int[SIZE];
    private final long[] recordedAt = new long[SIZE];
    private final boolean[] taken = new boolean[SIZE];
    private long second = Long.MIN_VALUE;
    private int recorded;

    /** What becomes of a refusal. */
    enum Fate {
        RECORDED,
        REPEATED,
        TOO_MANY
    }

    Fate of(FlowKey key, Reason reason, long nowNanos) {
        int hash = 31 * key.hashCode() + reason.ordinal();
        int place = (hash ^ hash >>> 16) & (SIZE - 1);
        if (taken[place]
                && hashes[place] == hash
                && nowNanos - recordedAt[place] < QUIET.toNanos()) {
            return Fate.REPEATED;
        }
        long now = Math.floorDiv(nowNanos, SECOND);
        if (now != second) {
            second = now;
            recorded = 0;
        }
        if (recorded >= MOST_PER_SECOND) {
            return Fate.TOO_MANY;
        }
        recorded++;
        taken[place] = true;
        hashes[place] = hash;
        recordedAt[place] = nowNanos;
        return Fate.RECORDED;
    }

    /** One for each worker. */
    static RefusalFilter[] forWorkers(int workers) {
        RefusalFilter[] filters = new RefusalFilter[workers];
        Arrays.setAll(filters, worker -> new RefusalFilter());
        return filters;
    }
}
