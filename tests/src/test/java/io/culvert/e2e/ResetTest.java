package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A reset arrives as a reset, and only a real one ends a connection. */
@Timeout(60)
class ResetTest {
    private static final ByteBuffer ONE_BYTE = ByteBuffer.wrap(new byte[1]).asReadOnlyBuffer();

    @ParameterizedTest
    @EnumSource
    void passesTheServersResetOn(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    c.read(ByteBuffer.allocate(1));
                                    c.setOption(StandardSocketOptions.SO_LINGER, 0);
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            client.write(ONE_BYTE.duplicate());

            assertReset(client);

            assertEquals(Reason.RESET_BY_TARGET, log.ended(server.address().getPort()).reason());
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    /** The reset may come before the client's handshake is done. */
    @ParameterizedTest
    @EnumSource
    void passesTheResetOfAServerOnThatResetsAtOnce(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> c.setOption(StandardSocketOptions.SO_LINGER, 0))) {
            for (int i = 0; i < 100; i++) {
                try (SocketChannel client = topology.client().tcp(family)) {
                    IOException reset =
                            assertThrows(
                                    IOException.class,
                                    () -> {
                                        client.connect(server.address());
                                        client.read(ByteBuffer.allocate(1));
                                    });
                    // Refused where the gateway heard of it before the client was connected.
                    assertTrue(
                            reset.getMessage().startsWith("Connection reset")
                                    || reset.getMessage().equals("Connection refused"),
                            reset::toString);
                }
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    /** While bytes wait for the client that it does not read. */
    @ParameterizedTest
    @EnumSource
    void passesTheServersResetOnWhileTheClientReadsNothing(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    new Content(1).send(c, 10_000);
                                    c.read(ByteBuffer.allocate(1));
                                    c.setOption(StandardSocketOptions.SO_LINGER, 0);
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            client.write(ONE_BYTE.duplicate());

            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            assertThrows(IOException.class, () -> new Content(1).receiveAll(client, 10_000));
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesTheClientsResetOn(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                client.write(ONE_BYTE.duplicate());
                client.read(ByteBuffer.allocate(1));
                client.setOption(StandardSocketOptions.SO_LINGER, 0);
            }

            Eventually.equal(1, "failures of the server", () -> server.failures().size());
            assertEquals("Connection reset", server.failures().getFirst().getMessage());
            assertEquals(Reason.RESET_BY_INITIATOR, log.ended(server.address().getPort()).reason());
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    /** RFC 9293 section 3.10.7.1: nobody shall wait for a connection that is not there. */
    @ParameterizedTest
    @EnumSource
    void resetsASegmentOfAConnectionThatIsNotThere(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());

            ramp.send(packet.tcp(1234, 80, 5_000, 7_000, RawPacket.ACK));

            IpPacket reset = ramp.await("a RST", ip -> ip.tcp() != null && ip.tcp().rst());
            assertEquals(7_000, reset.tcp().sequenceNumber());
            assertEquals(80, reset.sourcePort());
            assertEquals(1234, reset.destinationPort());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 9293 section 3.10.7.1 again: a reset is never answered by one. */
    @ParameterizedTest
    @EnumSource
    void doesNotAnswerAResetOfAConnectionThatIsNotThere(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());

            ramp.send(packet.tcp(1234, 80, 5_000, 7_000, RawPacket.RST));

            Eventually.equal(1L, "dropped", () -> topology.dropped(Reason.NO_FLOW));
            assertEquals(0, topology.status().returned());
        }
    }

    /** RFC 5961 section 3.2: a blind attacker's guess ends nothing, neither at once nor later. */
    @ParameterizedTest
    @EnumSource
    void ignoresForgedResetsOutsideTheWindow(Family family) throws Exception {
        Content content = new Content(8);
        // More than the client's kernel takes while nobody reads, and less than the gateway's.
        int length = 800_000;
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    c.read(ByteBuffer.allocate(1));
                                    content.send(c, length);
                                });
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                SocketChannel client = topology.client().connect(family, server.address())) {
            int port = ((InetSocketAddress) client.getLocalAddress()).getPort();
            IpPacket syn = ramp.await("the SYN", ip -> ip.tcp() != null && ip.tcp().syn());
            byte[] forged =
                    new RawPacket(family.client(), family.server())
                            .tcp(
                                    port,
                                    server.address().getPort(),
                                    syn.tcp().sequenceNumber() + 0x4000_0000,
                                    0,
                                    RawPacket.RST);
            send(topology, ramp, forged);

            client.write(ONE_BYTE.duplicate());
            client.shutdownOutput();
            // The relay is over, and what it gave to the kernel is still on its way to the client.
            Eventually.equal(0, "relays", () -> topology.held().relays());
            send(topology, ramp, forged);
            content.receiveAll(client, length);
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    private static void send(Topology topology, PacketSocket ramp, byte[] packet) throws Exception {
        long before = topology.status().received();
        ramp.send(packet);
        Eventually.holds("it arrives", () -> topology.status().received() > before);
    }

    @ParameterizedTest
    @EnumSource
    void resetsLiveConnectionsWhenTheGatewayCloses(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            client.write(ONE_BYTE.duplicate());
            client.read(ByteBuffer.allocate(1));

            topology.gateway().close();

            assertReset(client);
            Eventually.equal(1, "failures of the server", () -> server.failures().size());
            assertEquals("Connection reset", server.failures().getFirst().getMessage());
            assertEquals(Reason.SHUTDOWN, log.ended(server.address().getPort()).reason());
        }
    }

    /**
     * A client that uses its port again at once gets a new connection and not the old one's rest.
     */
    @ParameterizedTest
    @EnumSource
    void givesAClientThatUsesItsPortAgainANewConnection(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            for (byte i = 0; i < 10; i++) {
                try (SocketChannel client = topology.client().tcp(family)) {
                    client.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                    // A reset, so that the port is not in TIME-WAIT here.
                    client.setOption(StandardSocketOptions.SO_LINGER, 0);
                    client.bind(new InetSocketAddress(family.client(), 3333));
                    client.connect(server.address());
                    client.write(ByteBuffer.wrap(new byte[] {i}));
                    ByteBuffer echo = ByteBuffer.allocate(1);
                    client.read(echo);
                    assertEquals(i, echo.get(0));
                }
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    private static void assertReset(SocketChannel client) throws IOException {
        client.socket().setSoTimeout(10_000);
        IOException reset =
                assertThrows(IOException.class, () -> client.socket().getInputStream().read());
        assertEquals("Connection reset", reset.getMessage());
    }
}
