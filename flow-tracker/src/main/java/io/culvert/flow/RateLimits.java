package io.culvert.flow;

import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One allowance, and the limiter of everyone who has it.
 *
 * <p>Threading: shared; without locks, but for the first flow of a tenant.
 */
public final class RateLimits {
    private static final int COMMON = -1;

    private static final AtomicInteger LAST = new AtomicInteger();

    /** Who has the allowance for himself. */
    public enum Per {
        /** All the flows together. */
        RULE,
        /** Each tenant. */
        TENANT,
        /** Each tenant's each IPv4 address, and each /64 of IPv6: a host has all of that. */
        SOURCE
    }

    /** What came of asking for a flow more. */
    public sealed interface Admission {
        /** It counts, until {@link Limiter#closed}. */
        record Admitted(Limiter limiter) implements Admission {}

        /** It does not. */
        record Refused(Reason reason) implements Admission {}
    }

    private final int id = LAST.incrementAndGet();
    private final Per per;
    private final Allowance allowance;
    private final SourceLimiters sources;

    /** By tenant; of all flows together, or of sources that find no place, by {@link #COMMON}. */
    private final Map<Integer, Limiter> limiters = new ConcurrentHashMap<>();

    /**
     * @param sources shared with others; {@code null} where it is not per source
     */
    public RateLimits(Per per, Allowance allowance, SourceLimiters sources) {
        this.per = per;
        this.allowance = allowance;
        this.sources = sources;
    }

    /** Whether the tenant may have a flow more from that source; if so it counts. */
    public Admission open(Tenant tenant, long high, long low, long nowNanos) {
        Limiter limiter =
                switch (per) {
                    case RULE -> entered(COMMON, nowNanos);
                    case TENANT -> entered(tenant.id(), nowNanos);
                    case SOURCE ->
                            sources.enter(
                                    id,
                                    tenant.id(),
                                    high,
                                    IpAddress.isIpv4(high, low) ? low : 0,
                                    allowance,
                                    limiter(COMMON, nowNanos),
                                    nowNanos);
                };
        Reason reason = limiter.open(nowNanos);
        return reason == null ? new Admission.Admitted(limiter) : new Admission.Refused(reason);
    }

    /**
     * Why {@link #open} would refuse now; {@code null} where it would not. Nothing is counted, and
     * no limiter is made.
     */
    public Reason obstacle(Tenant tenant, long high, long low, long nowNanos) {
        Limiter limiter =
                switch (per) {
                    case RULE -> limiters.get(COMMON);
                    case TENANT -> limiters.get(tenant.id());
                    case SOURCE ->
                            sources.peek(
                                    id,
                                    tenant.id(),
                                    high,
                                    IpAddress.isIpv4(high, low) ? low : 0,
                                    limiters.get(COMMON),
                                    nowNanos);
                };
        // A new one lets the first flow pass.
        return limiter == null ? null : limiter.obstacle(nowNanos);
    }

    private Limiter entered(int who, long nowNanos) {
        Limiter limiter = limiter(who, nowNanos);
        // Never retired.
        boolean unused = limiter.enter();
        return limiter;
    }

    private Limiter limiter(int who, long nowNanos) {
        Limiter known = limiters.get(who);
        return known != null
                ? known
                : limiters.computeIfAbsent(who, _ -> new Limiter(allowance, nowNanos));
    }
}
