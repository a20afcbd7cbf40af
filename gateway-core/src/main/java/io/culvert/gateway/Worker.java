package io.culvert.gateway;

import io.culvert.flow.CycleClock;
import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.gateway.policy.Policy;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.SlotPool;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.Answers;
import io.culvert.upgrade.Dialer;
import io.culvert.upgrade.EchoUpgrader;
import io.culvert.upgrade.PacketPath;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.upgrade.Splicer;
import io.culvert.upgrade.TcpUpgrader;
import io.culvert.upgrade.UdpOwners;
import io.culvert.upgrade.UdpUpgrader;
import io.culvert.upgrade.UpgradeNamespace;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One thread that carries packets: parse, find the flow, obey its decision; for the first packet of
 * a flow, decide.
 *
 * <pre>
 *   on-ramp --> parse --> known flow? --yes--> its path
 *                 |            no
 *                 |             '--> policy --> refuse: RST, ICMP or silence
 *                 '--> drop               '---> upgrade: TCP, UDP or echo upgrader
 * </pre>
 *
 * <p>Every packet received is carried, answered or dropped with a reason, and counted as that
 * ({@link PacketCounters}).
 *
 * <p>Threading: everything runs on the worker's own loop, but for what its {@link Poller} and
 * {@link Inbox} bring there.
 */
final class Worker {
    /** Packets taken from one device before others have their turn. */
    private static final int BUDGET = 64;

    /** How often time limits are looked at. */
    private static final long TICK_MILLIS = 100;

    /** The kernel's TIME-WAIT inside the namespace, and a little. */
    private static final long SLOT_HOLD_DOWN_NANOS = 65_000_000_000L;

    /**
     * A SYN is kept until its dial has succeeded, and thousands may be. RFC 7413 section 4.2: one
     * with data that is lost comes again without.
     */
    private static final int LONGEST_HELD_SYN = 4096;

    private final int index;
    private final Shared shared;
    private final Poller poller;
    private final PacketCounters counters = new PacketCounters();
    private final Answers answers;
    private final TcpUpgrader tcp;
    private final UdpUpgrader udp;
    private final EchoUpgrader echo;
    private final Inbox inbox;

    private final IpPacket ip = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final FlowKey key = new FlowKey();
    private final Map<String, TunnelPort> ports = new HashMap<>();
    private boolean draining;

    /**
     * What all workers share.
     *
     * @param offRamps the socket off-ramps by name
     * @param peers every worker, by index
     */
    record Shared(
            FlowTable table,
            CycleClock clock,
            Policy policy,
            Map<String, SocketOffRamp> offRamps,
            Limits limits,
            UdpOwners udpOwners,
            Identifications identifications,
            List<Worker> peers) {}

    /** A worker's own numbers. */
    record Limits(
            int slots,
            int dials,
            long dialTimeoutNanos,
            long halfClosedNanos,
            int relayBuffer,
            Duration idle) {}

    Worker(
            int index,
            Shared shared,
            Poller poller,
            UpgradeNamespace.Entrance entrance,
            EchoSockets echoSockets) {
        this.index = index;
        this.shared = shared;
        this.poller = poller;
        CycleClock clock = shared.clock();
        Limits limits = shared.limits();
        answers = new Answers(clock, counters);
        inbox = new Inbox(() -> poller.execute(this::readInbox));
        tcp =
                new TcpUpgrader(
                        shared.table(),
                        entrance,
                        poller,
                        clock,
                        clock::refresh,
                        counters,
                        answers,
                        new SlotPool(limits.slots(), SLOT_HOLD_DOWN_NANOS),
                        new Dialer(
                                poller, limits.dialTimeoutNanos(), limits.dials(), limits.idle()),
                        new Splicer(poller, limits.relayBuffer()));
        udp =
                new UdpUpgrader(
                        shared.table(),
                        poller,
                        clock,
                        clock::refresh,
                        counters,
                        answers,
                        shared.udpOwners(),
                        shared.identifications(),
                        index);
        echo =
                new EchoUpgrader(
                        shared.table(),
                        poller,
                        clock,
                        clock::refresh,
                        counters,
                        answers,
                        echoSockets.ipv4(),
                        echoSockets.ipv6());
    }

    /** Begins to take connections and to watch time limits; on the worker's thread. */
    void start() {
        tcp.start();
        poller.every(TICK_MILLIS, this::tick);
    }

    /** Begins to take packets from an on-ramp's device; on the worker's thread. */
    void attach(TunnelPort port) {
        ports.put(port.onRamp(), port);
        PacketDevice.PacketHandler handler = packet -> fromTunnel(port, packet);
        poller.watch(
                port.device().descriptor(),
                Poller.IN,
                events -> {
                    shared.clock().refresh();
                    try {
                        port.device().receive(handler, BUDGET);
                    } finally {
                        // Nothing may wait beyond this cycle: a queued datagram names its socket by
                        // number.
                        tcp.flush();
                        udp.flush();
                        port.device().flush();
                    }
                });
    }

