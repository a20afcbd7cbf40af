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
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.EchoMessage;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Forwards one worker's echo requests for real: the request leaves by a socket of the host, with
 * one hop less to live, and the initiator hears what the network answers, be it a reply or an error
 * of a router on the way.
 *
 * <p>Confined to one worker.
 */
public final class EchoUpgrader {
    private static final int ECHO_REQUEST_4 = 8;
    private static final int ECHO_REPLY_4 = 0;
    private static final int ECHO_REQUEST_6 = 128;
    private static final int ECHO_REPLY_6 = 129;
    private static final int HEADER = 8;
    private static final int IDENTIFIER = 4;
    private static final int TTL = 64;
    private static final int LARGEST = 65_535;

    /** All workers' raw sockets hear each other's replies. */
    private static final AtomicInteger LAST_IDENTIFIER =
            new AtomicInteger(ThreadLocalRandom.current().nextInt());

    private final FlowTable table;
    private final Poller poller;
    private final NanoClock clock;
    private final Runnable cycle;
    private final PacketCounters counters;
    private final Answers answers;
    private final Outlet outlet;
    private final EchoSocket kind4;
    private final EchoSocket kind6;

    private final DatagramReader reader = new DatagramReader(8, LARGEST);
    private final DatagramError error = new DatagramError();
    private final SocketAddressBuffer address = new SocketAddressBuffer();
    private final ByteBuffer message = NativeMemory.allocate(LARGEST);
    private final Packet outgoing = new Packet();
    private final IpPacket outgoingIp = new IpPacket();

    public EchoUpgrader(
            FlowTable table,
            Poller poller,
            NanoClock clock,
            Runnable cycle,
            PacketCounters counters,
            Answers answers,
            Outlet outlet,
            EchoSocket kind4,
            EchoSocket kind6) {
        this.table = table;
        this.poller = poller;
        this.clock = clock;
        this.cycle = cycle;
        this.counters = counters;
        this.answers = answers;
        this.outlet = outlet;
        this.kind4 = kind4;
        this.kind6 = kind6;
    }

    /** Why no echo requests can be sent over that version of IP; {@code null} where they can. */
    public Reason obstacle(boolean ipv6) {
        return (ipv6 ? kind6 : kind4) == EchoSocket.UNAVAILABLE ? Reason.ECHO_UNAVAILABLE : null;
    }

    /**
     * Upgrades a new flow of echo requests.
     *
     * @return {@code null}, or why it cannot be
     */
    public Reason open(Flow flow, SocketOffRamp offRamp, PacketDevice ramp) {
        FlowKey key = flow.key();
        boolean ipv6 = key.isIpv6();
        EchoSocket kind = ipv6 ? kind6 : kind4;
        Reason obstacle = obstacle(ipv6);
        if (obstacle != null) {
            return obstacle;
        }
        Fd socket;
        try {
            socket = kind.open(ipv6);
        } catch (SyscallException e) {
            return Answers.reasonOf(e.errno().number());
        }
        try {
            int level = ipv6 ? SocketOptions.IPPROTO_IPV6 : SocketOptions.IPPROTO_IP;
            Syscall.setsockopt(
                    socket.number(),
                    level,
                    ipv6 ? SocketOptions.IPV6_RECVERR : SocketOptions.IP_RECVERR,
                    1);
            SocketOffRamp.Target target = offRamp.target(flow);
            int errno = SourceAddress.bind(socket.number(), target.source(), address);
            if (errno != 0) {
                socket.close();
                return Answers.reasonOf(errno);
            }
            int identifier = LAST_IDENTIFIER.incrementAndGet() & 0xffff;
            flow.path(new UpgradedEcho(this, poller, flow, ramp, target, socket, identifier));
            return null;
        } catch (UncheckedIOException noWatch) {
            socket.close();
            return Reason.DESCRIPTORS_EXHAUSTED;
        }
    }

