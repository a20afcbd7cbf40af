package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;

/** Many connections, one after the other, leave nothing behind. */
@Timeout(60)
class ShortConnectionsTest {
    private static final int THREADS = 16;
    private static final int CONNECTIONS = 10_000;
    private static final int ANSWER = 600;

    /** Half of them are ended by the client first, half by the server. */
    @ParameterizedTest
    @EnumSource
    void opensTenThousandWithoutOneFailureAndHoldsNothingAfterwards(Family family)
            throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(topology.server(), family, ShortConnectionsTest::answer)) {
            run(topology, family, server.address(), 100);
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            long descriptors = topology.descriptors();

            run(topology, family, server.address(), CONNECTIONS);

            assertEquals(List.of(), server.failures());
            assertEquals(CONNECTIONS + 100, server.accepted());
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            Eventually.equal(descriptors, "descriptors", topology::descriptors);
            topology.everyPacketIsAccountedFor();
        }
    }

    /**
     * Answers then meet a socket that is closed, and the client resets what the gateway may have
     * ended itself a moment before.
     */
    @ParameterizedTest
    @EnumSource
    void holdsNothingOfClientsThatLeaveBeforeTheyAreAnswered(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(topology.server(), family, ShortConnectionsTest::answer)) {
            List<FutureTask<Void>> clients = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                clients.add(
                        topology.client().start(() -> askAndLeave(family, server.address(), 200)));
            }
            for (FutureTask<Void> client : clients) {
                client.get();
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }

    private static Void askAndLeave(Family family, InetSocketAddress to, int times)
            throws IOException {
        for (int i = 0; i < times; i++) {
            try (SocketChannel channel = SocketChannel.open(family.protocol())) {
                channel.connect(to);
                channel.write(ByteBuffer.wrap(new byte[] {2}));
            }
        }
        return null;
    }

    private static void answer(SocketChannel connection) throws IOException {
        ByteBuffer request = ByteBuffer.allocate(1);
        connection.read(request);
        new Content(request.get(0)).send(connection, ANSWER);
        if (request.get(0) % 2 == 0) {
            connection.shutdownOutput();
        }
        connection.read(ByteBuffer.allocate(1));
    }

    private static void run(Topology topology, Family family, InetSocketAddress to, int count)
            throws Exception {
        List<FutureTask<Void>> clients = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int share = count / THREADS + (i < count % THREADS ? 1 : 0);
            clients.add(
                    topology.client()
                            .start(
                                    () -> {
                                        for (int n = 0; n < share; n++) {
                                            request(family, to, n);
                                        }
                                        return null;
                                    }));
        }
        for (FutureTask<Void> client : clients) {
            client.get();
        }
    }

    private static void request(Family family, InetSocketAddress to, int number)
            throws IOException {
        byte kind = (byte) (number % 100);
        try (SocketChannel channel = SocketChannel.open(family.protocol())) {
            channel.connect(to);
            channel.write(ByteBuffer.wrap(new byte[] {kind}));
            new Content(kind).receive(channel, ANSWER);
            if (kind % 2 == 0 && channel.read(ByteBuffer.allocate(1)) != -1) {
                throw new AssertionError("no end");
            }
        }
    }
}
