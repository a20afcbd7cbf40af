package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** ICMP errors cross a device off-ramp in the terms of whom they are for: RFC 5508 section 4. */
@Timeout(60)
class SourceNatErrorsTest {
    private static final int LENGTH = 4 * 1024 * 1024;
    private static final int CLOSED_PORT = 9;
    private static final int CLIENT_PORT = 5_000;
    private static final int GUESSES = 200;
    private static final int SMALLER_MTU = 1300;
    private static final byte[] PAYLOAD = new byte[100];

    @ParameterizedTest
    @EnumSource
    void tellsTheClientOfASmallerLinkOutside(Family family) throws Exception {
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            topology.gatewayHost().mtu(Topology.OUTSIDE, SMALLER_MTU);
            byte[] sent =
                    RawPacket.dontFragment(
                            new RawPacket(family.client(), family.server())
                                    .udp(CLIENT_PORT, 7, new Content(1).bytes(1_400)));
            ramp.send(sent);

            Decoded error = Decoded.of(ramp.await("too big", Icmp::isTooBig));
            assertEquals(SMALLER_MTU, error.icmpWord());
            assertSound(family, error, sent);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void letsTcpFindTheMtuOfTheWayOutside(Family family) throws Exception {
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                connection -> {
                                    new Content(1).receiveAll(connection, LENGTH);
                                    connection.write(ByteBuffer.allocate(1));
                                })) {
            topology.gatewayHost().mtu(Topology.OUTSIDE, SMALLER_MTU);
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                new Content(1).send(client, LENGTH);
                client.shutdownOutput();
                assertEquals(1, client.read(ByteBuffer.allocate(10)));
            }
            assertEquals(List.of(), server.failures());
            ramp.await("too big", Icmp::isTooBig);
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-4-a")
    void quotesWhatTheClientSent(Family family) throws Exception {
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            // DF, as the identification of any other is the gateway's: RFC 6864 section 4.1.
            byte[] sent =
                    RawPacket.dontFragment(
                            new RawPacket(family.client(), family.server())
                                    .udp(CLIENT_PORT, CLOSED_PORT, new Content(1).bytes(300)));
            ramp.send(sent);

            Decoded error = Decoded.of(ramp.await("unreachable", Icmp::isUnreachable));
            assertEquals(family.server(), error.source());
            assertSound(family, error, sent);
        }
    }

    /** RFC 5927 section 4.1, RFC 5961 section 3. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc5382-req-10")
    void keepsAConnectionThatSomebodyGuessesAt(Family family) throws Exception {
        List<InetSocketAddress> peers = new CopyOnWriteArrayList<>();
        try (Topology topology = open();
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                connection -> {
                                    peers.add((InetSocketAddress) connection.getRemoteAddress());
                                    TcpServer.ECHO.serve(connection);
                                });
                SocketChannel client = topology.client().connect(family, server.address());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                RawSocket attacker = RawSocket.on(topology.server(), family, family.offRamp())) {
            echo(client, 1);
            IpPacket answer = wire.await("SYN ACK", SourceNatErrorsTest::isAnswerToSyn);
            int ofServer = answer.tcp().sequenceNumber();
            int ofClient = answer.tcp().acknowledgmentNumber();
            int port = server.address().getPort();
            int mapped = peers.getFirst().getPort();
            RawPacket inwards = new RawPacket(family.server(), family.offRamp());
            RawPacket outwards = new RawPacket(family.offRamp(), family.server());
            int type = family.isIpv6() ? 1 : 3;
            for (int i = 0; i < GUESSES; i++) {
                // Beyond any window, before half of the circle.
                int off = (1 << 28) + (i << 23);
                attacker.send(inwards.tcp(port, mapped, ofServer + off, 0, RawPacket.RST));
                byte[] quoted = outwards.tcp(mapped, port, ofClient + off, 0, RawPacket.ACK);
                attacker.send(inwards.icmp(type, i % 4, 0, quoted));
            }
            Eventually.holds(
                    "dropped: " + topology.status(),
                    () ->
                            topology.dropped(Reason.TCP_BAD_RESET)
                                                    + topology.dropped(Reason.TCP_OUT_OF_WINDOW)
                                            == GUESSES
                                    && topology.dropped(Reason.UNMATCHED_ERROR) == GUESSES);

            echo(client, 2);
            assertEquals(1, topology.flows().size());
            assertFalse(ramp.next(ip -> ip.icmp() != null && Icmp.isUnreachable(ip)));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Robust against errors that quote too little, nothing or something else. */
    @ParameterizedTest
    @EnumSource
    void dropsErrorsThatQuoteTooLittle(Family family) throws Exception {
        try (Topology topology = open();
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                RawSocket attacker = RawSocket.on(topology.server(), family, family.offRamp())) {
            client.send(ByteBuffer.wrap(PAYLOAD), echo.address());
            client.receive(ByteBuffer.allocate(100));
            int mapped = ((InetSocketAddress) echo.sources().iterator().next()).getPort();
            byte[] quoted =
                    new RawPacket(family.offRamp(), family.server())
                            .udp(mapped, echo.address().getPort(), PAYLOAD);
            RawPacket error = new RawPacket(family.server(), family.offRamp());
            int enough = family.headerLength() + 8;
            int[] types = family.isIpv6() ? new int[] {1, 2, 3, 4} : new int[] {3, 4, 11, 12};
            for (int length = 0; length < enough; length++) {
                for (int type : types) {
                    attacker.send(error.icmp(type, 0, 0, Arrays.copyOf(quoted, length)));
                }
            }
            // Then one that is whole, which shows that the others have been there.
            int unreachable = family.isIpv6() ? 1 : 3;
            int port = family.isIpv6() ? 4 : 3;
            attacker.send(error.icmp(unreachable, port, 0, quoted));
            Decoded only = Decoded.of(ramp.await("the sound one", SourceNatErrorsTest::isError));
            assertEquals(unreachable, only.icmpType());
            assertEquals(port, only.icmpCode());
            assertTrue(only.checksumsRight());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 1812 section 5.3.1, RFC 9293 section 3.10.7.1: nobody waits in vain. */
    @ParameterizedTest
    @EnumSource
    void resetsConnectionsThatItHasNotSeenBeginWhereItIsToldTo(Family family) throws Exception {
        String settings = Topology.FORWARD_ALL + "forwarding: { mid-stream: false }\n";
        try (Topology topology = Topology.withOffRamp("", settings, "acme");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            ramp.send(packet.tcp(CLIENT_PORT, 80, 1_000, 2_000, RawPacket.ACK, PAYLOAD));

            IpPacket reset = ramp.await("reset", ip -> ip.tcp() != null && ip.tcp().rst());
            assertEquals(2_000, reset.tcp().sequenceNumber());
            assertEquals(0, topology.flows().size());
            assertFalse(wire.next(ip -> ip.tcp() != null));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void picksConnectionsUpInTheMiddle(Family family) throws Exception {
        try (Topology topology = open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            ramp.send(packet.tcp(CLIENT_PORT, 80, 1_000, 2_000, RawPacket.ACK, PAYLOAD));

            Decoded segment =
                    Decoded.of(wire.await("the segment", ip -> ip.destinationPort() == 80));
            assertEquals(family.offRamp(), segment.source());
            assertTrue(segment.checksumsRight());
        }
    }

    private static boolean isAnswerToSyn(IpPacket ip) {
        return ip.tcp() != null && ip.tcp().syn() && ip.tcp().ack();
    }

    private static boolean isError(IpPacket ip) {
        return ip.icmp() != null && ip.icmp().isError();
    }

    private static Topology open() throws IOException {
        return Topology.withOffRamp("", Topology.FORWARD_ALL, "acme");
    }

    private static void echo(SocketChannel client, int number) throws IOException {
        byte[] sent = new Content(number).bytes(1_000);
        client.write(ByteBuffer.wrap(sent));
        ByteBuffer answer = ByteBuffer.allocate(sent.length);
        while (answer.hasRemaining() && client.read(answer) >= 0) {}
        assertArrayEquals(sent, answer.array());
    }

    /** Of an error that a client gets about what it has sent. */
    private static void assertSound(Family family, Decoded error, byte[] sent) throws IOException {
        InetAddress client = family.client();
        assertEquals(client, error.destination());
        assertTrue(error.checksumsRight(), "checksums");
        assertEquals(client, error.quoted().source());
        assertTrue(error.quoted().headerChecksumRight(), "the quoted header's checksum");
        assertTrue(error.quoted().isBeginningOf(sent), "quotes something else");
    }
}
