package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Two clients with the same addresses and ports, at once, are two. */
@Timeout(60)
class TenantsTest {
    private static final int PORT = 4444;
    private static final int MIB = 1024 * 1024;

    @ParameterizedTest
    @EnumSource
    void keepsTheirTcpConnectionsApart(Family family) throws Exception {
        try (Topology topology = Topology.ofTwoTenants();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel one = connect(topology.client(), family, server.address());
                SocketChannel two = connect(topology.secondClient(), family, server.address());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            assertEquals(2, topology.gateway().flows());
            List<Callable<Void>> exchanges =
                    List.of(
                            () -> send(new Content(1), one),
                            () -> send(new Content(2), two),
                            () -> receive(new Content(1), one),
                            () -> receive(new Content(2), two));
            for (Future<Void> exchange : threads.invokeAll(exchanges)) {
                exchange.get();
            }
        }
    }

    private static SocketChannel connect(Host client, Family family, InetSocketAddress to)
            throws Exception {
        SocketChannel channel = client.tcp(family);
        channel.bind(new InetSocketAddress(family.client(), PORT));
        channel.connect(to);
        return channel;
    }

    private static Void send(Content content, SocketChannel channel) throws Exception {
        content.send(channel, 20 * MIB);
        return null;
    }

    private static Void receive(Content content, SocketChannel channel) throws Exception {
        content.receive(channel, 20 * MIB);
        return null;
    }

    @ParameterizedTest
    @EnumSource
    void keepsTheirDatagramsApart(Family family) throws Exception {
        try (Topology topology = Topology.ofTwoTenants();
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel one = udp(topology.client(), family, server.address());
                DatagramChannel two = udp(topology.secondClient(), family, server.address())) {
            for (int i = 0; i < 1_000; i++) {
                one.write(bytes("one " + i));
                two.write(bytes("two " + i));
                assertEquals("one " + i, text(one));
                assertEquals("two " + i, text(two));
            }
            assertEquals(2, topology.gateway().flows());
        }
    }

    private static DatagramChannel udp(Host client, Family family, InetSocketAddress to)
            throws Exception {
        DatagramChannel channel = client.udp(family, family.client(), PORT);
        return channel.connect(to);
    }

    /** Both with the same identifier. */
    @ParameterizedTest
    @EnumSource
    void keepsTheirPingsApart(Family family) throws Exception {
        try (Topology topology = Topology.ofTwoTenants();
                PacketSocket one = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket two = PacketSocket.on(topology.secondClient(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int i = 0; i < 100; i++) {
                one.send(packet.echoRequest(7, i, bytes("one " + i).array()));
                two.send(packet.echoRequest(7, i, bytes("two " + i).array()));
                assertEquals("one " + i, echo(one, i));
                assertEquals("two " + i, echo(two, i));
            }
        }
    }

    /** A raw socket hears of errors about everybody's requests to its target. */
    @ParameterizedTest
    @EnumSource
    void keepsErrorsAboutTheirPingsApart(Family family) throws Exception {
        try (Topology topology = Topology.ofTwoTenants();
                PacketSocket one = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket two = PacketSocket.on(topology.secondClient(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.nobody());
            one.send(packet.echoRequest(7, 1, bytes("one").array()));
            two.send(packet.echoRequest(7, 2, bytes("two").array()));

            assertEquals(1, quotedSequence(one));
            assertEquals(2, quotedSequence(two));
            topology.everyPacketIsAccountedFor();
            assertEquals(2, topology.status().returned(), "each is told of its own alone");
        }
    }

    private static int quotedSequence(PacketSocket ramp) throws Exception {
        IpPacket error = ramp.await("unreachable", Icmp::isUnreachable);
        IpPacket quoted = new IpPacket();
        quoted.wrapQuoted(
                error.bytes(), error.icmp().payloadOffset(), error.icmp().payloadLength());
        return quoted.icmp().sequenceNumber();
    }

    private static String echo(PacketSocket ramp, int sequence) throws Exception {
        IpPacket reply = ramp.await("echo reply " + sequence, ip -> Icmp.isReply(ip, 7, sequence));
        return Icmp.text(reply);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String text(DatagramChannel channel) throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(100);
        channel.read(bytes);
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
    }
}
