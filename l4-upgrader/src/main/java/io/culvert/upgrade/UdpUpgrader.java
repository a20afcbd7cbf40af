package io.culvert.upgrade;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.linux.DatagramError;
import io.culvert.linux.DatagramReader;
import io.culvert.linux.DatagramWriter;
import io.culvert.linux.Errno;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IcmpType;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.UdpDatagram;
import io.culvert.wire.UdpHeader;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * Upgrades one worker's UDP flows without any kernel in between: headers are taken off and the
 * payload leaves by a socket of the host, and the same backwards. Datagrams of a cycle leave
 * together, those of one flow as one call (UDP_SEGMENT), and come in the same way (recvmmsg(2),
 * UDP_GRO).
 *
 * <p>Errors that the network reports about a datagram (ip(7), IP_RECVERR) become ICMP errors to the
 * initiator, quoting a datagram as the initiator sent it.
 *
 * <p>Confined to one worker.
 */
public final class UdpUpgrader {
    private static final int BATCH = 32;
    private static final int LARGEST = 65_535;
    private static final int ARENA = 1024 * 1024;
    private static final int TTL = 64;

    private final FlowTable table;
    private final Poller poller;
    private final NanoClock clock;
    private final Runnable cycle;
    private final PacketCounters counters;
    private final Answers answers;
    private final UdpOwners owners;
    private final Outlet outlet;
    private final int worker;
    private final Map<UdpSession.Key, UdpSession> sessions = new HashMap<>();
    private final Map<Integer, UdpSession> bySocket = new HashMap<>();

    private final DatagramReader reader = new DatagramReader(BATCH, LARGEST);
    private final DatagramWriter writer = new DatagramWriter(256, ARENA, this::notSent);
    private final DatagramError error = new DatagramError();
    private final Packet outgoing = new Packet();
    private final IpPacket outgoingIp = new IpPacket();
    private final FlowKey key = new FlowKey();

    public UdpUpgrader(
            FlowTable table,
            Poller poller,
            NanoClock clock,
            Runnable cycle,
            PacketCounters counters,
            Answers answers,
            UdpOwners owners,
            Outlet outlet,
            int worker) {
        this.table = table;
        this.poller = poller;
        this.clock = clock;
        this.cycle = cycle;
        this.counters = counters;
        this.answers = answers;
        this.owners = owners;
        this.outlet = outlet;
        this.worker = worker;
    }

    /** The worker that is to upgrade a flow which is not there yet. */
    public int owner(FlowKey flow) {
        return owners.owner(initiator(flow, flow.isIpv6()), worker);
    }

    private static UdpSession.Initiator initiator(FlowKey of, boolean ipv6) {
        return new UdpSession.Initiator(
                of.tenant(), of.sourceHigh(), of.sourceLow(), of.sourcePort(), ipv6);
    }

    /**
     * Upgrades a new flow.
     *
     * @return {@code null}, or why it cannot be
     */
    public Reason open(Flow flow, SocketOffRamp offRamp, PacketDevice ramp) {
        SocketOffRamp.Target target = offRamp.target(flow);
        // The host's resolver may be of the other family than the address that stands for it.
        boolean ipv6 = target.isIpv6();
        UdpSession.Key of =
                new UdpSession.Key(
                        initiator(flow.key(), ipv6),
                        target.source(),
                        SocketOffRamp.hasUpstream(flow) ? flow.id() : 0);
        UdpSession session = sessions.get(of);
        if (session == null) {
            int socket = UdpSockets.open(ipv6, target.source());
            if (socket < 0) {
                return Answers.reasonOf(-socket);
            }
            try {
                session = new UdpSession(this, poller, of, flow.tenant(), socket);
            } catch (UncheckedIOException noWatch) {
                Syscall.close(socket);
                return Reason.DESCRIPTORS_EXHAUSTED;
            }
            sessions.put(of, session);
            owners.claim(of.initiator(), worker);
            bySocket.put(socket, session);
        }
        UpgradedUdp upgraded = new UpgradedUdp(session, flow, target, ramp);
        session.add(upgraded);
        flow.path(upgraded);
        return null;
    }

    /** Upgrades a new flow whose datagrams somebody on the worker takes. */
    public void open(Flow flow, DatagramTakeover takeover, PacketDevice ramp) {
        TakenUdp taken = new TakenUdp(this, flow, takeover, ramp);
        flow.path(taken);
        takeover.take(taken);
    }

