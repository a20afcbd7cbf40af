package io.culvert.nat;

import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.random.RandomGenerator;

/**
 * Every mapping of one off-ramp: which inside endpoint appears as which outside endpoint.
 *
 * <p><b>Theory of operation.</b> Mapping is endpoint-independent: all flows of an inside endpoint
 * share one mapping, whatever their destinations (RFC 4787 REQ-1, RFC 5382 REQ-1, RFC 5508 REQ-1
 * a), and no two inside endpoints share an outside one (RFC 4787 REQ-3, RFC 5382 REQ-7). A flow
 * {@linkplain #claim claims} its mapping when it opens and {@linkplain #release releases} it when
 * it closes. After the last release the mapping rests for the hold-down (RFC 6888 REQ-8): only its
 * own inside endpoint gets it back, and {@link #find} does not know it, so that a late packet
 * reaches neither the old owner nor a new one.
 *
 * <p>TCP, UDP and ICMP queries have ports, identifiers with the latter, and each of the three has
 * all ports of the range. An identifier is no port, but the host's own pings use the whole space,
 * so the range keeps clear of them too. Ports are drawn at random and the inside port is not
 * preserved: RFC 6888 REQ-15 and RFC 6056 want them hard to guess, and a preserved one is chosen by
 * the tenant. UDP keeps parity and, where it can, class ({@link OutsideAddress}); that a host keeps
 * its address is {@link AddressPooling}'s; that a tenant takes no other's ports, {@link
 * PortBlocks}'. Any other protocol is mapped by address alone: its outside endpoint is the outside
 * together with the remote address, and belongs to one inside host at a time.
 *
 * <p>What cannot be mapped is refused, and no mapping ever goes to make room (RFC 6888 REQ-11 D).
 *
 * <p>Hairpinning is the caller's: where a packet from inside goes to an outside endpoint, {@link
 * #find} has the mapping of the inside endpoint that shall get it, and {@link #claim} the one whose
 * outside endpoint it shall come from (RFC 4787 REQ-9 a).
 *
 * <p>Threading: shared. Flows open and close under one lock, for a few microseconds at most. {@link
 * #find}, {@link #findPortless} and {@link #accepts}, which packets call, are wait-free and
 * allocate nothing.
 */
public final class MappingTable {
    /**
     * Our own bounds, for the time under the lock: after a suspension every rest may be over. A
     * claim goes on only as long as it finds no port.
     */
    private static final int RESTS_ENDED_BY_A_FLOW = 16;

    private static final int RESTS_ENDED_AT_ONCE = 1_000;

    private final OutsideAddress[] addresses;
    private final Filtering filtering;
    private final long holdDownNanos;
    private final RandomGenerator random;

    private final Object lock = new Object();

    // Under the lock.
    private final AddressPooling pooling;
    private final Map<InsideEndpoint, Mapping> mappings = new HashMap<>();

    /** In order of release, so that only the eldest needs looking at. */
    private final SequencedSet<Mapping> resting = new LinkedHashSet<>();

    /** What came of an attempt to claim a mapping. */
    public sealed interface Claim {
        /** The flow is counted. */
        record Mapped(Mapping mapping) implements Claim {}

        /** No port is left, the tenant may have no more, or there is no address of the family. */
        record Refused(Reason reason) implements Claim {}
    }

    /**
     * A table without mappings.
     *
     * @param random where ports are drawn from, under the lock. It has to be one whose next draw
     *     nobody can tell from the last ones, such as {@link java.security.SecureRandom}: a server
     *     sees the ports that its clients get, and from a few outputs of a splittable or a linear
     *     congruential generator all later ones can be worked out. At about a microsecond a draw it
     *     is cheap enough for a new mapping
     */
    public MappingTable(
            MappingSettings settings, PortBlockListener listener, RandomGenerator random) {
        addresses =
                settings.addresses().stream()
                        .sorted(
                                Comparator.comparingLong(IpAddress::high)
                                        .thenComparingLong(IpAddress::low))
                        .map(address -> new OutsideAddress(address, settings, listener))
                        .toArray(OutsideAddress[]::new);
        pooling = new AddressPooling(List.of(addresses));
        filtering = settings.filtering();
        holdDownNanos = settings.holdDown().toNanos();
        this.random = random;
    }

