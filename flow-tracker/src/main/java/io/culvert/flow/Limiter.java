package io.culvert.flow;

import io.culvert.hook.Reason;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What one holder has used of its {@link Allowance}: a tenant, a source, or all flows of a rule.
 *
 * <p>Threading: shared, without locks.
 */
public final class Limiter implements Throttle {
    /** Far from what any number of threads could count it up to. */
    private static final int RETIRED = Integer.MIN_VALUE / 2;

    private final int mostFlows;
    private final AtomicInteger flows = new AtomicInteger();

    // Null where there is no limit.
    private final TokenBucket opened;
    private final TokenBucket packets;
    private final TokenBucket bytes;

    /** For flows that are opened elsewhere, or for one alone. */
    public Limiter(Allowance allowance, long nowNanos) {
        mostFlows = allowance.flows();
        int perSecond = allowance.flowsPerSecond();
        opened = perSecond == 0 ? null : new TokenBucket(perSecond, perSecond, nowNanos);
        packets = bucket(allowance.packetsPerSecond(), Allowance.LEAST_PACKETS, nowNanos);
        bytes = bucket(allowance.bytesPerSecond(), Allowance.LEAST_BYTES, nowNanos);
    }

    private static TokenBucket bucket(long perSecond, long leastBurst, long nowNanos) {
        return perSecond == 0
                ? null
                : new TokenBucket(perSecond, Math.max(perSecond, leastBurst), nowNanos);
    }

    /** Flows that live. */
    public int flows() {
        return Math.max(0, flows.get());
    }

    /**
     * Counts a flow more, unless nobody may use this any more: then it is to be asked for again.
     */
    boolean enter() {
        if (flows.incrementAndGet() > 0) {
            return true;
        }
        flows.decrementAndGet();
        return false;
    }

    /**
     * Whether the flow that has just entered may be opened; where not, it has left.
     *
     * @return {@code null}, or why not
     */
    Reason open(long nowNanos) {
        Reason reason = null;
        if (mostFlows > 0 && flows.get() > mostFlows) {
            reason = Reason.RATE_FLOWS;
        } else if (opened != null && !opened.take(1, nowNanos)) {
            reason = Reason.RATE_FLOWS_PER_SECOND;
        }
        if (reason != null) {
            closed();
        }
        return reason;
    }

    /** Why no flow more may be opened; {@code null} where one may. Nothing is counted. */
    Reason obstacle(long nowNanos) {
        if (mostFlows > 0 && flows.get() >= mostFlows) {
            return Reason.RATE_FLOWS;
        }
        return opened == null || opened.wouldTake(1, nowNanos)
                ? null
                : Reason.RATE_FLOWS_PER_SECOND;
    }

    @Override
    public void closed() {
        flows.decrementAndGet();
    }

    @Override
    public Reason pass(int packets, int bytes, long nowNanos) {
        if (this.bytes != null && !this.bytes.take(bytes, nowNanos)) {
            return Reason.RATE_BYTES;
        }
        if (this.packets != null && !this.packets.take(packets, nowNanos)) {
            if (this.bytes != null) {
                this.bytes.giveBack(bytes);
            }
            return Reason.RATE_PACKETS;
        }
        return null;
    }

    /**
     * Lets nobody use this any more, if it has no flow and a new one would allow no more than this
     * one does.
     */
    boolean retire(long nowNanos) {
        return isUnused(nowNanos) && flows.compareAndSet(0, RETIRED);
    }

    /** Whether {@link #retire} would. */
    boolean couldRetire(long nowNanos) {
        return isUnused(nowNanos) && flows.get() == 0;
    }

    private boolean isUnused(long nowNanos) {
        return isFull(opened, nowNanos) && isFull(packets, nowNanos) && isFull(bytes, nowNanos);
    }

    boolean isRetired() {
        return flows.get() < 0;
    }

    private static boolean isFull(TokenBucket bucket, long nowNanos) {
        return bucket == null || bucket.isFull(nowNanos);
    }
}