    /**
     * Sends a request on, and counts what becomes of it.
     *
     * @param packets in which it came
     */
    void send(UpgradedEcho echo, IpPacket ip, int packets) {
        boolean ipv6 = ip.version() == 6;
        int length = Math.min(ip.transportLength(), LARGEST);
        message.put(0, ip.bytes(), ip.transportOffset(), length);
        message.put(0, (byte) (ipv6 ? ECHO_REQUEST_6 : ECHO_REQUEST_4));
        message.putShort(2, (short) 0);
        // An unprivileged socket puts its own identifier there; the kernel makes ICMPv6 checksums,
        // and ICMP's of such a socket.
        message.putShort(IDENTIFIER, (short) echo.identifier());
        message.putShort(2, (short) ~InternetChecksum.sum(message, 0, length));
        // RFC 1812 section 5.3.1: one hop less. One that has none left was answered before it came
        // here.
        int hopLimit = ip.timeToLive() - 1;
        if (echo.changeHopLimit(hopLimit)) {
            Syscall.setsockopt(
                    echo.socket(),
                    ipv6 ? SocketOptions.IPPROTO_IPV6 : SocketOptions.IPPROTO_IP,
                    ipv6 ? SocketOptions.IPV6_UNICAST_HOPS : SocketOptions.IP_TTL,
                    hopLimit);
        }
        if (!echo.isConnected()) {
            address.set(echo.target().high(), echo.target().low(), 0);
            int result = Syscall.connect(echo.socket(), address.address(), address.length());
            if (result < 0) {
                Reason reason = Answers.reasonOf(-result);
                if (answers.refuse(ip, reason, echo.ramp())) {
                    counters.answered(packets);
                } else {
                    counters.dropped(reason, packets);
                }
                return;
            }
            echo.connected();
        }
        int sent = Syscall.send(echo.socket(), NativeMemory.address(message), length, 0);
        if (sent < 0) {
            // An error that the network reported before is told once more here and is on its way to
            // the initiator already.
            sent = Syscall.send(echo.socket(), NativeMemory.address(message), length, 0);
        }
        if (sent == length) {
            counters.carried(packets);
        } else {
            counters.dropped(Reason.SOCKET_ERROR, packets);
        }
    }

    void ready(UpgradedEcho echo, int events) {
        cycle.run();
        if ((events & Poller.ERROR) != 0) {
            readErrors(echo);
        }
        int count = reader.receive(echo.socket());
        for (int i = 0; i < count && !echo.flow().isClosed(); i++) {
            reply(echo, reader.bytes(), reader.offset(i), reader.length(i));
        }
        echo.ramp().flush();
    }

    private void reply(UpgradedEcho echo, ByteBuffer bytes, int offset, int length) {
        boolean ipv6 = echo.flow().key().isIpv6();
        int at = offset;
        int left = length;
        if (!ipv6 && kind4 == EchoSocket.RAW && left > 0) {
            // raw(7): IPv4 raw sockets get the IP header as well.
            int header = (bytes.get(at) & 0xf) * 4;
            at += header;
            left -= header;
        }
        if (left < HEADER || (bytes.get(at) & 0xff) != (ipv6 ? ECHO_REPLY_6 : ECHO_REPLY_4)) {
            return;
        }
        if (!isOurs(echo, bytes, at)) {
            return;
        }
        FlowKey key = echo.flow().key();
        int whole = Withheld.headerLength(echo.flow()) + left;
        if (Withheld.is(echo.flow(), 1, whole, clock.nanoTime(), counters)) {
            return;
        }
        echo.flow().count(Direction.FROM_TARGET, 1, left, clock.nanoTime());
        table.seen(echo.flow());
        int packetLength =
                EchoMessage.write(
                        false,
                        key.destinationHigh(),
                        key.destinationLow(),
                        key.sourceHigh(),
                        key.sourceLow(),
                        key.sourcePort(),
                        bytes.getShort(at + 6) & 0xffff,
                        TTL,
                        0,
                        bytes,
                        at + HEADER,
                        left - HEADER,
                        outgoing.bytes(),
                        Packet.OFFSET);
        outlet.send(outgoing.plain(packetLength), key, echo.ramp());
    }

    private void readErrors(UpgradedEcho echo) {
        for (int length = error.receive(echo.socket());
                length >= 0;
                length = error.receive(echo.socket())) {
            if (error.origin() != DatagramError.LOCAL
                    && length >= HEADER
                    && isOurs(echo, error.bytes(), 0)) {
                tell(echo, length);
            }
        }
    }

    /** raw(7): a raw socket sees what concerns every other one to the same target as well. */
    private boolean isOurs(UpgradedEcho echo, ByteBuffer message, int at) {
        EchoSocket kind = echo.flow().key().isIpv6() ? kind6 : kind4;
        return kind != EchoSocket.RAW
                || (message.getShort(at + IDENTIFIER) & 0xffff) == echo.identifier();
    }

    /**
     * Repeats a router's or the target's error, in its name, about the request as the initiator
     * sent it.
     */
    private void tell(UpgradedEcho echo, int length) {
        FlowKey key = echo.flow().key();
        int packetLength =
                EchoMessage.write(
                        true,
                        key.sourceHigh(),
                        key.sourceLow(),
                        key.destinationHigh(),
                        key.destinationLow(),
                        key.sourcePort(),
                        error.bytes().getShort(6) & 0xffff,
                        TTL,
                        0,
                        error.bytes(),
                        HEADER,
                        length - HEADER,
                        outgoing.bytes(),
                        Packet.OFFSET);
        outgoingIp.wrap(outgoing.bytes(), Packet.OFFSET, packetLength);
        answers.errorFrom(
                outgoingIp,
                error.type(),
                error.code(),
                error.info(),
                error.offenderHigh(),
                error.offenderLow(),
                echo.ramp());
    }

    PacketCounters counters() {
        return counters;
    }
}