    /** From now on no flow is opened. */
    void drain() {
        draining = true;
    }

    /** Ends every flow of this worker, and opens no other. */
    void closeFlows() {
        draining = true;
        shared.clock().refresh();
        // Resets first, and out of the namespace with them: a flow that is closed carries nothing.
        own(flow -> tcp.reset(flow, Reason.SHUTDOWN));
        tcp.deliver();
        own(flow -> shared.table().close(flow, Reason.SHUTDOWN));
    }

    private void own(Consumer<Flow> task) {
        shared.table()
                .forEach(
                        flow -> {
                            if (flow.worker() == index) {
                                task.accept(flow);
                            }
                        });
    }

    /** Frees what is left once the loop has ended. */
    void close() {
        tcp.close();
    }

    Poller poller() {
        return poller;
    }

    PacketCounters counters() {
        return counters;
    }

    /** What this worker holds now; asked on its own thread. */
    WorkerStatus status() {
        return new WorkerStatus(
                index, tcp.relays(), tcp.dials(), tcp.slotsUsed(), tcp.pipes(), udp.sessions());
    }

    /** A flow of this worker's has outlived its time-out. */
    void expire(Flow flow) {
        if (flow.key().protocol() == IpProtocol.TCP && flow.path() != null) {
            tcp.expire(flow);
        } else {
            shared.table().close(flow, Reason.IDLE);
        }
    }

    private void tick() {
        shared.clock().refresh();
        tcp.tick(shared.limits().halfClosedNanos());
        if (index == 0) {
            shared.table().expire();
        }
    }

    private void readInbox() {
        shared.clock().refresh();
        inbox.drain(this::handed);
        tcp.flush();
        udp.flush();
    }

    private void fromTunnel(TunnelPort port, Packet packet) {
        Defect defect = ip.wrap(packet.bytes(), Packet.OFFSET, packet.length());
        if (defect != Defect.NONE) {
            counters.received(1);
            counters.dropped(defect.reason(), 1);
            return;
        }
        int packets = ip.packetsOf(packet.segmentSize());
        counters.received(packets);
        // RFC 4942 section 2.2: on the wire these are nobody's, and here they would be an IPv4
        // flow's.
        if (ip.version() == 6
                && (IpAddress.isIpv4(ip.sourceHigh(), ip.sourceLow())
                        || IpAddress.isIpv4(ip.destinationHigh(), ip.destinationLow()))) {
            counters.dropped(Reason.NOT_UNICAST, packets);
            return;
        }
        carry(port, packet, packets);
    }

