package io.culvert.gateway;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.forward.Alias;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Ruling;
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
 *        '--> undecided? --yes--> waits
 *                 no
 *                 '--> {@link FlowOpener}: refuse: RST, ICMP or silence
 *                         |------> forward: into a tunnel, out of a device
 *                         '------> upgrade: TCP, UDP or echo upgrader; into a tunnel again
 * </pre>
 *
 * <p>Confined to one worker.
 */
final class TunnelIngress implements QuicFlows.Heard {
    private final int worker;
    private final FlowTable table;
    private final LivePolicy policy;
    private final Refusals refusals;
    private final Openings openings;
    private final Upgraders upgraders;
    private final Forwarder forwarder;
    private final Delivery delivery;
    private final FlowOpener opener;
    private final QuicFlows quic;
    private final PacketBeginning beginning;
    private final FlowKey key = new FlowKey();

    TunnelIngress(
            int worker,
            FlowTable table,
            NanoClock clock,
            LivePolicy policy,
            Refusals refusals,
            Openings openings,
            Upgraders upgraders,
            Forwarder forwarder,
            Delivery delivery,
            HookAccess hooks,
            FlowOpener opener) {
        this.worker = worker;
        this.table = table;
        this.policy = policy;
        this.refusals = refusals;
        this.openings = openings;
        this.upgraders = upgraders;
        this.forwarder = forwarder;
        this.delivery = delivery;
        this.opener = opener;
        quic = new QuicFlows(worker, hooks, clock, this);
        beginning =
                new PacketBeginning(clock, refusals, openings, upgraders, delivery, this::later);
    }

    void packet(TunnelPort port, IpPacket ip, Packet packet) {
        setKey(port, ip);
        Flow flow = Arrival.ofInitiator(table, key, ip);
        boolean taken;
        if (flow != null) {
            taken = delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
        } else {
            flow = Arrival.ofTarget(table, key.reverse(), ip);
            taken = flow != null && delivery.packet(flow, Direction.FROM_TARGET, port, ip, packet);
        }
        if (!taken) {
            setKey(port, ip);
            Alias alias = flow == null ? forwarder.aliases().find(key) : null;
            if (alias == null) {
                open(port, ip, packet);
            } else {
                // To an address of the gateway's, and meant for a flow's initiator.
                alias.toInitiator(ip, packet);
                packet(port, ip, packet);
            }
        }
    }

    private void setKey(TunnelPort port, IpPacket of) {
        PacketBeginning.setKey(key, port, of);
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
        // The quoted packet went to the initiator, or came from its alias.
        flow = table.find(key.reverse());
        Alias alias = flow == null ? forwarder.aliases().find(key) : null;
        if (alias == null) {
            delivery.error(flow, Direction.FROM_TARGET, port, ip, quoted, packet);
        } else {
            alias.toInitiator(ip, quoted);
            error(port, ip, quoted, packet);
        }
    }

    /** The first packet of a flow, if it may be one. */
    private void open(TunnelPort port, IpPacket ip, Packet packet) {
        if (port.tunnel().isGone()) {
            refusals.drop(packet, Reason.TUNNEL_GONE);
            return;
        }
        // Maybe reversed by the look-ups before.
        setKey(port, ip);
        int asking = opener.undecided().owner(key);
        if (asking >= 0) {
            hold(asking, port, ip, packet);
            return;
        }
        Reason obstacle = Arrival.unusableInTunnel(ip);
        if (obstacle != null) {
            refusals.drop(packet, obstacle);
            return;
        }
        beginning.of(port, ip, packet);
        Ruling ruling = opener.ruling(beginning);
        if (ip.protocol() == IpProtocol.UDP
                && (ruling.asks() || QuicUse.asks(ruling, upgraders.quic()))) {
            listen(port, ip, packet, ruling);
        } else {
            opener.open(beginning, ruling);
        }
    }

    /** What the flow says is asked first. */
    private void listen(TunnelPort port, IpPacket ip, Packet packet, Ruling ruling) {
        Reason obstacle = openings.obstacle(ip, ruling.decision());
        if (obstacle != null) {
            refusals.refuse(port, ip, packet, obstacle);
            return;
        }
        int owner = upgraders.owner(IpProtocol.UDP, key);
        if (owner != worker) {
            delivery.handOver(owner, port, packet);
            return;
        }
        Reason full = quic.first(key, port, ip, packet);
        if (full != null) {
            refusals.drop(packet, full);
        }
    }

    @Override
    public void first(TunnelPort port, IpPacket ip, Packet packet, Facts facts) {
        setKey(port, ip);
        if (port.tunnel().isGone()) {
            refusals.drop(packet, Reason.TUNNEL_GONE);
            return;
        }
        Policy.Question question = new Policy.Question(port.tenant().name(), key);
        opener.open(
                beginning.of(port, ip, packet),
                policy.current().decide(question, facts).knowing(facts));
    }

    @Override
    public void later(TunnelPort port, IpPacket ip, Packet packet) {
        packet(port, ip, packet);
    }

    private void later(TunnelPort port, IpPacket ip, Packet packet, Answer answer) {
        if (!(answer.decision() instanceof FlowDecision.Refuse refuse)) {
            packet(port, ip, packet);
        } else if (refuse.answered()) {
            refusals.refuse(port, ip, packet, refuse.reason());
        } else {
            refusals.drop(packet, refuse.reason());
        }
    }

    private void hold(int asking, TunnelPort port, IpPacket ip, Packet packet) {
        if (asking != worker) {
            delivery.handOver(asking, port, packet);
            return;
        }
        Reason obstacle =
                quic.has(key)
                        ? quic.later(key, port, ip, packet)
                        : opener.undecided().hold(key, port, packet);
        if (obstacle != null) {
            refusals.drop(packet, obstacle);
        }
    }

    /** Looks at the clock. */
    void tick() {
        quic.tick();
    }

    /** Packets that wait to be known as a flow's. */
    int undecidedPackets() {
        return quic.packets();
    }
}
