package io.culvert.gateway.forward;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.TcpState;
import io.culvert.flow.TcpVerdict;
import io.culvert.hook.Reason;
import io.culvert.nat.Endpoints;
import io.culvert.nat.IcmpErrorTranslation;
import io.culvert.nat.Mapping;
import io.culvert.nat.Translation;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.PacketPath;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;

import java.util.Optional;
import java.util.Set;

/**
 * A flow that stays IP packets between two ports, translated on the way where one of them is a
 * device off-ramp.
 *
 * <p>Confined to the worker that owns the flow.
 */
public final class ForwardedFlow implements PacketPath {
    private final Forwarder forwarder;
    private final Flow flow;
    private final PacketDevice initiator;
    private final PacketDevice target;
    private final Lease lease;

    // Of what the initiator sends, and of what it gets; null where nothing is translated.
    private final Translation outward;
    private final Translation inward;

    private Reason ending = Reason.IDLE;

    /**
     * A mapping that a flow uses.
     *
     * @param initiatorInside whether the flow's initiator is the one that is mapped
     * @param externalHigh the other end's address, which it was claimed for
     */
    record Lease(
            DeviceOffRamp offRamp,
            Mapping mapping,
            boolean initiatorInside,
            long externalHigh,
            long externalLow) {
        void end(long nowNanos) {
            offRamp.mappings().release(mapping, externalHigh, externalLow, nowNanos);
        }
    }

    /** Between two tunnels of a tenant. */
    ForwardedFlow(Forwarder forwarder, Flow flow, PacketDevice initiator, PacketDevice target) {
        this(forwarder, flow, initiator, target, null, null, null);
    }

    /**
     * @param sent what the initiator sends, as it does
     * @param received the same as the target sees it
     */
    ForwardedFlow(
            Forwarder forwarder,
            Flow flow,
            PacketDevice initiator,
            PacketDevice target,
            Lease lease,
            Endpoints sent,
            Endpoints received) {
        this.forwarder = forwarder;
        this.flow = flow;
        this.initiator = initiator;
        this.target = target;
        this.lease = lease;
        outward = sent == null ? null : new Translation(sent, received);
        inward = sent == null ? null : new Translation(received.reversed(), sent.reversed());
    }

    @Override
    public String state() {
        if (flow.tracker() == null) {
            return flow.isReplied() ? "replied" : "one-way";
        }
        return switch (flow.tcpState()) {
            case ESTABLISHED -> "established";
            case CLOSED, RESET -> "closed";
            case INITIATOR_CLOSED, TARGET_CLOSED, BOTH_CLOSED -> "closing";
            default -> "opening";
        };
    }

    /** Whether packets get other addresses on their way. */
    public boolean isTranslated() {
        return lease != null;
    }

    /** The off-ramp under whose addresses the packets leave or came in; empty for none. */
    public Optional<DeviceOffRamp> offRamp() {
        return Optional.ofNullable(lease).map(Lease::offRamp);
    }

    /** Whether its initiator is outside, and a mapping let it in. */
    public boolean isFromOutside() {
        return lease != null && !lease.initiatorInside();
    }

    /** The mapping that the flow uses, if it has one. */
    public Optional<Mapping> mapping() {
        return Optional.ofNullable(lease).map(Lease::mapping);
    }

    /** What to call the flow's end when its time is over. */
    public Reason ending() {
        return ending;
    }

    @Override
    public boolean packet(IpPacket ip, Packet packet) {
        return carry(Direction.FROM_INITIATOR, ip, packet);
    }

    /**
     * Takes a packet of either side, and counts what becomes of it.
     *
     * @return whether the flow took it; if not, the flow is over and the packet is the first of
     *     another
     */
    public boolean carry(Direction from, IpPacket ip, Packet packet) {
        boolean initiates = from == Direction.FROM_INITIATOR;
        PacketDevice to = initiates ? target : initiator;
        PacketDevice back = initiates ? initiator : target;
        TcpHeader tcp = ip.tcp();
        if (tcp != null && flow.isReopenedBy(tcp)) {
            forwarder.table().close(flow, ending);
            return false;
        }
        if (forwarder.egress().refuses(ip, packet, to, back, isOutside(from))) {
            return true;
        }
        if (tcp != null) {
            Reason objection = judge(from, tcp);
            if (objection != null) {
                forwarder.counters().dropped(objection, packet.packets());
                return true;
            }
            if (tcp.syn()) {
                tcp.limitSegmentSize(
                        Math.min(to.mtu(), back.mtu()),
                        ip.version() == 6,
                        packet.checksumPartial());
            }
        }
        flow.count(from, packet.packets(), ip.length(), forwarder.now());
        forwarder.table().seen(flow);
        Translation translation = initiates ? outward : inward;
        if (translation != null) {
            translation.apply(ip, packet.checksumPartial());
            forwarder.egress().identify(ip);
        }
        forwarder.egress().send(ip, packet, to);
        return true;
    }