    /** A packet that another worker received and counted. */
    private void handed(TunnelPort port, Packet packet) {
        if (ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()) == Defect.NONE) {
            // Replies leave by this worker's own queue, where it has one.
            carry(
                    ports.getOrDefault(port.onRamp(), port),
                    packet,
                    ip.packetsOf(packet.segmentSize()));
        }
    }

    private void carry(TunnelPort port, Packet packet, int packets) {
        if (ip.isFragment()) {
            counters.dropped(Reason.FRAGMENT, packets);
        } else if (ip.icmp() != null && ip.icmp().isError()) {
            error(port, packet);
        } else {
            key.set(
                    port.tenant().id(),
                    ip.protocol(),
                    ip.sourceHigh(),
                    ip.sourceLow(),
                    ip.sourcePort(),
                    ip.destinationHigh(),
                    ip.destinationLow(),
                    ip.destinationPort());
            Flow flow = shared.table().find(key);
            if (flow == null) {
                open(port, packet, packets);
            } else {
                carry(flow, port, packet, packets);
            }
        }
    }

    private void carry(Flow flow, TunnelPort port, Packet packet, int packets) {
        if (flow.worker() != index) {
            handOver(flow.worker(), port, packet, packets);
        } else {
            known(flow, port, packet, packets);
        }
    }

    private void known(Flow flow, TunnelPort port, Packet packet, int packets) {
        if (ip.timeToLive() <= 1) {
            // As for the first one: RFC 1812 section 5.3.1. mtr sends such again and again.
            refuse(port, packets, Reason.TIME_EXCEEDED, true);
            return;
        }
        flow.count(Direction.FROM_INITIATOR, packets, ip.length(), shared.clock().nanoTime());
        if (((PacketPath) flow.path()).packet(ip, packet)) {
            shared.table().seen(flow);
        } else {
            open(port, packet, packets);
        }
    }

    private void handOver(int worker, TunnelPort port, Packet packet, int packets) {
        if (!shared.peers().get(worker).inbox.offer(port, packet)) {
            counters.dropped(Reason.QUEUE_FULL, packets);
        }
    }

    /** An ICMP error about a packet that we sent to an initiator: RFC 5508 REQ-3 to REQ-5. */
    private void error(TunnelPort port, Packet packet) {
        int at = ip.icmp().payloadOffset();
        int available = ip.start() + ip.length() - at;
        if (!packet.checksumPartial() && !ip.transportChecksumValid()) {
            counters.dropped(Reason.BAD_CHECKSUM, 1);
            return;
        }
        Defect defect = quoted.wrapQuoted(packet.bytes(), at, available);
        if (defect != Defect.NONE) {
            counters.dropped(defect.reason(), 1);
            return;
        }
        // The quoted packet went the other way: its destination is the initiator.
        key.set(
                port.tenant().id(),
                quoted.protocol(),
                /* sourceHigh= */ quoted.destinationHigh(),
                /* sourceLow= */ quoted.destinationLow(),
                /* sourcePort= */ quoted.destinationPort(),
                /* destinationHigh= */ quoted.sourceHigh(),
                /* destinationLow= */ quoted.sourceLow(),
                /* destinationPort= */ quoted.sourcePort());
        Flow flow = shared.table().find(key);
        if (flow != null && flow.worker() != index) {
            handOver(flow.worker(), port, packet, 1);
        } else if (flow != null && ((PacketPath) flow.path()).error(ip, quoted, packet)) {
            counters.carried(1);
        } else {
            counters.dropped(Reason.UNMATCHED_ERROR, 1);
        }
    }

    /** The first packet of a flow, if it may be one. */
    private void open(TunnelPort port, Packet packet, int packets) {
        if (!ip.isUnicast()) {
            counters.dropped(Reason.NOT_UNICAST, packets);
            return;
        }
        // RFC 1122 section 3.2.1.3 (g), RFC 4291 section 2.5.3: loopback never crosses a link, nor
        // does a packet to oneself.
        if (IpAddress.isLoopback(ip.sourceHigh(), ip.sourceLow())
                || IpAddress.isLoopback(ip.destinationHigh(), ip.destinationLow())
                || (ip.sourceLow() == ip.destinationLow()
                        && ip.sourceHigh() == ip.destinationHigh())) {
            counters.dropped(Reason.MARTIAN, packets);
            return;
        }
        FlowDecision decision =
                shared.policy()
                        .decide(
                                port.tenant().name(),
                                ip.protocol(),
                                ip.sourceHigh(),
                                ip.sourceLow(),
                                ip.destinationHigh(),
                                ip.destinationLow(),
                                ip.destinationPort());
        switch (decision) {
            case FlowDecision.Refuse refuse ->
                    refuse(port, packets, refuse.reason(), refuse.answered());
            case FlowDecision.Forward forward -> refuse(port, packets, Reason.NO_ROUTE, true);
            case FlowDecision.Upgrade upgrade -> upgrade(port, packet, packets, upgrade);
        }
    }

    private void upgrade(
            TunnelPort port, Packet packet, int packets, FlowDecision.Upgrade decision) {
        Reason obstacle = obstacle();
        if (obstacle != null) {
            refuse(port, packets, obstacle, true);
            return;
        }
        int owner = ip.protocol() == IpProtocol.UDP ? udp.owner(key) : index;
        if (owner != index) {
            handOver(owner, port, packet, packets);
            return;
        }
        switch (shared.table().open(key, port.tenant(), index, decision)) {
            case FlowTable.Opening.Refused refused -> refuse(port, packets, refused.reason(), true);
            case FlowTable.Opening.Found found -> carry(found.flow(), port, packet, packets);
            case FlowTable.Opening.Opened opened ->
                    upgrade(
                            opened.flow(),
                            port,
                            packet,
                            packets,
                            shared.offRamps().get(decision.via()));
        }
    }

    private void upgrade(
            Flow flow, TunnelPort port, Packet packet, int packets, SocketOffRamp offRamp) {
        flow.count(Direction.FROM_INITIATOR, packets, ip.length(), shared.clock().nanoTime());
        if (flow.key().protocol() == IpProtocol.TCP) {
            tcp.open(flow, offRamp, ip, packet, port.device());
            return;
        }
        Reason failure =
                flow.key().protocol() == IpProtocol.UDP
                        ? udp.open(flow, offRamp, port.device())
                        : echo.open(flow, offRamp, port.device());
        if (failure == null) {
            ((PacketPath) flow.path()).packet(ip, packet);
        } else {
            shared.table().close(flow, failure);
            refuse(port, packets, failure, true);
        }
    }

    /** Why this packet cannot open an upgraded flow; {@code null} where it can. */
    private Reason obstacle() {
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
                    case IpProtocol.ICMP, IpProtocol.ICMPV6 ->
                            ip.icmp() != null && ip.icmp().isEchoRequest();
                    default -> false;
                };
        return opens ? null : Reason.NO_FLOW;
    }

    private void refuse(TunnelPort port, int packets, Reason reason, boolean answer) {
        if (answer && answered(port, reason)) {
            counters.answered(packets);
        } else {
            counters.dropped(reason, packets);
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
