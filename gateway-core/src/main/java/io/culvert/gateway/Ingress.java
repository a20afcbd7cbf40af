package io.culvert.gateway;

import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Answers;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

/**
 * Where one worker's packets come in.
 *
 * <pre>
 *   tunnel or device --> sound? --> whole? --> {@link TunnelIngress} or {@link DeviceIngress}
 *                          |          |
 *                          '--> drop  '--> reassembly
 * </pre>
 *
 * <p>Every packet received is carried, answered, dropped with a reason, or a fragment that waits
 * for others, and counted as that ({@link PacketCounters}).
 *
 * <p>Confined to the worker.
 */
final class Ingress {
    private final PacketCounters counters;
    private final Reassembler reassembler;
    private final TunnelIngress fromTunnels;
    private final DeviceIngress fromDevices;
    private final FlowOpener opener;
    private final RuleLog ruleLog;

    private final IpPacket ip = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final Packet datagram = new Packet();

    private Ingress(
            PacketCounters counters,
            Reassembler reassembler,
            TunnelIngress fromTunnels,
            DeviceIngress fromDevices,
            FlowOpener opener,
            RuleLog ruleLog) {
        this.counters = counters;
        this.reassembler = reassembler;
        this.fromTunnels = fromTunnels;
        this.fromDevices = fromDevices;
        this.opener = opener;
        this.ruleLog = ruleLog;
    }

    /** Puts one worker's together. */
    static Ingress of(
            int worker,
            FlowTable table,
            NanoClock clock,
            LivePolicy policy,
            PacketCounters counters,
            Answers answers,
            Reassembler reassembler,
            Openings openings,
            Upgraders upgraders,
            Forwarder forwarder,
            HookAccess hooks,
            Delivery.HandOver handOver) {
        Refusals refusals = new Refusals(answers, counters);
        Delivery delivery = new Delivery(worker, table, clock, counters, refusals, handOver);
        RuleLog ruleLog = new RuleLog(clock);
        ContentDecisions contents = new ContentDecisions(new Detection(clock), policy, ruleLog);
        FlowOpener opener =
                new FlowOpener(
                        worker, table, clock, policy, upgraders, forwarder, ruleLog, hooks,
                        contents);
        return new Ingress(
                counters,
                reassembler,
                new TunnelIngress(
                        worker, table, clock, policy, refusals, openings, upgraders, forwarder,
                        delivery, hooks, opener),
                new DeviceIngress(worker, table, refusals, openings, forwarder, delivery),
                opener,
                ruleLog);
    }

    /** A moment has passed. */
    void tick() {
        ruleLog.tick();
        opener.tick();
        fromTunnels.tick();
    }

    /** Opens this worker's flows. */
    FlowOpener opener() {
        return opener;
    }

    /** Takes a packet that has just come in. */
    void receive(Port port, Packet packet) {
        Defect defect = ip.wrap(packet.bytes(), Packet.OFFSET, packet.length());
        if (defect != Defect.NONE) {
            counters.received(1);
            counters.dropped(defect.reason(), 1);
            return;
        }
        packet.shorten(ip.length()).packets(ip.packetsOf(packet.segmentSize()));
        counters.received(packet.packets());
        Reason objection = Arrival.objection(port, ip);
        if (objection != null) {
            counters.dropped(objection, packet.packets());
        } else if (!ip.isFragment()) {
            carry(port, packet);
        } else if (isCompletedBy(port)) {
            carry(port, datagram);
        }
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

    /** Packets that wait for plugins to decide about their flows. */
    int undecidedPackets() {
        return opener.undecided().packets() + fromTunnels.undecidedPackets();
    }

    /** Takes a packet that another worker has received and counted. */
    void handed(Port port, Packet packet) {
        if (ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()) == Defect.NONE) {
            carry(port, packet);
        }
    }

    private void carry(Port port, Packet packet) {
        if (!Arrival.isError(ip)) {
            switch (port) {
                case TunnelPort tunnel -> fromTunnels.packet(tunnel, ip, packet);
                case DevicePort device -> fromDevices.packet(device, ip, packet);
            }
        } else if (isSoundError(packet)) {
            switch (port) {
                case TunnelPort tunnel -> fromTunnels.error(tunnel, ip, quoted, packet);
                case DevicePort device -> fromDevices.error(device, ip, quoted, packet);
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
}
