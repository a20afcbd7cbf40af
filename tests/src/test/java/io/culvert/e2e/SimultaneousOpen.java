package io.culvert.e2e;

import io.culvert.wire.IpPacket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * A TCP connection that two kernels open at the same time: RFC 9293 section 3.5, figure 7. The
 * router holds both SYNs until both are sent, so that each comes to a socket that has sent its own.
 *
 * <p>The client has learnt before, as peers do, under which address and port its own appear.
 */
final class SimultaneousOpen implements AutoCloseable {
    private static final String HOLD =
            "add table inet hold;"
                    + " add chain inet hold through { type filter hook forward priority 0; };"
                    + " add rule inet hold through tcp flags & (syn | ack) == syn drop";

    private static final byte[] GREETING = "hello".getBytes(StandardCharsets.US_ASCII);

    private final MappedPort mapped;
    private final SocketChannel client;
    private final SocketChannel server;

    private SimultaneousOpen(MappedPort mapped, SocketChannel client, SocketChannel server) {
        this.mapped = mapped;
        this.client = client;
        this.server = server;
    }

    static SimultaneousOpen through(Crossing crossing, Family family) throws Exception {
        SimultaneousOpen open =
                new SimultaneousOpen(
                        MappedPort.of(crossing, family),
                        crossing.client().tcp(family),
                        crossing.server().tcp(family));
        try {
            open.connect(crossing, family);
            return open;
        } catch (Exception | AssertionError e) {
            open.close();
            throw e;
        }
    }

    private void connect(Crossing crossing, Family family) throws Exception {
        client.setOption(StandardSocketOptions.SO_REUSEADDR, true).bind(mapped.inside());
        server.bind(new InetSocketAddress(Crossing.server(family), 0));
        InetSocketAddress outside = mapped.outside();
        InetSocketAddress there = (InetSocketAddress) server.getLocalAddress();
        client.configureBlocking(false);
        server.configureBlocking(false);
        Tool.NFT.succeeds(crossing.router(), HOLD);
        try (PacketSocket near = PacketSocket.on(crossing.router(), Topology.SERVERS_DEVICE);
                PacketSocket far = PacketSocket.on(crossing.router(), Crossing.FAR)) {
            client.connect(there);
            int clients = sequence(near, there);
            server.connect(outside);
            int servers = sequence(far, outside);
            release(crossing, family, outside, there, clients);
            release(crossing, family, there, outside, servers);
        }
        Eventually.holds("the client's is open", client::finishConnect);
        Eventually.holds("the server's is open", server::finishConnect);
        client.configureBlocking(true);
        server.configureBlocking(true);
    }

    /** Waits for the SYN that leads there. */
    private static int sequence(PacketSocket wire, InetSocketAddress to) throws Exception {
        IpPacket syn =
                wire.await(
                        "SYN to " + to,
                        ip ->
                                ip.tcp() != null
                                        && ip.tcp().syn()
                                        && ip.destinationPort() == to.getPort());
        return syn.tcp().sequenceNumber();
    }

    /** A SYN without its options, which its checksum was not yet made for where it was seen. */
    private static void release(
            Crossing crossing,
            Family family,
            InetSocketAddress from,
            InetSocketAddress to,
            int sequence)
            throws IOException {
        InetAddress destination = to.getAddress();
        try (RawSocket router = RawSocket.on(crossing.router(), family, destination)) {
            router.send(
                    new RawPacket(from.getAddress(), destination)
                            .tcp(from.getPort(), to.getPort(), sequence, 0, RawPacket.SYN));
        }
    }

    /** What each side hears from the other. */
    String greetings() throws IOException {
        client.write(ByteBuffer.wrap(GREETING));
        server.write(ByteBuffer.wrap(GREETING));
        return heard(client) + ", " + heard(server);
    }

    private static String heard(SocketChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(GREETING.length);
        while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
            // More is to come.
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
        mapped.close();
    }
}
