package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Arrays;
import java.util.List;

/** Source translation changes what it has to and leaves everything else as it is. */
@Timeout(60)
class SourceNatHeadersTest {
    private static final int CLIENT_PORT = 5_000;
    private static final int CLOSED_PORT = 9;
    private static final int HOPS = 64;

    /** RFC 768: a sender that does without a checksum is not given one. */
    @Test
    void leavesAChecksumAwayThatIsNotThere() throws Exception {
        Family family = Family.IPV4;
        try (Topology topology = open();
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE)) {
            int port = echo.address().getPort();
            byte[] packet = packet(family).udp(CLIENT_PORT, port, new byte[10]);
            ByteBuffer.wrap(packet).putShort(26, (short) 0);
            ramp.send(packet);

            IpPacket there = wire.await("it", ip -> ip.destinationPort() == port);
            assertEquals(0, there.udp().checksum());
            Eventually.equal(1, "taken", echo::received);
        }
    }

    /** RFC 1624: what arrived broken stays broken, so that its receiver finds out. */
    @ParameterizedTest
    @EnumSource
    void repairsNoWrongChecksum(Family family) throws Exception {
        try (Topology topology = open();
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE)) {
            int port = echo.address().getPort();
            ramp.send(packet(family).udpWithWrongChecksum(CLIENT_PORT, port, new byte[10]));

            IpPacket there = wire.await("it", ip -> ip.destinationPort() == port);
            assertFalse(Decoded.of(there).checksumsRight());
            ramp.send(packet(family).udp(CLIENT_PORT, port, new byte[11]));
            Eventually.holds("the next", () -> echo.received() >= 1);
            assertEquals(1, echo.received());
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.1-a")
    @Tag("rfc1812-5.3.3.3-b")
    void isOneHopAndKeepsTheTrafficClassBothWays(Family family) throws Exception {
        int mark = 46 << 2 | 3;
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket lan = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP);
                RawSocket server = RawSocket.on(topology.server(), family, family.offRamp())) {
            byte[] sent = packet(family).udp(CLIENT_PORT, CLOSED_PORT, new byte[10]);
            ramp.send(RawPacket.trafficClass(sent, mark));
            IpPacket out = lan.await("it", ip -> ip.destinationPort() == CLOSED_PORT);
            assertEquals(HOPS - 1, out.timeToLive());
            assertEquals(mark, out.trafficClass());
            int mapped = out.sourcePort();

            byte[] answer =
                    new RawPacket(family.server(), family.offRamp())
                            .udp(CLOSED_PORT, mapped, new byte[11]);
            server.send(RawPacket.trafficClass(answer, mark));
            IpPacket in = ramp.await("the answer", ip -> ip.sourcePort() == CLOSED_PORT);
            // The gateway's host is a hop as well.
            assertEquals(HOPS - 2, in.timeToLive());
            assertEquals(mark, in.trafficClass());
            assertTrue(Decoded.of(in).checksumsRight());
        }
    }

    /** RFC 791 section 3.1, RFC 8200 section 4.6: the transport header comes later. */
    @ParameterizedTest
    @EnumSource
    void findsPortsBehindOptions(Family family) throws Exception {
        try (Topology topology = open();
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            byte[] payload = new Content(1).bytes(100);
            ramp.send(withOptions(packet(family).udp(CLIENT_PORT, port, payload)));

            ByteBuffer received = ByteBuffer.allocate(200);
            InetSocketAddress source = (InetSocketAddress) server.receive(received);
            assertEquals(family.offRamp(), source.getAddress());
            assertEquals(ByteBuffer.wrap(payload), received.flip());
        }
    }

    /** RFC 8200 section 4.4: we are not the one that the routing header is for. */
    @Test
    @Tag("rfc8200-4.4-b")
    void refusesARoutingHeaderThatLeadsFurther() throws Exception {
        Family family = Family.IPV6;
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket lan = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP)) {
            RawPacket packet = packet(family);
            ramp.send(withRoutingHeader(packet.udp(CLIENT_PORT, CLOSED_PORT, new byte[10]), 1));

            IpPacket error = ramp.await("an error", ip -> ip.icmp() != null && ip.icmp().isError());
            assertEquals(4, error.icmp().type());
            assertEquals(0, error.icmp().code());
            assertEquals(42, error.icmp().information(), "where the routing type is");

            ramp.send(withRoutingHeader(packet.udp(CLIENT_PORT, CLOSED_PORT, new byte[11]), 0));
            IpPacket out = lan.await("done", ip -> ip.destinationPort() == CLOSED_PORT);
            assertEquals(11, out.udp().length() - 8, "the first of them to leave");
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Of type 4, RFC 8754, with one segment. */
    private static byte[] withRoutingHeader(byte[] packet, int segmentsLeft) {
        byte[] routed = new byte[packet.length + 24];
        System.arraycopy(packet, 0, routed, 0, 40);
        System.arraycopy(packet, 40, routed, 64, packet.length - 40);
        routed[6] = 43;
        ByteBuffer.wrap(routed).putShort(4, (short) (routed.length - 40));
        routed[40] = packet[6];
        routed[41] = 2;
        routed[42] = 4;
        routed[43] = (byte) segmentsLeft;
        System.arraycopy(packet, 24, routed, 48, 16);
        return routed;
    }

    /** Ethernet pads what is shorter than 46 bytes (RFC 894), and a raw socket anything. */
    @ParameterizedTest
    @EnumSource
    void leavesAwayWhatALinkHasAppended(Family family) throws Exception {
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket lan = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP)) {
            byte[] packet = packet(family).udp(CLIENT_PORT, CLOSED_PORT, new byte[1]);
            ramp.send(Arrays.copyOf(packet, packet.length + 17));

            lan.await("it", ip -> ip.destinationPort() == CLOSED_PORT);
            assertEquals(packet.length, lan.received());
        }
    }

    /** RFC 5508 REQ-1: every query, and its answer. */
    @Test
    @Tag("rfc5508-req-1")
    @Tag("rfc6888-req-1")
    void carriesATimestampRequestAndItsReply() throws Exception {
        Family family = Family.IPV4;
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            ramp.send(packet(family).icmp(13, 0, 77 << 16 | 5, new byte[12]));

            IpPacket reply = ramp.await("a reply", ip -> isTimestampReply(ip));
            assertEquals(77, reply.icmp().identifier());
            assertEquals(5, reply.icmp().sequenceNumber());
            assertTrue(Decoded.of(reply).checksumsRight());
            topology.everyPacketIsAccountedFor();
        }
    }

    private static boolean isTimestampReply(IpPacket ip) {
        return ip.icmp() != null && ip.icmp().type() == 14;
    }

    /** RFC 5508 REQ-3 b: options in what an error quotes are skipped. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-3-b")
    void findsPortsBehindQuotedOptions(Family family) throws Exception {
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            byte[] sent =
                    RawPacket.dontFragment(
                            packet(family).udp(CLIENT_PORT, CLOSED_PORT, new byte[9]));
            byte[] withOptions = withOptions(sent);
            ramp.send(withOptions);

            Decoded error = Decoded.of(ramp.await("unreachable", Icmp::isUnreachable));
            assertTrue(error.checksumsRight());
            assertTrue(error.quoted().isBeginningOf(withOptions));
        }
    }

    /** RFC 4787 REQ-14: whatever the order. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-14")
    void translatesASegmentInFragments(Family family) throws Exception {
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            byte[] segment =
                    packet(family)
                            .tcp(CLIENT_PORT, CLOSED_PORT, 1, 77, RawPacket.ACK, new byte[1_000]);
            List<byte[]> fragments = RawPacket.fragments(segment, 5, 400);
            for (byte[] each : fragments.reversed()) {
                ramp.send(each);
            }

            // The server's kernel answers what it has taken: RFC 9293 section 3.10.7.1.
            IpPacket reset = ramp.await("reset", ip -> ip.tcp() != null && ip.tcp().rst());
            assertEquals(77, reset.tcp().sequenceNumber());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** By a rule's off-ramp, and by the default for what cannot be upgraded. */
    @ParameterizedTest
    @EnumSource
    void carriesWhatTheRestOfThePolicyDoesNotTake(Family family) throws Exception {
        String policy =
                """
                policy:
                  default: upgrade
                  rules:
                    - { protocol: udp, do: forward, via: lan }
                """;
        try (Topology topology = Topology.withOffRamp("", policy, "acme");
                UdpEcho udp = UdpEcho.on(topology.server(), family, family.server());
                TcpServer tcp = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            ramp.send(packet(family).udp(CLIENT_PORT, udp.address().getPort(), new byte[9]));
            Eventually.equal(1, "by rule", udp::received);
            InetSocketAddress source = (InetSocketAddress) udp.sources().iterator().next();
            assertEquals(family.offRamp(), source.getAddress());

            ramp.send(packet(family).other(253, new byte[9]));
            IpPacket other = wire.await("by default", ip -> ip.protocol() == 253);
            assertEquals(family.offRamp(), Decoded.of(other).source());
            assertArrayEquals(new byte[9], Decoded.of(other).payload());

            ramp.send(packet(family).tcp(6_000, tcp.address().getPort(), 1, 0, RawPacket.SYN));
            int port = tcp.address().getPort();
            IpPacket syn = wire.await("upgraded", ip -> ip.destinationPort() == port);
            assertEquals(family.gateway(), Decoded.of(syn).source());
        }
    }

    private static Topology open() throws java.io.IOException {
        return Topology.withOffRamp("", Topology.FORWARD_ALL, "acme");
    }

    private static RawPacket packet(Family family) {
        return new RawPacket(family.client(), family.server(), HOPS);
    }

    /** The same with options that say nothing: NOP of RFC 791, PadN of RFC 8200. */
    private static byte[] withOptions(byte[] packet) {
        boolean ipv4 = packet[0] >> 4 == 4;
        int header = ipv4 ? 20 : 40;
        int options = ipv4 ? 4 : 8;
        ByteBuffer bytes = ByteBuffer.allocate(packet.length + options);
        bytes.put(0, packet, 0, header);
        bytes.put(header + options, packet, header, packet.length - header);
        if (ipv4) {
            bytes.put(0, (byte) 0x46).putShort(2, (short) bytes.capacity());
            bytes.putInt(20, 0x0101_0101);
            bytes.putShort(10, (short) 0);
            int sum = 0;
            for (int at = 0; at < 24; at += 2) {
                sum += bytes.getShort(at) & 0xffff;
            }
            bytes.putShort(10, (short) ~((sum & 0xffff) + (sum >>> 16)));
        } else {
            bytes.putShort(4, (short) (bytes.capacity() - 40));
            bytes.put(40, packet[6]).put(41, (byte) 0).put(42, (byte) 1).put(43, (byte) 4);
            bytes.put(6, (byte) 60);
        }
        return bytes.array();
    }
}
