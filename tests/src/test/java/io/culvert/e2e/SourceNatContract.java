package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** What an off-ramp of type device does, whoever else has its address. */
@Timeout(60)
abstract class SourceNatContract {
    static final int LENGTH = 8 * 1024 * 1024;
    static final byte[] PAYLOAD = "abcdefgh".getBytes(StandardCharsets.US_ASCII);

    private static final int LONG_DATAGRAM = 4_000;
    private static final int CLIENT_PORT = 5_000;
    private static final int CLOSED_PORT = 9;

    /**
     * Opens a topology with such an off-ramp.
     *
     * @param offRamp further settings of it
     */
    abstract Topology open(String offRamp) throws IOException;

    /** The off-ramp's address. */
    abstract InetAddress outside(Family family);

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
    @Tag("rfc4787-req-12")
    @Tag("rfc4787-req-12-b")
    void tellsAConnectedSocketThatThePortIsClosed(Family family) throws Exception {
        try (Topology topology = open("");
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.connect(new InetSocketAddress(family.server(), CLOSED_PORT));
            client.write(ByteBuffer.wrap(PAYLOAD));

            assertThrows(
                    PortUnreachableException.class, () -> client.read(ByteBuffer.allocate(100)));
            // RFC 5508 REQ-6, RFC 4787 REQ-12: the error ends nothing.
            assertEquals(1, topology.flows().size());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 5508 REQ-5: the other direction. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-5-a")
    @Tag("rfc5508-req-5-c")
    void tellsTheServerThatTheClientsPortIsClosed(Family family) throws Exception {
        try (Topology topology = open("");
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE)) {
            InetSocketAddress mapped;
            try (DatagramChannel client = topology.client().udp(family, null, 0)) {
                client.send(ByteBuffer.wrap(PAYLOAD), server.getLocalAddress());
                mapped = (InetSocketAddress) server.receive(ByteBuffer.allocate(100));
            }
            server.connect(mapped);
            server.write(ByteBuffer.wrap(PAYLOAD));

            assertThrows(
                    PortUnreachableException.class, () -> server.read(ByteBuffer.allocate(100)));
            Decoded error = Decoded.of(wire.await("unreachable", Icmp::isUnreachable));
            assertEquals(outside(family), error.source());
            assertEquals(family.server(), error.destination());
            assertTrue(error.checksumsRight());
            assertEquals(family.server(), error.quoted().source());
            assertEquals(outside(family), error.quoted().destination());
            assertTrue(error.quoted().headerChecksumRight());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** One hop is the gateway, the next the host that it runs on. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-12-a")
    @Tag("rfc5508-req-10-a")
    void isAHopAndTellsOfTheNext(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            for (int hops : new int[] {1, 2}) {
                byte[] sent =
                        RawPacket.dontFragment(
                                new RawPacket(family.client(), family.server(), hops)
                                        .udp(CLIENT_PORT, 7, PAYLOAD));
                ramp.send(sent);

                Decoded answer =
                        Decoded.of(ramp.await("time exceeded " + hops, Icmp::isTimeExceeded));
                assertEquals(family.client(), answer.destination());
                assertTrue(answer.checksumsRight());
                assertTrue(answer.quoted().isBeginningOf(sent), "quotes something else");
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Sends a datagram out and answers from where it came. */
    static SocketAddress map(DatagramChannel client, UdpEcho echo) throws IOException {
        client.send(ByteBuffer.wrap(PAYLOAD), echo.address());
        assertArrayEquals(PAYLOAD, receive(client));
        return echo.sources().iterator().next();
    }

    void assertOutside(Family family, SocketAddress peer) {
        InetSocketAddress address = (InetSocketAddress) peer;
        assertEquals(outside(family), address.getAddress());
        assertTrue(
                address.getPort() >= Topology.FIRST_PORT && address.getPort() <= Topology.LAST_PORT,
                "port " + address.getPort());
    }

    static byte[] receive(DatagramChannel channel) throws IOException {
        ByteBuffer datagram = ByteBuffer.allocate(65_535);
        channel.receive(datagram);
        byte[] bytes = new byte[datagram.flip().remaining()];
        datagram.get(bytes);
        return bytes;
    }
}
