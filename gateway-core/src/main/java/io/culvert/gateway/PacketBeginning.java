package io.culvert.gateway;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.NanoClock;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Answer;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.tun.HeldPacket;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Recipient;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.util.ArrayList;
import java.util.List;

/**
 * A packet of a tunnel's that belongs to no flow. A worker has one of these, which is set for each.
 *
 * <p>Confined to one worker.
 */
final class PacketBeginning implements Beginning {
    /** Packets of one flow that wait, and bytes of those after the first. */
    private static final int MOST_KEPT = 8;

    private static final int MOST_BYTES = 64 * 1024;

    private final NanoClock clock;
    private final Refusals refusals;
    private final Openings openings;
    private final Upgraders upgraders;
    private final Delivery delivery;
    private final Behind behind;
    private final Packet scratch = new Packet();
    private final IpPacket scratchIp = new IpPacket();

    private TunnelPort port;
    private IpPacket ip;
    private Packet packet;

    /** Takes packets that had waited behind a flow's first one. */
    @FunctionalInterface
    interface Behind {
        void later(TunnelPort port, IpPacket ip, Packet packet, Answer answer);
    }

    PacketBeginning(
            NanoClock clock,
            Refusals refusals,
            Openings openings,
            Upgraders upgraders,
            Delivery delivery,
            Behind behind) {
        this.clock = clock;
        this.refusals = refusals;
        this.openings = openings;
        this.upgraders = upgraders;
        this.delivery = delivery;
        this.behind = behind;
    }

    /** Is that packet from now on. */
    PacketBeginning of(TunnelPort itsPort, IpPacket itsIp, Packet itself) {
        port = itsPort;
        ip = itsIp;
        packet = itself;
        return this;
    }

    @Override
    public TunnelPort port() {
        return port;
    }

    @Override
    public void setKey(FlowKey key) {
        setKey(key, port, ip);
    }

    /** The key of a flow that a packet would open. */
    static void setKey(FlowKey key, TunnelPort port, IpPacket of) {
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

    @Override
    public FlowInfo info() {
        return info(port, ip);
    }

    /** What hooks are told of a flow by its first packet. */
    static FlowInfo info(TunnelPort port, IpPacket first) {
        return new FlowInfo(
                port.tenant().name(),
                port.tunnel().info(),
                first.protocol(),
                new Endpoint(
                        new IpAddress(first.sourceHigh(), first.sourceLow()).toInetAddress(),
                        first.sourcePort()),
                new Endpoint(
                        new IpAddress(first.destinationHigh(), first.destinationLow())
                                .toInetAddress(),
                        first.destinationPort()),
                port.tunnel().context());
    }

    @Override
    public Reason obstacle(FlowDecision decision) {
        return openings.obstacle(ip, decision);
    }

    @Override
    public boolean refusesFlow(Reason obstacle) {
        return obstacle == Reason.SHUTDOWN;
    }

    @Override
    public boolean provesSender(FlowKey key, Reason obstacle) {
        if (obstacle == Reason.NO_FLOW && openings.answersChallenge(ip, key)) {
            refusals.counters().carried(packet.packets());
            return true;
        }
        boolean doubtful = obstacle == null && openings.isDoubtful(ip, key, port.tenant());
        if (doubtful) {
            refusals.challenge(port, ip, openings.challenge(key), packet);
        }
        return doubtful;
    }

    @Override
    public void refuse(Reason reason) {
        refusals.refuse(port, ip, packet, reason);
    }

    @Override
    public void drop(Reason reason) {
        refusals.drop(packet, reason);
    }

    @Override
    public void handOver(int worker) {
        delivery.handOver(worker, port, packet);
    }

    @Override
    public void belongsTo(Flow flow) {
        // Another worker's, who sees to it.
        boolean _ = delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
    }

    @Override
    public void opened(Flow flow) {
        if (isHeld(flow)) {
            flow.count(Direction.FROM_INITIATOR, packet.packets(), ip.length(), clock.nanoTime());
        }
    }

    /** Whether the packet is a SYN that the flow has from the beginning. */
    private boolean isHeld(Flow flow) {
        return ip.protocol() == IpProtocol.TCP && flow.decision() instanceof FlowDecision.Upgrade;
    }

    @Override
    public Reason upgrade(Flow flow, FlowDecision.Upgrade decision, Recipient recipient) {
        return upgraders.open(flow, decision, recipient, ip, packet, port);
    }

    @Override
    public void carry(Flow flow) {
        if (!isHeld(flow)) {
            boolean _ = delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
        }
    }

    @Override
    public Kept keep() {
        return new KeptPackets(port, packet);
    }

    private final class KeptPackets implements Kept {
        private final TunnelPort of;
        private final HeldPacket first;
        private final List<Later> later = new ArrayList<>(0);
        private int packets;
        private int bytes;

        private record Later(TunnelPort port, HeldPacket packet) {}

        KeptPackets(TunnelPort of, Packet packet) {
            this.of = of;
            first = new HeldPacket(packet);
            packets = packet.packets();
        }

        @Override
        public int packets() {
            return packets;
        }

        @Override
        public Reason add(TunnelPort itsPort, Packet itself) {
            if (later.size() == MOST_KEPT - 1 || bytes + itself.length() > MOST_BYTES) {
                return Reason.QUEUE_FULL;
            }
            later.add(new Later(itsPort, new HeldPacket(itself)));
            packets += itself.packets();
            bytes += itself.length();
            return null;
        }

        @Override
        public Beginning again() {
            unpack(first);
            return of(of, scratchIp, scratch);
        }

        private void unpack(HeldPacket held) {
            held.into(scratch);
            scratchIp.wrap(scratch.bytes(), Packet.OFFSET, scratch.length());
        }

        @Override
        public void rest(Answer answer) {
            for (Later each : later) {
                unpack(each.packet);
                behind.later(each.port, scratchIp, scratch, answer);
            }
        }
    }
}
