package io.culvert.gateway;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.flow.TcpTracker;
import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.ForwardedFlow;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.policy.Policy;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.Mapping;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Answers;
import io.culvert.upgrade.PacketPath;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

/**
 * What becomes of the packets that come in on one worker.
 *
 * <pre>
 *   tunnel or device --> sound? --> whole? --> known flow? --yes--> its path
 *                          |          |           no
 *                          |          |            '--> policy --> refuse: RST, ICMP or silence
 *                          |          |                   |------> forward: into a tunnel, out of a device
 *                          |          |                   '------> upgrade: TCP, UDP or echo upgrader
 *                          '--> drop  '--> reassembly
 * </pre>
 *
 * <p>Every packet received is carried, answered, dropped with a reason, or a fragment that waits
 * for others, and counted as that ({@link PacketCounters}).
 *
 * <p>Confined to the worker.
 */
final class Ingress {
    /**
     * A SYN is kept until its dial has succeeded, and thousands may be. RFC 7413 section 4.2: one
     * with data that is lost comes again without.
     */
    private static final int LONGEST_HELD_SYN = 4096;

    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final Policy policy;
    private final PacketCounters counters;
    private final Answers answers;
    private final Reassembler reassembler;
    private final Upgraders upgraders;
    private final Forwarder forwarder;
    private final HandOver handOver;

    private final IpPacket ip = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final FlowKey key = new FlowKey();
    private final Packet datagram = new Packet();
    private final FlowDecision inbound = new FlowDecision.Forward("mapping", Routes.TUNNELS);
    private boolean draining;

    /** Gives a packet to the worker that owns its flow; false where that one has no room. */
    @FunctionalInterface
    interface HandOver {
        boolean offer(int worker, Port port, Packet packet);
    }

