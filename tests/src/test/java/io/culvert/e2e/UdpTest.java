package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.culvert.flow.Flow;
import io.culvert.gateway.WorkerStatus;
import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;

/** Datagrams arrive whole, in order within a flow, and from whom they were asked. */
@Timeout(60)
class UdpTest {
    private static final int MTU = 1500;
    private static final int UDP_HEADER = 8;
    private static final int CLOSED_PORT = 7;

    @ParameterizedTest
    @EnumSource
    void carriesDatagramsOfEverySize(Family family) throws Exception {
        int largest = MTU - family.headerLength() - UDP_HEADER;
        try (Topology topology = Topology.open();
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            for (int size : new int[] {0, 1, 2, 3, 511, 1200, largest - 1, largest}) {
                byte[] sent = new Content(size).bytes(size);
                client.send(ByteBuffer.wrap(sent), server.address());
                assertArrayEquals(sent, receive(client));
            }
            assertEquals(1, topology.sum(WorkerStatus::sessions));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void countsDatagramsOfEverySize(Family family) throws Exception {
        try (Topology topology = Topology.open();
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            for (int size : new int[] {0, 0, 0, 100, 0}) {
                client.send(ByteBuffer.allocate(size), server.address());
                assertEquals(size, receive(client).length);
            }
            Flow flow = topology.flows().getFirst();
            assertEquals(5, flow.initiatorPackets());
            assertEquals(5, flow.targetPackets());
        }
    }

    @ParameterizedTest
    @EnumSource
    void tellsManySourcesApart(Family family) throws Exception {
        try (Topology topology = Topology.open();
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server())) {
            List<DatagramChannel> clients = new ArrayList<>();
            try {
                for (int i = 0; i < 200; i++) {
                    clients.add(connect(topology, family, server.address()));
                }
                for (int round = 0; round < 5; round++) {
                    for (int i = 0; i < clients.size(); i++) {
                        clients.get(i).write(text("client " + i + " round " + round));
                    }
                    for (int i = 0; i < clients.size(); i++) {
                        byte[] echo = receive(clients.get(i));
                        assertEquals("client " + i + " round " + round, new String(echo, US_ASCII));
                    }
                }
                assertEquals(200, server.sources().size());
                assertEquals(200, topology.gateway().flows());
                assertEquals(200, topology.sum(WorkerStatus::sessions));
            } finally {
                for (DatagramChannel client : clients) {
                    client.close();
                }
            }
        }
    }

    /** A burst that the kernel makes super-packets of, and again of the replies. */
    @ParameterizedTest
    @EnumSource
    void keepsTheOrderOfABurst(Family family) throws Exception {
        int datagrams = 40;
        try (Topology topology = Topology.open();
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = connect(topology, family, server.address())) {
            client.setOption(StandardSocketOptions.SO_RCVBUF, 4 * 1024 * 1024);
            for (int round = 0; round < 100; round++) {
                for (int i = 0; i < datagrams; i++) {
                    ByteBuffer datagram = ByteBuffer.wrap(new Content(i).bytes(1200));
                    client.write(datagram.putInt(0, round * datagrams + i));
                }
                for (int i = 0; i < datagrams; i++) {
                    byte[] echo = receive(client);
                    byte[] expected = new Content(i).bytes(1200);
                    ByteBuffer.wrap(expected).putInt(0, round * datagrams + i);
                    assertArrayEquals(expected, echo, "round " + round + " datagram " + i);
                }
            }
        }
    }

    /** Sizes that change within a burst: runs of one size must not swallow their neighbours. */
    @ParameterizedTest
    @EnumSource
    void keepsTheSizesOfABurst(Family family) throws Exception {
        int[] sizes = {100, 100, 100, 50, 100, 0, 0, 100, 1400, 1400, 1, 1, 1, 700, 100};
        try (Topology topology = Topology.open();
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            for (int round = 0; round < 50; round++) {
                for (int size : sizes) {
                    client.send(ByteBuffer.allocate(size), server.address());
                }
                for (int size : sizes) {
                    assertEquals(size, receive(client).length, "round " + round);
                }
            }
        }
    }

    /** RFC 791 section 2.3, RFC 8200 section 4.5: who is in the target's place cuts it. */
    @ParameterizedTest
    @EnumSource
    void bringsRepliesThatAreLongerThanTheOnRampsMtu(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                DatagramChannel client =
                        connect(topology, family, (InetSocketAddress) server.getLocalAddress())) {
            client.socket().setSoTimeout(10_000);
            for (int size : new int[] {1480, 1500, 3000, 30_000, 65_000}) {
                client.write(text("question"));
                SocketAddress asker = server.receive(ByteBuffer.allocate(10));
                server.send(ByteBuffer.wrap(new Content(size).bytes(size)), asker);

                assertArrayEquals(new Content(size).bytes(size), receive(client));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesRepliesFromNobodyButTheAskedTarget(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel asked = topology.server().udp(family, family.server(), 0);
                DatagramChannel other = topology.server().udp(family, family.server(), 0);
                DatagramChannel elsewhere =
                        topology.server().udp(family, family.secondServer(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.send(text("question"), asked.getLocalAddress());
            ByteBuffer question = ByteBuffer.allocate(100);
            InetSocketAddress gateway = (InetSocketAddress) asked.receive(question);

            other.send(text("from another port"), gateway);
            elsewhere.send(text("from another address"), gateway);
            asked.send(text("answer"), gateway);

            ByteBuffer answer = ByteBuffer.allocate(100);
            assertEquals(asked.getLocalAddress(), client.receive(answer));
            assertEquals("answer", new String(answer.array(), 0, answer.position(), US_ASCII));
            // The three took the same road in that order, so the first two are not on their way.
            client.configureBlocking(false);
            assertEquals(null, client.receive(answer.clear()));
        }
    }

    /** RFC 4787 REQ-1: a client's socket has one address outside, whomever it speaks to. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-1")
    void mapsASocketToOneAddressWhomeverItSpeaksTo(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            List<UdpEcho> servers = new ArrayList<>();
            try {
                List<Object> sources = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    InetAddress address = i % 2 == 0 ? family.server() : family.secondServer();
                    UdpEcho server = UdpEcho.on(topology.server(), family, address);
                    servers.add(server);
                    client.send(text("hello"), server.address());
                    client.receive(ByteBuffer.allocate(10));
                    sources.addAll(server.sources());
                }
                assertEquals(1, sources.stream().distinct().count(), () -> "" + sources);
            } finally {
                for (UdpEcho server : servers) {
                    server.close();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void seesAClosedPortAsUnreachable(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel client = connect(topology, family, family.server(CLOSED_PORT))) {
            client.write(text("anybody?"));

            client.socket().setSoTimeout(10_000);
            assertThrows(PortUnreachableException.class, () -> receive(client));
        }
    }

    @ParameterizedTest
    @EnumSource
    void seesAHostThatCannotBeReachedAsUnreachable(Family family) throws Exception {
        seesUnreachable(family, family.unreachable());
    }

    @ParameterizedTest
    @EnumSource
    void seesANetworkThatThereIsNoRouteToAsUnreachable(Family family) throws Exception {
        seesUnreachable(family, family.unrouted());
    }

    @ParameterizedTest
    @EnumSource
    void seesAnAddressThatNobodyHasAsUnreachable(Family family) throws Exception {
        seesUnreachable(family, family.nobody());
    }

    /** On the wire: a socket hears of it only where it asked to (ip(7), IP_RECVERR). */
    private static void seesUnreachable(Family family, InetAddress host) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            byte[] datagram =
                    new RawPacket(family.client(), host)
                            .udp(5555, 53, "anybody?".getBytes(US_ASCII));

            ramp.send(datagram);

            IpPacket error = ramp.await("unreachable", Icmp::isUnreachable);
            IpPacket quoted = new IpPacket();
            quoted.wrapQuoted(
                    error.bytes(), error.icmp().payloadOffset(), error.icmp().payloadLength());
            assertEquals(5555, quoted.sourcePort());
            assertEquals(53, quoted.destinationPort());
            assertTrue(error.transportChecksumValid());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void dropsADatagramWithAWrongChecksum(Family family) throws Exception {
        try (Topology topology = Topology.open();
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            int port = server.address().getPort();
            byte[] payload = {1, 2, 3};

            ramp.send(packet.udpWithWrongChecksum(5555, port, payload));
            ramp.send(packet.udp(5556, port, payload));

            ramp.await("the good one's echo", ip -> ip.udp() != null && ip.sourcePort() == port);
            Eventually.equal(1L, "wrong checksums", () -> topology.dropped(Reason.BAD_CHECKSUM));
            assertEquals(1, server.received());
            topology.everyPacketIsAccountedFor();
        }
    }

    private static DatagramChannel connect(Topology topology, Family family, InetSocketAddress to)
            throws IOException {
        return topology.client().udp(family, null, 0).connect(to);
    }

    private static byte[] receive(DatagramChannel channel) throws IOException {
        java.net.DatagramPacket packet = new java.net.DatagramPacket(new byte[65_535], 65_535);
        channel.socket().receive(packet);
        return java.util.Arrays.copyOf(packet.getData(), packet.getLength());
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(US_ASCII));
    }
}