    /** Sends what the cycle has queued. */
    public void flush() {
        writer.flush();
    }

    /** Sockets open. */
    public int sessions() {
        return sessions.size();
    }

    void ready(UdpSession session, int events) {
        cycle.run();
        if ((events & Poller.ERROR) != 0) {
            readErrors(session);
        }
        int count = reader.receive(session.socket());
        for (int i = 0; i < count; i++) {
            UpgradedUdp upgraded =
                    session.flowTo(reader.sourceHigh(i), reader.sourceLow(i), reader.sourcePort(i));
            if (upgraded != null) {
                reply(
                        upgraded.flow(),
                        reader.bytes(),
                        reader.offset(i),
                        reader.length(i),
                        reader.segmentSize(i),
                        reader.trafficClass(i),
                        upgraded.ramp());
                upgraded.ramp().flush();
            }
        }
    }

    /** The flow, by the name that its initiator has for the target. */
    UpgradedUdp find(UdpSession.Initiator initiator, long high, long low, int port) {
        key.set(
                initiator.tenant(),
                IpProtocol.UDP,
                initiator.high(),
                initiator.low(),
                initiator.port(),
                high,
                low,
                port);
        Flow flow = table.find(key);
        return flow != null && flow.path() instanceof UpgradedUdp upgraded ? upgraded : null;
    }

    /**
     * A flow's initiator is sent a datagram, or several of {@code segmentSize} bytes in one;
     * counted as the target's.
     */
    void reply(
            Flow flow,
            ByteBuffer payload,
            int offset,
            int length,
            int segmentSize,
            int trafficClass,
            PacketDevice ramp) {
        // An empty datagram is one too (RFC 768).
        int packets = length <= segmentSize ? 1 : (length + segmentSize - 1) / segmentSize;
        int bytes = length + packets * (UdpHeader.LENGTH + Withheld.headerLength(flow));
        if (Withheld.is(flow, packets, bytes, now(), counters)) {
            return;
        }
        flow.count(Direction.FROM_TARGET, packets, length, now());
        table.seen(flow);
        toInitiator(flow.key(), payload, offset, length, segmentSize, trafficClass, ramp);
    }

    /**
     * Sends the initiator a datagram of its target, or several of {@code segmentSize} bytes that
     * came as one.
     */
    private void toInitiator(
            FlowKey flow,
            ByteBuffer payload,
            int offset,
            int length,
            int segmentSize,
            int trafficClass,
            PacketDevice ramp) {
        int headers = UdpDatagram.payloadOffset(flow.sourceHigh(), flow.sourceLow());
        if (headers + Math.min(segmentSize, length) > ramp.mtu()) {
            int step = Math.max(segmentSize, 1);
            for (int done = 0; done < length; done += step) {
                inFragments(
                        flow,
                        payload,
                        offset + done,
                        Math.min(step, length - done),
                        trafficClass,
                        ramp);
            }
            return;
        }
        boolean several = segmentSize < length;
        outgoing.plain(write(flow, payload, offset, length, trafficClass, true));
        outgoing.partialChecksum(headers - UdpHeader.LENGTH, UdpHeader.CHECKSUM);
        if (several) {
            outgoing.segments(Packet.Segmentation.UDP, segmentSize, headers);
        }
        if (ramp.send(outgoing) == PacketDevice.Sent.TAKEN) {
            counters.returned(several ? (length + segmentSize - 1) / segmentSize : 1);
        }
    }

    /**
     * A target's datagram that is longer than the on-ramp's MTU: we stand in for the target, so we
     * cut it (RFC 791, 8200).
     */
    private void inFragments(
            FlowKey flow,
            ByteBuffer payload,
            int offset,
            int length,
            int trafficClass,
            PacketDevice ramp) {
        outgoing.plain(write(flow, payload, offset, length, trafficClass, false));
        outlet.send(outgoing, flow, ramp);
    }

    private int write(
            FlowKey flow,
            ByteBuffer payload,
            int offset,
            int length,
            int trafficClass,
            boolean checksumPartial) {
        return UdpDatagram.write(
                flow.destinationHigh(),
                flow.destinationLow(),
                flow.destinationPort(),
                flow.sourceHigh(),
                flow.sourceLow(),
                flow.sourcePort(),
                TTL,
                trafficClass,
                payload,
                offset,
                length,
                checksumPartial,
                outgoing.bytes(),
                Packet.OFFSET);
    }

