package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.Arrays;

/**
 * Row 12: errors that name an absurd MTU, 0 to 1,500, by somebody on the way, who sees what there
 * is to quote. Segments of an upgraded connection never become smaller than the floor; of a
 * forwarded flow the gateway keeps no path MTU, so that there is nothing to recover from.
 */
@Tag("abuse")
@Timeout(120)
class AbsurdPathMtuTest {
    private static final int MOST = 1_500;
    private static final int CLIENT_PORT = 5_000;

    private static byte[] tooBig(RawPacket from, Family family, int mtu, byte[] quoted) {
        return family.isIpv6() ? from.icmp(2, 0, mtu, quoted) : from.icmp(3, 4, mtu, quoted);
    }

    @ParameterizedTest
    @EnumSource
    void makesNoSegmentSmallerThanTheFloor(Family family) throws Exception {
        // net.ipv4.route.min_pmtu, RFC 8200 section 5; less IP and TCP header.
        int floor = family.isIpv6() ? 1_280 - 60 : 552 - 40;
        // The host has not this address, so that nobody but the test answers.
        InetAddress client = Family.parse(family.isIpv6() ? "fd00:1::9" : "10.1.0.9");
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                connection -> new Content(1).send(connection, 10_000_000));
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                SegmentCapture capture = SegmentCapture.on(topology.client(), Topology.DEVICE)) {
            int port = server.address().getPort();
            RawPacket packet = new RawPacket(client, family.server());
            ramp.send(packet.tcp(CLIENT_PORT, port, 100, 0, RawPacket.SYN));
            IpPacket answer = ramp.await("SYN+ACK", ip -> isFrom(ip, port) && ip.tcp().syn());
            int first = answer.tcp().sequenceNumber() + 1;
            ramp.send(packet.tcp(CLIENT_PORT, port, 101, first, RawPacket.ACK));
            byte[] quoted = segment(ramp, port, first);
            for (int mtu = MOST; mtu >= 0; mtu--) {
                byte[] quote = Arrays.copyOf(quoted, family.headerLength() + 28);
                ramp.send(tooBig(packet, family, mtu, quote));
                capture.look(ip -> isFrom(ip, port));
            }
            // At least one retransmission more, after everything.
            int before = capture.seen();
            Eventually.holds(
                    "sends again",
                    () -> {
                        capture.look(ip -> isFrom(ip, port));
                        return capture.seen() > before + 1;
                    });

            Figures.print(
                    12,
                    "%s, upgraded: MTU %d to 0 swept, smallest of %d segments %d bytes (>= %d)",
                    family,
                    MOST,
                    capture.seen(),
                    capture.smallest(),
                    floor);
            assertTrue(capture.smallest() >= floor, capture.smallest() + " bytes");
            assertTrue(capture.smallest() < 1_400, "none was believed: " + capture.smallest());
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    private static boolean isFrom(IpPacket ip, int port) {
        return ip.tcp() != null && ip.sourcePort() == port && ip.destinationPort() == CLIENT_PORT;
    }

    private static byte[] segment(PacketSocket ramp, int port, int number) throws Exception {
        IpPacket ip =
                ramp.await(
                        "data",
                        each ->
                                isFrom(each, port)
                                        && each.tcp().payloadLength() > 0
                                        && each.tcp().sequenceNumber() == number);
        byte[] bytes = new byte[ip.length()];
        ip.bytes().get(ip.start(), bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource
    void leavesForwardedFlowsAsTheyAre(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withOffRamp("", Topology.FORWARD_ALL, "acme");
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket lan = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP)) {
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            byte[] full =
                    RawPacket.dontFragment(
                            new RawPacket(family.client(), family.server())
                                    .udp(
                                            CLIENT_PORT,
                                            port,
                                            new byte[1_500 - family.headerLength() - 8]));
            ramp.send(full);
            int outside = ((InetSocketAddress) receive(server)).getPort();
            byte[] quoted =
                    new RawPacket(family.offRamp(), family.server())
                            .udp(outside, port, new byte[20]);
            int delivered = 0;
            for (int mtu = 0; mtu <= MOST; mtu++) {
                lan.send(
                        tooBig(
                                new RawPacket(family.server(), family.offRamp()),
                                family,
                                mtu,
                                quoted));
                if (mtu % 10 == 0) {
                    Eventually.atRest(
                            Duration.ofMillis(2), () -> PacketFlood.received(topology.gateway()));
                    ramp.send(full);
                    receive(server);
                    delivered++;
                }
            }
            Figures.print(
                    12,
                    "%s, forwarded: MTU 0 to %d swept, %d of %d packets of 1500 bytes forwarded"
                            + " whole in between",
                    family,
                    MOST,
                    delivered,
                    MOST / 10 + 1);
            assertEquals(MOST / 10 + 1, delivered);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    private static java.net.SocketAddress receive(DatagramChannel server) throws Exception {
        return server.receive(ByteBuffer.allocate(2_000));
    }
}