    Ingress(
            int worker,
            FlowTable table,
            NanoClock clock,
            Policy policy,
            PacketCounters counters,
            Answers answers,
            Reassembler reassembler,
            Upgraders upgraders,
            Forwarder forwarder,
            HandOver handOver) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.policy = policy;
        this.counters = counters;
        this.answers = answers;
        this.reassembler = reassembler;
        this.upgraders = upgraders;
        this.forwarder = forwarder;
        this.handOver = handOver;
    }

    /** From now on no flow is opened. */
    void drain() {
        draining = true;
    }

    /** Takes a packet that has just come in. */
    void receive(Port port, Packet packet) {
        Defect defect = ip.wrap(packet.bytes(), Packet.OFFSET, packet.length());
        if (defect != Defect.NONE) {
            counters.received(1);
            counters.dropped(defect.reason(), 1);
            return;
        }
        packet.packets(ip.packetsOf(packet.segmentSize()));
        counters.received(packet.packets());
        Reason objection = objection(port);
        if (objection != null) {
            counters.dropped(objection, packet.packets());
        } else if (!ip.isFragment()) {
            carry(port, packet);
        } else if (isCompletedBy(port)) {
            carry(port, datagram);
        }
    }

    /** Why no packet with these addresses may come in there; {@code null} where it may. */
    private Reason objection(Port port) {
        // RFC 4942 section 2.2: on the wire these are nobody's, and here they would be an IPv4
        // flow's.
        if (ip.version() == 6
                && (IpAddress.isIpv4(ip.sourceHigh(), ip.sourceLow())
                        || IpAddress.isIpv4(ip.destinationHigh(), ip.destinationLow()))) {
            return Reason.NOT_UNICAST;
        }
        return port instanceof TunnelPort tunnel
                        && !tunnel.sources().contains(ip.sourceHigh(), ip.sourceLow())
                ? Reason.SOURCE_NOT_ALLOWED
                : null;
    }

    /** Whether {@link #datagram} is whole now, and wrapped. */
    private boolean isCompletedBy(Port port) {
        int scope =
                switch (port) {
                    case TunnelPort tunnel -> tunnel.tenant().id();
                    case DevicePort device -> device.offRamp().scope();
                };
        if (reassembler.add(scope, ip, datagram.bytes(), Packet.OFFSET)
                != Reassembler.Outcome.COMPLETE) {
            return false;
        }
        datagram.plain(reassembler.length())
                .fragments(reassembler.packets(), reassembler.largestFragment());
        Defect defect = ip.wrap(datagram.bytes(), Packet.OFFSET, datagram.length());
        if (defect != Defect.NONE) {
            counters.dropped(defect.reason(), datagram.packets());
        }
        return defect == Defect.NONE;
    }

    /** Takes a packet that another worker has received and counted. */
    void handed(Port port, Packet packet) {
        if (ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()) == Defect.NONE) {
            carry(port, packet);
        }
    }

    private void carry(Port port, Packet packet) {
        switch (port) {
            case TunnelPort tunnel -> fromTunnel(tunnel, packet);
            case DevicePort device -> fromDevice(device, packet);
        }
    }

    private void fromTunnel(TunnelPort port, Packet packet) {
        if (ip.icmp() != null && ip.icmp().isError()) {
            errorFromTunnel(port, packet);
            return;
        }
        setKey(port, ip);
        Flow flow = isEchoReply() ? null : table.find(key);
        if (flow != null) {
            carry(flow, Direction.FROM_INITIATOR, port, packet);
            return;
        }
        flow = isEchoRequest() ? null : forwarded(table.find(key.reverse()));
        if (flow != null) {
            carry(flow, Direction.FROM_TARGET, port, packet);
        } else {
            open(port, packet);
        }
    }

    private void setKey(TunnelPort port, IpPacket of) {
        key.set(
                port.tenant().id(),
                of.protocol(),
                of.sourceHigh(),
                of.sourceLow(),
                of.sourcePort(),
                of.destinationHigh(),
                of.destinationLow(),
                of.destinationPort());
    }

    /** Of an upgraded flow the target's packets do not come from a tunnel. */
    private static Flow forwarded(Flow flow) {
        return flow != null && flow.decision() instanceof FlowDecision.Forward ? flow : null;
    }

    private boolean isEchoRequest() {
        return ip.icmp() != null && ip.icmp().isEchoRequest();
    }

    private boolean isEchoReply() {
        return ip.icmp() != null && ip.icmp().isEchoReply();
    }

    private void carry(Flow flow, Direction from, Port port, Packet packet) {
        if (flow.worker() != worker) {
            handOver(flow.worker(), port, packet);
        } else if (flow.path() instanceof ForwardedFlow forwarded) {
            if (!forwarded.carry(from, ip, packet)) {
                reopen(port, packet);
            }
        } else {
            upgraded(flow, (TunnelPort) port, packet);
        }
    }

    private void upgraded(Flow flow, TunnelPort port, Packet packet) {
        if (ip.timeToLive() <= 1) {
            // As for the first one: RFC 1812 section 5.3.1. mtr sends such again and again.
            refuse(port, packet, Reason.TIME_EXCEEDED, true);
            return;
        }
        flow.count(Direction.FROM_INITIATOR, packet.packets(), ip.length(), clock.nanoTime());
        if (((PacketPath) flow.path()).packet(ip, packet)) {
            table.seen(flow);
        } else {
            reopen(port, packet);
        }
    }

    /** The flow that a packet belonged to is over, and it is the first of another. */
    private void reopen(Port port, Packet packet) {
        switch (port) {
            case TunnelPort tunnel -> open(tunnel, packet);
            // Its mapping may be gone with the flow.
            case DevicePort device -> fromDevice(device, packet);
        }
    }

    private void handOver(int owner, Port port, Packet packet) {
        if (!handOver.offer(owner, port, packet)) {
            counters.dropped(Reason.QUEUE_FULL, packet.packets());
        }
    }

    /** A packet from outside: the mapping that it is for says whose it is. */
    private void fromDevice(DevicePort port, Packet packet) {
        if (ip.icmp() != null && ip.icmp().isError()) {
            errorFromDevice(port, packet);
            return;
        }
        Mapping mapping = port.offRamp().mappingOf(ip);
        if (mapping == null) {
            counters.dropped(Reason.NO_MAPPING, packet.packets());
            return;
        }
        boolean query = ip.icmp() != null;
        key.set(
                mapping.tenant(),
                ip.protocol(),
                mapping.insideHigh(),
                mapping.insideLow(),
                mapping.insidePort(),
                /* destinationHigh= */ ip.sourceHigh(),
                /* destinationLow= */ ip.sourceLow(),
                query ? mapping.insidePort() : ip.sourcePort());
        // RFC 5508 REQ-1: a query from outside is nobody's inside.
        Flow flow = isEchoRequest() ? null : forwarded(table.find(key));
        if (flow != null) {
            carry(flow, Direction.FROM_TARGET, port, packet);
            return;
        }
        flow = query ? null : forwarded(table.find(key.reverse()));
        if (flow != null) {
            carry(flow, Direction.FROM_INITIATOR, port, packet);
        } else if (query
                || !port.offRamp().mappings().accepts(mapping, ip.sourceHigh(), ip.sourceLow())) {
            counters.dropped(Reason.FILTERED, packet.packets());
        } else {
            openInwards(port, mapping, packet);
        }
    }

    /** The key is the packet's, from outside to inside. */
    private void openInwards(DevicePort port, Mapping mapping, Packet packet) {
        // Source and destination may be one address: of two inside endpoints that talk by their
        // outside ones.
        Reason obstacle = unusableAddress();
        if (obstacle == null) {
            obstacle = obstacleToForwarding();
        }
        if (obstacle != null) {
            // RFC 5382 REQ-4: who was not asked for hears nothing.
            counters.dropped(obstacle, packet.packets());
            return;
        }
        Tenant tenant = forwarder.tenant(mapping.tenant());
        switch (table.open(key, tenant, worker, inbound)) {
            case FlowTable.Opening.Refused refused ->
                    counters.dropped(refused.reason(), packet.packets());
            case FlowTable.Opening.Found found ->
                    carry(found.flow(), Direction.FROM_INITIATOR, port, packet);
            case FlowTable.Opening.Opened opened -> {
                Reason failure = forwarder.openInwards(opened.flow(), port, mapping);
                if (failure == null) {
                    carry(opened.flow(), Direction.FROM_INITIATOR, port, packet);
                } else {
                    table.close(opened.flow(), failure);
                    counters.dropped(failure, packet.packets());
                }
            }
        }
    }

    /**
     * Whether an ICMP error is one to act upon, with what it quotes wrapped: RFC 5508 REQ-3. It is
     * counted where it is not.
     */
    private boolean isSoundError(Packet packet) {
        int at = ip.icmp().payloadOffset();
        int available = ip.start() + ip.length() - at;
        if (!packet.checksumPartial() && !ip.transportChecksumValid()) {
            counters.dropped(Reason.BAD_CHECKSUM, packet.packets());
            return false;
        }
        Defect defect = quoted.wrapQuoted(packet.bytes(), at, available);
        if (defect != Defect.NONE) {
            counters.dropped(defect.reason(), packet.packets());
        }
        return defect == Defect.NONE;
    }

    /** An ICMP error about a packet that we sent into a tunnel: RFC 5508 REQ-5. */
    private void errorFromTunnel(TunnelPort port, Packet packet) {
        if (!isSoundError(packet)) {
            return;
        }
        setKey(port, quoted);
        Flow flow = forwarded(table.find(key));
        if (flow != null && !isQuotedEchoReply()) {
            error(flow, Direction.FROM_INITIATOR, port, packet);
            return;
        }
        // The quoted packet went to the initiator.
        flow = table.find(key.reverse());
        error(flow, Direction.FROM_TARGET, port, packet);
    }

    /** An ICMP error about a packet that went out of a device: RFC 5508 REQ-4. */
    private void errorFromDevice(DevicePort port, Packet packet) {
        if (!isSoundError(packet)) {
            return;
        }
        Mapping mapping = port.offRamp().mappingOfQuoted(quoted);
        if (mapping == null) {
            counters.dropped(Reason.UNMATCHED_ERROR, packet.packets());
            return;
        }
        key.set(
                mapping.tenant(),
                quoted.protocol(),
                mapping.insideHigh(),
                mapping.insideLow(),
                mapping.insidePort(),
                quoted.destinationHigh(),
                quoted.destinationLow(),
                quoted.icmp() != null ? mapping.insidePort() : quoted.destinationPort());
        Flow flow = forwarded(table.find(key));
        if (flow != null) {
            error(flow, Direction.FROM_INITIATOR, port, packet);
        } else {
            error(forwarded(table.find(key.reverse())), Direction.FROM_TARGET, port, packet);
        }
    }

    private boolean isQuotedEchoReply() {
        return quoted.icmp() != null && quoted.icmp().isEchoReply();
    }

    /**
     * @param flow may be {@code null}
     * @param of which side sent what the error quotes
     */
    private void error(Flow flow, Direction of, Port port, Packet packet) {
        if (flow != null && flow.worker() != worker) {
            handOver(flow.worker(), port, packet);
            return;
        }
        boolean meant;
        if (flow != null && flow.path() instanceof ForwardedFlow forwarded) {
            // Counts it itself.
            if (forwarded.error(of, ip, quoted, packet)) {
                return;
            }
            meant = false;
        } else {
            meant = flow != null && ((PacketPath) flow.path()).error(ip, quoted, packet);
        }
        if (meant) {
            counters.carried(packet.packets());
        } else {
            counters.dropped(Reason.UNMATCHED_ERROR, packet.packets());
        }
    }

    /** The first packet of a flow, if it may be one. */
    private void open(TunnelPort port, Packet packet) {
        Reason obstacle = unusableAddress();
        // A packet to oneself never crosses a link.
        if (obstacle == null
                && ip.sourceLow() == ip.destinationLow()
                && ip.sourceHigh() == ip.destinationHigh()) {
            obstacle = Reason.MARTIAN;
        }
        if (obstacle != null) {
            counters.dropped(obstacle, packet.packets());
            return;
        }
        FlowDecision decision =
                policy.decide(
                        port.tenant().name(),
                        ip.protocol(),
                        ip.sourceHigh(),
                        ip.sourceLow(),
                        ip.destinationHigh(),
                        ip.destinationLow(),
                        ip.destinationPort());
        switch (decision) {
            case FlowDecision.Refuse refuse ->
                    refuse(port, packet, refuse.reason(), refuse.answered());
            case FlowDecision.Forward forward -> open(port, packet, forward);
            case FlowDecision.Upgrade upgrade -> open(port, packet, upgrade);
        }
    }

    /** Why no flow can have one of these two ends; {@code null} where it can have both. */
    private Reason unusableAddress() {
        if (!ip.isUnicast()) {
            return Reason.NOT_UNICAST;
        }
        // RFC 1122 section 3.2.1.3 (g), RFC 4291 section 2.5.3: loopback never crosses a link.
        return IpAddress.isLoopback(ip.sourceHigh(), ip.sourceLow())
                        || IpAddress.isLoopback(ip.destinationHigh(), ip.destinationLow())
                ? Reason.MARTIAN
                : null;
    }

    private void open(TunnelPort port, Packet packet, FlowDecision decision) {
        boolean upgrades = decision instanceof FlowDecision.Upgrade;
        Reason obstacle = upgrades ? obstacleToUpgrade() : obstacleToForwarding();
        if (obstacle != null) {
            refuse(port, packet, obstacle, true);
            return;
        }
        // Maybe reversed by the look-ups before.
        setKey(port, ip);
        int owner = upgrades ? upgraders.owner(ip.protocol(), key) : worker;
        if (owner != worker) {
            handOver(owner, port, packet);
            return;
        }
        switch (table.open(key, port.tenant(), worker, decision)) {
            case FlowTable.Opening.Refused refused -> refuse(port, packet, refused.reason(), true);
            case FlowTable.Opening.Found found ->
                    carry(found.flow(), Direction.FROM_INITIATOR, port, packet);
            case FlowTable.Opening.Opened opened -> begin(opened.flow(), port, packet);
        }
    }

    private void begin(Flow flow, TunnelPort port, Packet packet) {
        Reason failure =
                switch (flow.decision()) {
                    case FlowDecision.Upgrade upgrade -> {
                        flow.count(
                                Direction.FROM_INITIATOR,
                                packet.packets(),
                                ip.length(),
                                clock.nanoTime());
                        yield upgraders.begin(flow, upgrade, ip, packet, port.device());
                    }
                    case FlowDecision.Forward forward -> {
                        Reason reason = forwarder.open(flow, port, forward);
                        if (reason == null) {
                            carry(flow, Direction.FROM_INITIATOR, port, packet);
                        }
                        yield reason;
                    }
                    case FlowDecision.Refuse refuse -> refuse.reason();
                };
        if (failure != null) {
            table.close(flow, failure);
            refuse(port, packet, failure, true);
        }
    }

    private Reason obstacleToForwarding() {
        if (draining) {
            return Reason.SHUTDOWN;
        }
        if (ip.timeToLive() <= 1) {
            return Reason.TIME_EXCEEDED;
        }
        boolean opens =
                ip.tcp() != null
                        ? TcpTracker.opens(ip.tcp(), forwarder.midStream())
                        // RFC 5508 section 3: answers belong to a query. Of other queries there is
                        // none that hosts still need beyond a router.
                        : ip.icmp() == null || isEchoRequest();
        return opens ? null : Reason.NO_FLOW;
    }

    /** Why this packet cannot open an upgraded flow; {@code null} where it can. */
    private Reason obstacleToUpgrade() {
        if (draining) {
            return Reason.SHUTDOWN;
        }
        // RFC 1812 section 5.3.1: we are a hop.
        if (ip.timeToLive() <= 1) {
            return Reason.TIME_EXCEEDED;
        }
        if (ip.protocol() == IpProtocol.TCP && ip.length() > LONGEST_HELD_SYN) {
            return Reason.SYN_TOO_LONG;
        }
        boolean opens =
                switch (ip.protocol()) {
                    case IpProtocol.TCP ->
                            (ip.tcp().flags()
                                            & (TcpHeader.SYN
                                                    | TcpHeader.ACK
                                                    | TcpHeader.RST
                                                    | TcpHeader.FIN))
                                    == TcpHeader.SYN;
                    case IpProtocol.UDP -> true;
                    // Neither is anything in the other's version of IP.
                    case IpProtocol.ICMP, IpProtocol.ICMPV6 -> isEchoRequest();
                    default -> false;
                };
        return opens ? null : Reason.NO_FLOW;
    }

    private void refuse(TunnelPort port, Packet packet, Reason reason, boolean answer) {
        if (answer && answered(port, reason)) {
            counters.answered(packet.packets());
        } else {
            counters.dropped(reason, packet.packets());
        }
    }

    private boolean answered(TunnelPort port, Reason reason) {
        // RFC 9293 section 3.10.7.1: a segment of a connection that is not there is reset, so that
        // nobody waits for it.
        return (reason == Reason.NO_FLOW && ip.protocol() == IpProtocol.TCP)
                ? answers.reset(ip, port.device())
                : answers.refuse(ip, reason, port.device());
    }
}