    /** Datagrams that are queued already leave with the old hop limit. */
    void hopLimit(UdpSession session, int limit) {
        boolean ipv6 = session.initiator().ipv6();
        writer.flush();
        Syscall.setsockopt(
                session.socket(),
                ipv6 ? SocketOptions.IPPROTO_IPV6 : SocketOptions.IPPROTO_IP,
                ipv6 ? SocketOptions.IPV6_UNICAST_HOPS : SocketOptions.IP_TTL,
                limit);
    }

    private void readErrors(UdpSession session) {
        for (int length = error.receive(session.socket());
                length >= 0;
                length = error.receive(session.socket())) {
            UpgradedUdp flow =
                    session.flowTo(
                            error.destinationHigh(),
                            error.destinationLow(),
                            error.destinationPort());
            if (flow != null) {
                tell(flow, length);
            }
        }
    }

    /**
     * Repeats the network's error to the initiator about the datagram as the initiator knows it.
     */
    private void tell(UpgradedUdp upgraded, int length) {
        FlowKey flow = upgraded.flow().key();
        PacketDevice ramp = upgraded.ramp();
        quote(flow, error.bytes(), 0, length);
        if (upgraded.isRedirected()) {
            // Who reports it, and in which family, is the host's own affair.
            answers.refuse(outgoingIp, Answers.reasonOf(error.errno()), ramp);
            return;
        }
        boolean ipv6 = flow.isIpv6();
        int type;
        int code;
        int info = 0;
        if (error.origin() == DatagramError.LOCAL && error.errno() != Errno.EMSGSIZE.number()) {
            answers.refuse(outgoingIp, Answers.reasonOf(error.errno()), ramp);
            return;
        } else if (error.errno() == Errno.EMSGSIZE.number()) {
            type = ipv6 ? IcmpType.V6_PACKET_TOO_BIG : IcmpType.UNREACHABLE;
            code = ipv6 ? 0 : IcmpType.FRAGMENTATION_NEEDED;
            info = error.info();
        } else {
            type = error.type();
            code = error.code();
        }
        if (error.origin() == DatagramError.LOCAL) {
            answers.error(outgoingIp, type, code, info, ramp);
        } else {
            answers.errorFrom(
                    outgoingIp, type, code, info, error.offenderHigh(), error.offenderLow(), ramp);
        }
    }

    /**
     * A datagram that never left. Of a missing route the kernel keeps no note in the error queue
     * (ip(7), IP_RECVERR), so it is told here, once for datagrams that were sent together.
     */
    private void notSent(int socket, long high, long low, int port, int errno, int datagrams) {
        boolean unreachable = isUnreachable(errno);
        counters.lost(unreachable ? Reason.DIAL_UNREACHABLE : Reason.SOCKET_ERROR, datagrams);
        UdpSession session = bySocket.get(socket);
        UpgradedUdp flow =
                unreachable && datagrams > 0 && session != null
                        ? session.flowTo(high, low, port)
                        : null;
        if (flow != null) {
            // The payload is gone. RFC 792 asks for eight bytes of it all, which the header is.
            quote(flow.flow().key(), error.bytes(), 0, 0);
            answers.refuse(outgoingIp, Reason.DIAL_UNREACHABLE, flow.ramp());
        }
    }

    private static boolean isUnreachable(int errno) {
        return switch (Errno.of(errno)) {
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN -> true;
            default -> false;
        };
    }

    private void quote(FlowKey flow, ByteBuffer payload, int offset, int length) {
        int packetLength =
                UdpDatagram.write(
                        flow.sourceHigh(),
                        flow.sourceLow(),
                        flow.sourcePort(),
                        flow.destinationHigh(),
                        flow.destinationLow(),
                        flow.destinationPort(),
                        TTL,
                        0,
                        payload,
                        offset,
                        length,
                        false,
                        outgoing.bytes(),
                        Packet.OFFSET);
        outgoing.plain(packetLength);
        outgoingIp.wrap(outgoing.bytes(), Packet.OFFSET, packetLength);
    }

    DatagramWriter writer() {
        return writer;
    }

    FlowTable table() {
        return table;
    }

    PacketCounters counters() {
        return counters;
    }

    long now() {
        return clock.nanoTime();
    }

    /** Who comes next was woken by something that the worker's cycle knows nothing of. */
    void refresh() {
        cycle.run();
    }

    void forget(UdpSession session) {
        sessions.remove(session.key(), session);
        owners.release(session.initiator(), worker);
        bySocket.remove(session.socket());
    }
}
