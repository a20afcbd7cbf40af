package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.flow.NanoClock;
import io.culvert.flow.Throttle;

/**
 * What bytes cost of a connection that has no packets, where a rule has a rate. Nothing of a
 * connection may be dropped: what has passed is owed, and whoever owes reads no more until that is
 * paid, so that the kernel slows the sender down.
 *
 * <p>Confined to the worker that owns the flow.
 */
public final class Toll {
    /** After how many milliseconds whoever owes asks again. */
    public static final int PATIENCE_MILLIS = 20;

    /** What every limit lets pass at once, so that the rest is not paid after it was spent. */
    private static final int PART = 64 * 1024;

    private final Flow flow;
    private final NanoClock clock;
    private long owed;

    private Toll(Flow flow, NanoClock clock) {
        this.flow = flow;
        this.clock = clock;
    }

    /** {@code null} where packets pay. */
    static Toll of(Flow flow, NanoClock clock) {
        return flow.key().connection() == 0 ? null : new Toll(flow, clock);
    }

    /** So many bytes have passed. */
    public void owe(int bytes) {
        owed += bytes;
    }

    /** Whether more may pass. */
    public boolean isPaid() {
        Throttle throttle = flow.throttle();
        if (owed == 0 || throttle == null) {
            owed = 0;
            return true;
        }
        long now = clock.nanoTime();
        while (owed > 0) {
            int part = (int) Math.min(owed, PART);
            if (throttle.pass(0, part, now) != null) {
                return false;
            }
            owed -= part;
        }
        return true;
    }
}
