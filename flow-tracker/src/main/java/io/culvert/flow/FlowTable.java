package io.culvert.flow;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.Policy.VarExpiration;
import com.github.benmanes.caffeine.cache.RemovalCause;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.TcpHeader;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Every live flow of every tenant.
 *
 * <p><b>Theory of operation.</b> Caffeine stores the flows and expires them by a hierarchical timer
 * wheel, each flow with a duration of its own. Two things differ from an ordinary cache.
 *
 * <p>A look-up is {@linkplain Policy#getIfPresentQuietly quiet}: one hash, one probe, no
 * bookkeeping. An ordinary read would note the access in a buffer, move the entry in the timer
 * wheel and compare-and-set its deadline, for every packet. Instead a packet stores the time in its
 * flow, and the deadline in the cache is moved at most {@value #RENEWALS_PER_TIMEOUT} times per
 * time-out ({@link #seen}). The deadline is always one such step later than the time-out, so a flow
 * is never ended early and at most an eighth of its time-out late. From its deadline on it is not
 * found; that it is handed to {@link Expired} may take another second, the wheel's tick.
 *
 * <p>A flow that something speaks for is never ended for lack of room: RFC 4787 REQ-5 and RFC 5382
 * REQ-5 let it go only when it was silent for its time-out, and {@link #open} refuses instead.
 * Those that {@linkplain UnassuredFlows nothing speaks for} have less time the fuller the table is,
 * as pf and Linux do it: {@link #relieve}.
 *
 * <p>Threading: shared. {@link #find} is wait-free. A flow that expires is handed to its owner's
 * {@link Expired}, because only the owner may release what the flow holds.
 */
public final class FlowTable {
    private static final int RENEWALS_PER_TIMEOUT = 8;
    private static final long NEVER = Long.MAX_VALUE / 4;

    /**
     * How long a TCP connection lives in silence once data was sent three times again in vain. RFC
     * 5382 REQ-5 protects idle connections, and this one is not: a sender that lives goes on trying
     * (RFC 6298 section 5.5), about every two minutes in the end.
     */
    private static final long UNANSWERED = Duration.ofMinutes(5).toNanos();

    /** From this part of the limit on, in percent, unassured flows have less time. */
    private static final int CROWDED = 60;

    /** What an unassured flow has where nothing is crowded, and where the table is full. */
    private static final long PATIENCE = Duration.ofMinutes(4).toNanos();

    private static final long LEAST_PATIENCE = Duration.ofSeconds(10).toNanos();

    /** Flows looked at for each one that is opened: more than come. */
    private static final int LOOKS_PER_OPENING = 4;

    private volatile FlowLimits limits;
    private volatile FlowTimers timers;
    private final NanoClock clock;
    private final FlowListener listener;
    private final Expired expired;
    private final Cache<FlowKey, Flow> flows;
    private final Policy<FlowKey, Flow> policy;
    private final VarExpiration<FlowKey, Flow> expiration;
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicLong lastId = new AtomicLong();
    private final ProvenSources sources;

    /** By worker; each is touched by its own alone. */
    private final UnassuredFlows[] unassured;

    /**
     * Takes flows whose time is over. Called on any worker's thread; hands the flow to its owner,
     * who closes it.
     */
    @FunctionalInterface
    public interface Expired {
        void expired(Flow flow);
    }

    /** What came of an attempt to open a flow. */
    public sealed interface Opening {
        /** The flow is in the table. */
        record Opened(Flow flow) implements Opening {}

        /** Another worker has just opened it and owns it. */
        record Found(Flow flow) implements Opening {}

        /** A limit stands in the way. */
        record Refused(Reason reason) implements Opening {}
    }

    /**
     * @param workers who open flows, numbered from 0
     */
    public FlowTable(
            int workers,
            FlowLimits limits,
            FlowTimers timers,
            NanoClock clock,
            FlowListener listener,
            Expired expired) {
        this.limits = limits;
        this.timers = timers;
        this.clock = clock;
        this.listener = listener;
        this.expired = expired;
        flows =
                Caffeine.newBuilder()
                        .ticker(clock::nanoTime)
                        .executor(Runnable::run)
                        .expireAfter(new TimeoutOfFlow())
                        .removalListener(this::removed)
                        .build();
        policy = flows.policy();
        expiration = policy.expireVariably().orElseThrow();
        sources = new ProvenSources(clock.nanoTime());
        unassured = new UnassuredFlows[workers];
        Arrays.setAll(unassured, worker -> new UnassuredFlows(sources));
    }

    /** The flow of that key, or {@code null}. The key is only read. */
    public Flow find(FlowKey key) {
        return policy.getIfPresentQuietly(key);
    }

    /**
     * Opens a flow for a key that has none.
     *
     * @param key copied
     * @param worker who owns the flow from now on
     */
    public Opening open(FlowKey key, Tenant tenant, int worker, FlowDecision decision) {
        long now = clock.nanoTime();
        relieve(worker, LOOKS_PER_OPENING);
        if (size.incrementAndGet() > limits.flows()) {
            size.decrementAndGet();
            return refused(key, tenant, worker, decision, Reason.TABLE_FULL);
        }
        if (!tenant.claimFlow(limits.flowsPerTenant())) {
            size.decrementAndGet();
            return refused(key, tenant, worker, decision, Reason.TENANT_LIMIT);
        }
        if (!tenant.opens(limits.flowsPerSecondPerTenant(), now)) {
            size.decrementAndGet();
            tenant.releaseFlow();
            return refused(key, tenant, worker, decision, Reason.TENANT_RATE);
        }
        Flow flow = new Flow(key.copy(), tenant, lastId.incrementAndGet(), worker, decision, now);
        flow.renewAtNanos(now + timeout(flow) / RENEWALS_PER_TIMEOUT);
        Flow other = flows.asMap().putIfAbsent(flow.key(), flow);
        if (other != null) {
            size.decrementAndGet();
            tenant.releaseFlow();
            return new Opening.Found(other);
        }
        unassured[worker].add(flow);
        listener.opened(flow);
        return new Opening.Opened(flow);
    }

    private Opening refused(
            FlowKey key, Tenant tenant, int worker, FlowDecision decision, Reason reason) {
        listener.refused(key, tenant, worker, decision.decidedBy(), reason);
        return new Opening.Refused(reason);
    }

    /** Tells whoever listens of a flow that others than this table refuse. */
    public void tellRefused(
            FlowKey key, Tenant tenant, int worker, String decidedBy, Reason reason) {
        listener.refused(key, tenant, worker, decidedBy, reason);
    }

    /** Whether anybody listens. */
    public boolean isHeard() {
        return listener != FlowListener.NONE;
    }

    /**
     * Why {@link #open} would refuse a flow of that tenant now; {@code null} where it would not. A
     * pure question: nothing is counted, and what would give way stays.
     *
     * @param worker who asks, on its own thread
     */
    public Reason obstacle(Tenant tenant, int worker) {
        int live = size.get();
        int ofTenant = tenant.flows();
        UnassuredFlows.Place silent = null;
        for (int i = 0; i < LOOKS_PER_OPENING && isCrowded(live); i++) {
            silent =
                    unassured[worker].peekSilentFor(
                            silent, patience(live), clock.nanoTime(), LOOKS_PER_OPENING);
            if (silent == null) {
                break;
            }
            live--;
            ofTenant -= silent.flow().tenant() == tenant ? 1 : 0;
        }
        if (live >= limits.flows()) {
            return Reason.TABLE_FULL;
        }
        if (ofTenant >= limits.flowsPerTenant()) {
            return Reason.TENANT_LIMIT;
        }
        return tenant.couldOpen(limits.flowsPerSecondPerTenant(), clock.nanoTime())
                ? null
                : Reason.TENANT_RATE;
    }

    /** Whether so much of the limit is used that unassured flows have less time. */
    public boolean isCrowded() {
        return isCrowded(size.get());
    }

    private boolean isCrowded(int live) {
        return live >= (long) limits.flows() * CROWDED / 100;
    }

    /**
     * Ends flows of that worker's, its own to call, that nothing speaks for and that have been
     * silent for too long by how crowded the table is.
     *
     * @param looks flows to look at, at most
     */
    public void relieve(int worker, int looks) {
        for (int i = 0; i < looks && isCrowded(); i++) {
            Flow silent =
                    unassured[worker].silentFor(patience(size.get()), clock.nanoTime(), looks);
            if (silent == null) {
                return;
            }
            close(silent, Reason.EARLY_DROP);
        }
    }

    /** In proportion to the room that is left beyond {@link #CROWDED}. */
    private long patience(int live) {
        double room = Math.max(0, 1 - (double) live / limits.flows());
        double scale = Math.min(1, room / (1 - CROWDED / 100.0));
        return LEAST_PATIENCE + (long) (scale * (PATIENCE - LEAST_PATIENCE));
    }

    /** Whose address is no forged one. */
    public ProvenSources sources() {
        return sources;
    }

    /**
     * A packet of the flow has passed; called by its owner after counting it. Moves the flow's
     * deadline when it is due.
     */
    public void seen(Flow flow) {
        long now = flow.lastSeenNanos();
        if (now - flow.renewAtNanos() >= 0) {
            renew(flow, now);
        }
    }

    /**
     * A segment of a TCP flow has passed; called by its owner. Where that changes which time-out
     * applies, the new one begins now: nothing else may ever be heard of the flow.
     */
    public void segment(Flow flow, Direction from, TcpHeader tcp) {
        if (flow.segment(from, tcp)) {
            renew(flow, clock.nanoTime());
        }
    }

    /**
     * Judges a segment of a forwarded TCP flow before it is passed on or dropped; called by its
     * owner in place of {@link #segment}, for every one of a flow that has a {@link TcpTracker}.
     */
    public TcpVerdict judge(Flow flow, Direction from, TcpHeader tcp) {
        boolean established = flow.isEstablished();
        TcpVerdict verdict = flow.judge(from, tcp);
        if (flow.isEstablished() != established) {
            renew(flow, clock.nanoTime());
        }
        return verdict;
    }

    private void renew(Flow flow, long now) {
        if (flow.isClosed() || flow.renewAtNanos() == NEVER) {
            return;
        }
        long timeout = timeout(flow);
        flow.renewAtNanos(now + timeout / RENEWALS_PER_TIMEOUT);
        moveDeadline(flow, deadlineAfter(timeout));
    }

    /** The key may be another flow's by now, where this one has expired and is not closed yet. */
    private void moveDeadline(Flow flow, long nanos) {
        if (find(flow.key()) == flow) {
            expiration.setExpiresAfter(flow.key(), nanos, TimeUnit.NANOSECONDS);
        }
    }

    /**
     * From now on the flow ends by {@link #close} alone, as an upgraded TCP flow ends with its
     * sockets.
     */
    public void keepUntilClosed(Flow flow) {
        flow.renewAtNanos(NEVER);
        moveDeadline(flow, NEVER);
    }

    /**
     * The flow is a connection that the host's kernel has accepted: its initiator has shown that it
     * exists, and it ends with its sockets.
     */
    public void accepted(Flow flow) {
        flow.accepted();
        keepUntilClosed(flow);
    }

    /** Only the flow's last segments are awaited: the transitory time-out applies, from now. */
    public void expireSoon(Flow flow) {
        flow.ending();
        flow.renewAtNanos(0);
        renew(flow, clock.nanoTime());
    }

    /**
     * Ends a flow, once: out of the table, what it holds released, the listener told and then the
     * flow's companion, where it has one. The owner's to call.
     */
    public void close(Flow flow, Reason reason) {
        if (flow.isClosed()) {
            return;
        }
        flow.closed(reason);
        flow.forgetUnassured();
        flows.asMap().remove(flow.key(), flow);
        size.decrementAndGet();
        flow.tenant().releaseFlow();
        if (flow.throttle() != null) {
            flow.throttle().closed();
        }
        if (flow.path() != null) {
            flow.path().release();
        }
        try {
            listener.closed(flow, reason);
        } finally {
            if (flow.companion() != null) {
                flow.companion().closed(flow, reason);
            }
        }
    }

    /** Lets flows whose time is over go; called by a worker now and then. */
    public void expire() {
        flows.cleanUp();
    }

    /** Live flows. */
    public int size() {
        return size.get();
    }

    public FlowLimits limits() {
        return limits;
    }

    /** From now on new flows are counted against these; what lives stays. */
    public void limits(FlowLimits replacement) {
        limits = replacement;
    }

    /**
     * From now on these apply: to a live flow from its next packet that moves its deadline, an
     * eighth of its old time-out later at most.
     */
    public void timers(FlowTimers replacement) {
        timers = replacement;
    }

    /** Shows every live flow, in no order, to a reader on any thread. */
    public void forEach(Consumer<Flow> reader) {
        flows.asMap().values().forEach(reader);
    }

    private void removed(FlowKey key, Flow flow, RemovalCause cause) {
        // A flow that is closed when its time is over already counts as expired to Caffeine.
        if (cause == RemovalCause.EXPIRED && !flow.isClosed()) {
            expired.expired(flow);
        }
    }

    private long timeout(Flow flow) {
        if (flow.tcpState().isEstablished() && !flow.isEnding() && flow.isUnanswered()) {
            return UNANSWERED;
        }
        return timers.nanos(flow.key().protocol(), flow.isEstablished());
    }

    private static long deadlineAfter(long timeout) {
        return timeout + timeout / RENEWALS_PER_TIMEOUT;
    }

    /** A new flow's deadline; later ones are set by {@link #renew}. */
    private final class TimeoutOfFlow implements Expiry<FlowKey, Flow> {
        @Override
        public long expireAfterCreate(FlowKey key, Flow flow, long currentTime) {
            return deadlineAfter(timeout(flow));
        }

        @Override
        public long expireAfterUpdate(
                FlowKey key, Flow flow, long currentTime, long currentDuration) {
            return deadlineAfter(timeout(flow));
        }

        @Override
        public long expireAfterRead(
                FlowKey key, Flow flow, long currentTime, long currentDuration) {
            return currentDuration;
        }
    }
}