    /**
     * Whether a protocol's endpoints have ports, or identifiers, that are translated; any other is
     * mapped by address.
     */
    public static boolean hasPorts(int protocol, boolean ipv6) {
        return switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP -> true;
            case IpProtocol.ICMP -> !ipv6;
            case IpProtocol.ICMPV6 -> ipv6;
            default -> false;
        };
    }

    /**
     * Finds or makes the mapping of an inside endpoint, and counts one flow of it. A flow that came
     * in through a mapping counts too: it is claimed by that mapping's inside endpoint.
     *
     * @param insidePort of an ICMP query its identifier; nothing where the protocol has no ports
     * @param externalHigh the address of the flow's other end
     */
    public Claim claim(
            int tenant,
            int protocol,
            long insideHigh,
            long insideLow,
            int insidePort,
            long externalHigh,
            long externalLow,
            long nowNanos) {
        InsideEndpoint inside =
                InsideEndpoint.of(
                        tenant,
                        protocol,
                        insideHigh,
                        insideLow,
                        insidePort,
                        externalHigh,
                        externalLow);
        synchronized (lock) {
            endRests(nowNanos, RESTS_ENDED_BY_A_FLOW);
            Mapping known = mappings.get(inside);
            Claim claim = known == null ? make(inside, nowNanos) : new Claim.Mapped(known);
            if (claim instanceof Claim.Mapped(Mapping mapping)) {
                if (!mapping.isAlive()) {
                    resting.remove(mapping);
                    mapping.outside().wake(mapping);
                }
                mapping.opened(externalHigh, externalLow);
            }
            return claim;
        }
    }

    /** What {@link #claim} would come to. */
    public sealed interface Preview {
        /** Its own, which lives or rests. */
        record Known(Mapping mapping) implements Preview {}

        /** It would get a port of that address, if its protocol has any. */
        record New(IpAddress address) implements Preview {}

        /** It would get none. */
        record Refused(Reason reason) implements Preview {}
    }

    /**
     * What {@link #claim} would come to now. No mapping is made, counted or woken; rests that are
     * over end, as they do whenever anybody asks.
     *
     * @see #claim
     */
    public Preview preview(
            int tenant,
            int protocol,
            long insideHigh,
            long insideLow,
            int insidePort,
            long externalHigh,
            long externalLow,
            long nowNanos) {
        InsideEndpoint inside =
                InsideEndpoint.of(
                        tenant,
                        protocol,
                        insideHigh,
                        insideLow,
                        insidePort,
                        externalHigh,
                        externalLow);
        synchronized (lock) {
            endRests(nowNanos, RESTS_ENDED_BY_A_FLOW);
            Mapping known = mappings.get(inside);
            if (known != null) {
                return new Preview.Known(known);
            }
            Preview preview = preview(inside);
            while (preview instanceof Preview.Refused
                    && endRests(nowNanos, RESTS_ENDED_BY_A_FLOW)) {
                preview = preview(inside);
            }
            return preview;
        }
    }

    private Preview preview(InsideEndpoint inside) {
        Reason reason = Reason.NO_ROUTE;
        for (OutsideAddress outside : pooling.candidates(inside)) {
            int port = outside.couldTake(inside);
            if (port >= 0) {
                return new Preview.New(outside.address());
            }
            reason = worse(reason, port);
        }
        return new Preview.Refused(reason);
    }

    /** Why there is no mapping, once one more address has refused. */
    private static Reason worse(Reason before, int refusal) {
        return before == Reason.TENANT_PORTS || refusal == OutsideAddress.OVER_QUOTA
                ? Reason.TENANT_PORTS
                : Reason.OUTSIDE_PORTS_EXHAUSTED;
    }

    private Claim make(InsideEndpoint inside, long nowNanos) {
        Claim claim = make(inside);
        while (claim instanceof Claim.Refused && endRests(nowNanos, RESTS_ENDED_BY_A_FLOW)) {
            claim = make(inside);
        }
        return claim;
    }

    private Claim make(InsideEndpoint inside) {
        Reason reason = Reason.NO_ROUTE;
        for (OutsideAddress outside : pooling.candidates(inside)) {
            int port = outside.take(inside, random);
            if (port >= 0) {
                return new Claim.Mapped(make(inside, outside, port));
            }
            reason = worse(reason, port);
        }
        return new Claim.Refused(reason);
    }

    private Mapping make(InsideEndpoint inside, OutsideAddress outside, int port) {
        Mapping mapping =
                new Mapping(
                        inside,
                        outside,
                        port,
                        pooling.mapped(inside.host(), outside),
                        filtering == Filtering.ADDRESS_DEPENDENT);
        mappings.put(inside, mapping);
        outside.put(mapping);
        return mapping;
    }

    /**
     * Counts one flow less.
     *
     * @param externalHigh the address of the flow's other end, as in its claim
     */
    public void release(Mapping mapping, long externalHigh, long externalLow, long nowNanos) {
        synchronized (lock) {
            mapping.closed(externalHigh, externalLow, nowNanos);
            if (!mapping.isAlive()) {
                resting.add(mapping);
                mapping.outside().rest(mapping);
            }
            endRests(nowNanos, RESTS_ENDED_BY_A_FLOW);
        }
    }

    /**
     * Lets what has rested go, as claims and releases do too; called by a worker now and then, for
     * times when there are none.
     */
    public void expire(long nowNanos) {
        synchronized (lock) {
            endRests(nowNanos, RESTS_ENDED_AT_ONCE);
        }
    }

    /** Answers whether any was over. */
    private boolean endRests(long nowNanos, int atMost) {
        for (int ended = 0; ended < atMost; ended++) {
            Mapping eldest = resting.isEmpty() ? null : resting.getFirst();
            if (eldest == null || nowNanos - eldest.releasedAtNanos() < holdDownNanos) {
                return ended > 0;
            }
            resting.remove(eldest);
            mappings.remove(eldest.inside());
            eldest.outside().remove(eldest);
            if (eldest.isPaired()) {
                pooling.unmapped(eldest.inside().host());
            }
        }
        return true;
    }

    /** The live mapping of an outside endpoint; {@code null} where there is none. */
    public Mapping find(int protocol, long outsideHigh, long outsideLow, int outsidePort) {
        OutsideAddress outside = outside(outsideHigh, outsideLow);
        return outside == null ? null : live(outside.mapping(protocol, outsidePort));
    }

    /** As {@link #find}, of a protocol without ports and towards that remote address. */
    public Mapping findPortless(
            int protocol, long outsideHigh, long outsideLow, long externalHigh, long externalLow) {
        OutsideAddress outside = outside(outsideHigh, outsideLow);
        return outside == null ? null : live(outside.portless(protocol, externalHigh, externalLow));
    }

    private static Mapping live(Mapping mapping) {
        return mapping != null && mapping.isAlive() ? mapping : null;
    }

    private OutsideAddress outside(long high, long low) {
        int from = 0;
        int to = addresses.length - 1;
        while (from <= to) {
            int middle = (from + to) >>> 1;
            IpAddress address = addresses[middle].address();
            int order = Long.compare(address.high(), high);
            if (order == 0) {
                order = Long.compare(address.low(), low);
            }
            if (order == 0) {
                return addresses[middle];
            } else if (order < 0) {
                from = middle + 1;
            } else {
                to = middle - 1;
            }
        }
        return null;
    }

    /**
     * Whether a packet from that address may open a flow through a mapping. Whether it belongs to a
     * flow that is open, and is let through for that, is the flow table's to say.
     */
    public boolean accepts(Mapping mapping, long externalHigh, long externalLow) {
        if (!mapping.isAlive()) {
            return false;
        }
        return switch (filtering) {
            case ENDPOINT_INDEPENDENT -> true;
            case ADDRESS_DEPENDENT -> mapping.talksTo(externalHigh, externalLow);
            case ADDRESS_AND_PORT_DEPENDENT -> false;
        };
    }

    /** Live mappings. */
    public int mappings() {
        synchronized (lock) {
            return mappings.size() - resting.size();
        }
    }

    /** Mappings that rest. */
    public int resting() {
        synchronized (lock) {
            return resting.size();
        }
    }

    /** How far the ports are used, by address and protocol. */
    public List<PortUsage> usage() {
        synchronized (lock) {
            List<PortUsage> usage = new ArrayList<>();
            for (OutsideAddress outside : addresses) {
                usage.addAll(outside.usage());
            }
            return usage;
        }
    }

    /** Which tenant has which ports; empty where all share them. */
    public List<PortBlock> blocks() {
        synchronized (lock) {
            List<PortBlock> blocks = new ArrayList<>();
            for (OutsideAddress outside : addresses) {
                blocks.addAll(outside.allotted());
            }
            return blocks;
        }
    }

    /** How many ports of a block its tenant has for that protocol, resting ones included. */
    public int taken(PortBlock block, int protocol) {
        OutsideAddress outside = outside(block.address().high(), block.address().low());
        if (outside == null) {
            return 0;
        }
        synchronized (lock) {
            return outside.taken(protocol, block.ports());
        }
    }
}