    /** Whether that side's packets come in by a device off-ramp. */
    public boolean isOutside(Direction side) {
        return lease != null && lease.initiatorInside() != (side == Direction.FROM_INITIATOR);
    }

    /** Why a segment is not passed on; {@code null} where it is. */
    private Reason judge(Direction from, TcpHeader tcp) {
        TcpVerdict verdict = forwarder.table().judge(flow, from, tcp);
        if (verdict == TcpVerdict.ACCEPT && flow.tcpState().isOver()) {
            if (flow.tcpState() == TcpState.CLOSED) {
                ending = Reason.FINISHED;
            } else if (tcp.rst()) {
                ending =
                        from == Direction.FROM_INITIATOR
                                ? Reason.RESET_BY_INITIATOR
                                : Reason.RESET_BY_TARGET;
            }
        }
        return verdict.reason();
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        return error(Direction.FROM_TARGET, error, quoted, packet);
    }

    /**
     * Takes an ICMP error about a packet that the flow has sent on, to that packet's sender: RFC
     * 5508 REQ-4 and REQ-5. It moves nothing here, neither the flow's state nor its time-out (RFC
     * 4787 REQ-12, RFC 5382 REQ-10, RFC 5508 REQ-6).
     *
     * @param of which side sent the quoted packet
     * @return whether it means something to the flow; if so what becomes of it is counted
     */
    public boolean error(Direction of, IpPacket error, IpPacket quoted, Packet packet) {
        // RFC 5927 section 4.1: guessing ports is not enough.
        if (flow.tracker() != null
                && quoted.tcp() != null
                && !flow.tracker().quotes(of, quoted.tcp().sequenceNumber())) {
            return false;
        }
        boolean initiated = of == Direction.FROM_INITIATOR;
        PacketDevice to = initiated ? initiator : target;
        PacketDevice back = initiated ? target : initiator;
        // No error is answered with one (RFC 1122 section 3.2.2), so nobody hears of it.
        if (forwarder.egress().refuses(error, packet, to, back, false)) {
            return true;
        }
        if (outward != null) {
            translate(initiated ? inward : outward, error, quoted);
        }
        forwarder.egress().send(error, packet, to);
        return true;
    }

    /**
     * @param opposite what packets in the error's own direction are translated by
     */
    private void translate(Translation opposite, IpPacket error, IpPacket quoted) {
        Endpoints sender = opposite.to();
        // Of a host or router inside nobody outside may hear but the outside address.
        boolean outwards = (opposite == outward) == lease.initiatorInside();
        Endpoints outer =
                new Endpoints(
                        outwards ? sender.sourceHigh() : error.sourceHigh(),
                        outwards ? sender.sourceLow() : error.sourceLow(),
                        0,
                        sender.destinationHigh(),
                        sender.destinationLow(),
                        0);
        IcmpErrorTranslation.apply(error, quoted, outer, sender.reversed());
    }

    /** Tells both ends of a TCP connection that it is over, as if the other had. */
    public void reset() {
        if (flow.tracker() == null || flow.tcpState().isOver()) {
            return;
        }
        Endpoints sent = inward == null ? Forwarder.endpoints(flow.key()) : inward.to().reversed();
        Endpoints received = outward == null ? sent : outward.to();
        if (flow.tracker().isKnown(Direction.FROM_TARGET)) {
            int next = flow.tracker().next(Direction.FROM_TARGET);
            forwarder.egress().reset(sent.reversed(), next, initiator);
        }
        int next = flow.tracker().next(Direction.FROM_INITIATOR);
        forwarder.egress().reset(received, next, target);
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(initiator) || devices.contains(target);
    }

    @Override
    public void release() {
        if (lease != null) {
            lease.end(forwarder.now());
        }
    }
}
