package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.linux.Rtnetlink;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** Packets leave by a device under an address of the off-ramp's, and their answers come back. */
@Timeout(60)
class SourceNatTest {
    private static final int LENGTH = 8 * 1024 * 1024;
    private static final int LONG_DATAGRAM = 4_000;
    private static final int IDENTIFIER = 77;

    /** RFC 3692: for experiments. */
    private static final int EXPERIMENTAL = 253;

    private static final byte[] PAYLOAD = "abcdefgh".getBytes(StandardCharsets.US_ASCII);

    @ParameterizedTest
    @EnumSource
    void carriesATcpDownloadUnderAnOutsideAddressAndPort(Family family) throws Exception {
        List<SocketAddress> peers = new CopyOnWriteArrayList<>();
        try (Topology topology = open("");
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                connection -> {
                                    peers.add(connection.getRemoteAddress());
                                    new Content(1).send(connection, LENGTH);
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            new Content(1).receiveAll(client, LENGTH);

            assertEquals(1, peers.size());
            assertOutside(family, peers.getFirst());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesATcpUpload(Family family) throws Exception {
        try (Topology topology = open("");
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                connection -> {
                                    new Content(1).receiveAll(connection, LENGTH);
                                    connection.write(ByteBuffer.allocate(1));
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            new Content(1).send(client, LENGTH);
            client.shutdownOutput();

            assertEquals(1, client.read(ByteBuffer.allocate(10)));
            assertEquals(List.of(), server.failures());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-1")
    @Tag("rfc5508-req-10-a")
    void bringsTheReplyToAPing(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int sequence = 0; sequence < 5; sequence++) {
                ramp.send(packet.echoRequest(IDENTIFIER, sequence, PAYLOAD));

                int expected = sequence;
                IpPacket reply = ramp.await("reply", ip -> Icmp.isReply(ip, IDENTIFIER, expected));
                assertEquals("abcdefgh", Icmp.text(reply));
                assertEquals(family.server(), Icmp.source(reply));
                assertEquals(family.client(), Decoded.of(reply).destination());
                assertTrue(Decoded.of(reply).checksumsRight());
            }
            assertEquals(1, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 4787 REQ-1. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-1")
    void keepsTheOutsidePortOfASocketThatTalksToSeveral(Family family) throws Exception {
        try (Topology topology = open("");
                UdpEcho one = UdpEcho.on(topology.server(), family, family.server());
                UdpEcho other = UdpEcho.on(topology.server(), family, family.secondServer());
                UdpEcho third = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            for (UdpEcho echo : List.of(one, other, third)) {
                client.send(ByteBuffer.wrap(PAYLOAD), echo.address());
                assertArrayEquals(PAYLOAD, receive(client));
            }
            Set<SocketAddress> sources = one.sources();
            assertEquals(1, sources.size());
            assertOutside(family, sources.iterator().next());
            assertEquals(sources, other.sources());
            assertEquals(sources, third.sources());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-8")
    void keepsStrangersFromAMappedPort(Family family) throws Exception {
        try (Topology topology = open("");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel stranger = topology.server().udp(family, family.secondServer(), 0);
                DatagramChannel neighbour = topology.server().udp(family, family.server(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            SocketAddress mapped = map(client, echo);

            stranger.send(ByteBuffer.wrap(PAYLOAD), mapped);
            Eventually.equal(1L, "filtered", () -> topology.dropped(Reason.FILTERED));
            neighbour.send(ByteBuffer.wrap(PAYLOAD), mapped);
            Eventually.equal(2L, "filtered", () -> topology.dropped(Reason.FILTERED));

            client.configureBlocking(false);
            assertNull(client.receive(ByteBuffer.allocate(100)));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-8-a")
    void letsOtherPortsOfAKnownAddressInWhereItIsToldTo(Family family) throws Exception {
        try (Topology topology = open("filtering: address-dependent");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel stranger = topology.server().udp(family, family.secondServer(), 0);
                DatagramChannel neighbour = topology.server().udp(family, family.server(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            SocketAddress mapped = map(client, echo);

            stranger.send(ByteBuffer.wrap(PAYLOAD), mapped);
            Eventually.equal(1L, "filtered", () -> topology.dropped(Reason.FILTERED));
            neighbour.send(ByteBuffer.wrap(new byte[3]), mapped);

            ByteBuffer received = ByteBuffer.allocate(100);
            assertEquals(neighbour.getLocalAddress(), client.receive(received));
            assertEquals(3, received.position());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-8-a")
    @Tag("rfc6888-req-7")
    void letsAnybodyInWhereItIsToldToAndTheAnswersOut(Family family) throws Exception {
        try (Topology topology = open("filtering: endpoint-independent");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel stranger = topology.server().udp(family, family.secondServer(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            SocketAddress mapped = map(client, echo);

            stranger.send(ByteBuffer.wrap(PAYLOAD), mapped);

            ByteBuffer received = ByteBuffer.allocate(100);
            assertEquals(stranger.getLocalAddress(), client.receive(received));
            assertEquals(PAYLOAD.length, received.position());
            client.send(ByteBuffer.wrap(new byte[5]), stranger.getLocalAddress());
            ByteBuffer answer = ByteBuffer.allocate(100);
            assertEquals(mapped, stranger.receive(answer), "the answer's source");
            assertEquals(5, answer.position());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 4787 REQ-9a: under the outside address, so that answers come the same way. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-9")
    @Tag("rfc4787-req-9-a")
    void joinsTwoOfItsOwnByTheirOutsideAddresses(Family family) throws Exception {
        try (Topology topology = open("filtering: endpoint-independent");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel one = topology.client().udp(family, null, 0);
                DatagramChannel other = topology.client().udp(family, null, 0)) {
            SocketAddress ofOne = map(one, echo);
            echo.sources().clear();
            SocketAddress ofOther = map(other, echo);
            assertNotEquals(ofOne, ofOther);

            one.send(ByteBuffer.wrap(PAYLOAD), ofOther);
            assertEquals(ofOne, other.receive(ByteBuffer.allocate(100)));
            other.send(ByteBuffer.wrap(PAYLOAD), ofOne);
            assertEquals(ofOther, one.receive(ByteBuffer.allocate(100)));
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-13-a")
    @Tag("rfc4787-req-14")
    void carriesLongDatagramsInFragmentsBothWays(Family family) throws Exception {
        try (Topology topology = open("");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            for (int i = 0; i < 5; i++) {
                byte[] sent = new Content(i).bytes(LONG_DATAGRAM);
                client.send(ByteBuffer.wrap(sent), echo.address());
                assertArrayEquals(sent, receive(client));
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesALongPingInFragmentsBothWays(Family family) throws Exception {
        try (Topology topology = open("");
                PingSocket ping = PingSocket.on(topology.client(), family, family.server())) {
            byte[] sent = new Content(1).bytes(LONG_DATAGRAM);

            assertArrayEquals(sent, ping.ask(sent));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void translatesAProtocolWithoutPortsByAddress(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                RawSocket server = RawSocket.on(topology.server(), family, family.offRamp())) {
            ramp.send(new RawPacket(family.client(), family.server()).other(EXPERIMENTAL, PAYLOAD));
            Decoded outside =
                    Decoded.of(wire.await("the packet", ip -> ip.protocol() == EXPERIMENTAL));
            assertEquals(family.offRamp(), outside.source());
            assertEquals(family.server(), outside.destination());
            assertArrayEquals(PAYLOAD, outside.payload());
            assertTrue(outside.headerChecksumRight());

            byte[] answer = "answer".getBytes(StandardCharsets.US_ASCII);
            server.send(
                    new RawPacket(family.server(), family.offRamp()).other(EXPERIMENTAL, answer));
            Decoded inside =
                    Decoded.of(
                            ramp.await(
                                    "the answer",
                                    ip ->
                                            ip.protocol() == EXPERIMENTAL
                                                    && ip.transportLength() == answer.length));
            assertEquals(family.server(), inside.source());
            assertEquals(family.client(), inside.destination());
            assertArrayEquals(answer, inside.payload());
            assertTrue(inside.headerChecksumRight());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 4787 section 5: nobody outside reaches what has no mapping. */
    @ParameterizedTest
    @EnumSource
    void dropsWhatIsForNoMapping(Family family) throws Exception {
        try (Topology topology = open("filtering: endpoint-independent");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                DatagramChannel stranger = topology.server().udp(family, family.server(), 0)) {
            for (int i = 0; i < 100; i++) {
                stranger.send(
                        ByteBuffer.wrap(PAYLOAD),
                        new InetSocketAddress(family.offRamp(), Topology.FIRST_PORT + i));
            }

            // Its own kernel sends a few by the device, such as those of RFC 3810.
            Eventually.holds("dropped", () -> topology.dropped(Reason.NO_MAPPING) >= 100);
            assertFalse(ramp.next(ip -> ip.udp() != null));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void bringsItsAddressesToTheDeviceWhileItRuns(Family family) throws Exception {
        try (Topology topology = open("")) {
            Host host = topology.gatewayHost();
            assertTrue(leadsToOffRamp(host, family));
            assertTrue(host.link(Topology.OFF_RAMP).isPresent());

            topology.gateway().close();

            assertFalse(leadsToOffRamp(host, family), "a route is left");
            assertTrue(host.link(Topology.OFF_RAMP).isEmpty());
        }
    }

    private static boolean leadsToOffRamp(Host host, Family family) throws IOException {
        InetAddress address = family.offRamp();
        return host.namespace()
                .call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                return rtnetlink.routes(family.isIpv6()).stream()
                                        .anyMatch(
                                                route ->
                                                        route.destination().equals(address)
                                                                && route.prefixLength()
                                                                        == address.getAddress()
                                                                                        .length
                                                                                * 8);
                            }
                        });
    }

    private static Topology open(String offRamp) throws IOException {
        return Topology.withOffRamp(offRamp, Topology.FORWARD_ALL, "acme");
    }

    /** Sends a datagram out and answers from where it came. */
    private static SocketAddress map(DatagramChannel client, UdpEcho echo) throws IOException {
        client.send(ByteBuffer.wrap(PAYLOAD), echo.address());
        assertArrayEquals(PAYLOAD, receive(client));
        return echo.sources().iterator().next();
    }

    private static void assertOutside(Family family, SocketAddress peer) {
        InetSocketAddress address = (InetSocketAddress) peer;
        assertEquals(family.offRamp(), address.getAddress());
        assertTrue(
                address.getPort() >= Topology.FIRST_PORT && address.getPort() <= Topology.LAST_PORT,
                "port " + address.getPort());
    }

    private static byte[] receive(DatagramChannel channel) throws IOException {
        ByteBuffer datagram = ByteBuffer.allocate(65_535);
        channel.receive(datagram);
        byte[] bytes = new byte[datagram.flip().remaining()];
        datagram.get(bytes);
        return bytes;
    }
}
