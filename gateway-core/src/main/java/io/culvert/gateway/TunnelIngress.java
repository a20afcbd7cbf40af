package io.culvert.gateway;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

/**
 * What becomes of the whole and sound packets of tunnels.
 *
 * <pre>
 *   known flow? --yes--> its path
 *        no
 *        '--> policy --> refuse: RST, ICMP or silence
 *                |------> forward: into a tunnel, out of a device
 *                '------> upgrade: TCP, UDP or echo upgrader; into a tunnel again
 * </pre>
 *
 * <p>Confined to one worker.
 */
final class TunnelIngress {
    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final LivePolicy policy;
    private final PacketCounters counters;
    private final Refusals refusals;
    private final Openings openings;
    private final Upgraders upgraders;
    private final Forwarder forwarder;
    private final Delivery delivery;
    private final FlowKey key = new FlowKey();

    TunnelIngress(
            int worker,
            FlowTable table,
            NanoClock clock,
            LivePolicy policy,
            PacketCounters counters,
            Refusals refusals,
            Openings openings,
            Upgraders upgraders,
            Forwarder forwarder,
            Delivery delivery) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.policy = policy;
        this.counters = counters;
        this.refusals = refusals;
        this.openings = openings;
        this.upgraders = upgraders;
        this.forwarder = forwarder;
        this.delivery = delivery;
    }

    void packet(TunnelPort port, IpPacket ip, Packet packet) {
        setKey(port, ip);
        Flow flow = Arrival.isReply(ip) ? null : table.find(key);
        boolean taken;
        if (flow != null) {
            taken = delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
        } else {
            flow = Arrival.isRequest(ip) ? null : Arrival.withPackets(table.find(key.reverse()));
            taken = flow != null && delivery.packet(flow, Direction.FROM_TARGET, port, ip, packet);
        }
        if (!taken) {
            open(port, ip, packet);
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

    /**
     * An ICMP error about a packet that we sent into a tunnel: RFC 5508 REQ-5.
     *
     * @param quoted the packet it is about
     */
    void error(TunnelPort port, IpPacket ip, IpPacket quoted, Packet packet) {
        setKey(port, quoted);
        Flow flow = Arrival.withPackets(table.find(key));
        if (flow != null && !Arrival.isReply(quoted)) {
            delivery.error(flow, Direction.FROM_INITIATOR, port, ip, quoted, packet);
            return;
        }
        // The quoted packet went to the initiator.
        flow = table.find(key.reverse());
        delivery.error(flow, Direction.FROM_TARGET, port, ip, quoted, packet);
    }

    /** The first packet of a flow, if it may be one. */
    private void open(TunnelPort port, IpPacket ip, Packet packet) {
        if (port.tunnel().isGone()) {
            refusals.drop(packet, Reason.TUNNEL_GONE);
            return;
        }
        Reason obstacle = Arrival.unusableAddress(ip);
        // A packet to oneself never crosses a link.
        if (obstacle == null
                && ip.sourceLow() == ip.destinationLow()
                && ip.sourceHigh() == ip.destinationHigh()) {
            obstacle = Reason.MARTIAN;
        }
        if (obstacle != null) {
            refusals.drop(packet, obstacle);
            return;
        }
        FlowDecision decision =
                policy.current()
                        .decide(
                                port.tenant().name(),
                                ip.protocol(),
                                ip.sourceHigh(),
                                ip.sourceLow(),
                                ip.destinationHigh(),
                                ip.destinationLow(),
                                ip.destinationPort());
        if (!(decision instanceof FlowDecision.Refuse refuse)) {
            open(port, ip, packet, decision);
        } else if (refuse.answered()) {
            refusals.refuse(port, ip, packet, refuse.reason());
        } else {
            refusals.drop(packet, refuse.reason());
        }
    }

    private void open(TunnelPort port, IpPacket ip, Packet packet, FlowDecision decision) {
        // Maybe reversed by the look-ups before.
        setKey(port, ip);
        FlowDecision.Upgrade upgrade =
                decision instanceof FlowDecision.Upgrade found ? found : null;
        Reason obstacle =
                upgrade != null
                        ? openings.obstacleToUpgrade(ip)
                        : openings.obstacleToForwarding(ip);
        if (obstacle == Reason.NO_FLOW && openings.answersChallenge(ip, key)) {
            counters.carried(packet.packets());
            return;
        }
        if (obstacle != null) {
            refusals.refuse(port, ip, packet, obstacle);
            return;
        }
        if (openings.isDoubtful(ip, key, port.tenant())) {
            refusals.challenge(port, ip, openings.challenge(key), packet);
            return;
        }
        int owner = upgrade != null ? upgraders.owner(upgrade, ip.protocol(), key) : worker;
        if (owner != worker) {
            delivery.handOver(owner, port, packet);
            return;
        }
        switch (table.open(key, port.tenant(), worker, decision)) {
            case FlowTable.Opening.Refused refused ->
                    refusals.refuse(port, ip, packet, refused.reason());
            // Another worker's, who sees to it.
            case FlowTable.Opening.Found found ->
                    delivery.packet(found.flow(), Direction.FROM_INITIATOR, port, ip, packet);
            case FlowTable.Opening.Opened opened -> begin(opened.flow(), port, ip, packet);
        }
    }

    private void begin(Flow flow, TunnelPort port, IpPacket ip, Packet packet) {
        boolean held = false;
        Reason failure =
                switch (flow.decision()) {
                    case FlowDecision.Upgrade upgrade -> {
                        held = ip.protocol() == IpProtocol.TCP;
                        if (held) {
                            count(flow, ip, packet);
                        }
                        yield upgraders.open(flow, upgrade, ip, packet, port);
                    }
                    case FlowDecision.Forward forward -> forwarder.open(flow, port, forward);
                    case FlowDecision.Refuse refuse -> refuse.reason();
                };
        if (failure != null) {
            table.close(flow, failure);
            refusals.refuse(port, ip, packet, failure);
        } else if (!held) {
            delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
        }
    }

    /** A SYN that the flow has from the beginning. */
    private void count(Flow flow, IpPacket ip, Packet packet) {
        flow.count(Direction.FROM_INITIATOR, packet.packets(), ip.length(), clock.nanoTime());
    }
}
