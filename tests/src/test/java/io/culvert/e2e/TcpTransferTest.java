package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.WorkerStatus;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** Bytes of TCP connections arrive whole, in order and with their end. */
@Timeout(60)
class TcpTransferTest {
    private static final int MIB = 1024 * 1024;
    private static final int TEN_MB = 10_000_000;

    @ParameterizedTest
    @EnumSource
    void carriesADownload(Family family) throws Exception {
        Content content = new Content(1);
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(topology.server(), family, c -> content.send(c, 50 * MIB));
                SocketChannel client = topology.client().connect(family, server.address())) {
            content.receiveAll(client, 50 * MIB);

            assertEquals(List.of(), server.failures());
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesAnUpload(Family family) throws Exception {
        Content content = new Content(2);
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    content.receiveAll(c, 50 * MIB);
                                    c.write(ByteBuffer.wrap(new byte[1]));
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            content.send(client, 50 * MIB);
            client.shutdownOutput();

            assertEquals(1, client.read(ByteBuffer.allocate(2)), () -> "" + server.failures());
            assertEquals(-1, client.read(ByteBuffer.allocate(2)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesAHundredConnectionsOfTenMegabytesEachWayAtOnce(Family family) throws Exception {
        Exchange exchange = new Exchange(TEN_MB);
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, exchange::serve)) {
            exchange.run(100, topology.client(), family, server);

            assertEquals(List.of(), server.failures());
            assertEquals(100, server.accepted());
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }

    private static void get(Future<?> future) throws Exception {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversTheAnswerAfterTheClientHasEndedItsHalf(Family family) throws Exception {
        Content content = new Content(3);
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    content.receiveAll(c, 1000);
                                    content.send(c, 5 * MIB);
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            content.send(client, 1000);
            client.shutdownOutput();

            content.receiveAll(client, 5 * MIB);
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversTheRequestAfterTheServerHasEndedItsHalf(Family family) throws Exception {
        Content content = new Content(4);
        AtomicLong received = new AtomicLong();
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    content.send(c, 1000);
                                    c.shutdownOutput();
                                    content.receiveAll(c, 5 * MIB);
                                    received.set(5 * MIB);
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            content.receiveAll(client, 1000);
            content.send(client, 5 * MIB);
            client.shutdownOutput();

            Eventually.equal(5L * MIB, "received", received::get);
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    @ParameterizedTest
    @EnumSource
    void letsTheServerSpeakFirst(Family family) throws Exception {
        byte[] greeting = "220 ready\r\n".getBytes(StandardCharsets.US_ASCII);
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    c.write(ByteBuffer.wrap(greeting));
                                    TcpServer.ECHO.serve(c);
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            assertEquals("220 ready\r\n", read(client, greeting.length));

            client.write(ByteBuffer.wrap("QUIT".getBytes(StandardCharsets.US_ASCII)));
            assertEquals("QUIT", read(client, 4));
        }
    }

    /** All of it and the FIN may be there before the client's handshake is done. */
    @ParameterizedTest
    @EnumSource
    void losesNothingOfAServerThatSendsAndClosesAtOnce(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(), family, c -> new Content(5).send(c, 3000))) {
            for (int i = 0; i < 500; i++) {
                try (SocketChannel client = topology.client().connect(family, server.address())) {
                    new Content(5).receiveAll(client, 3000);
                }
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversTheEndOfAServerThatSaysNothing(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, c -> {})) {
            for (int i = 0; i < 100; i++) {
                try (SocketChannel client = topology.client().connect(family, server.address())) {
                    assertEquals(-1, client.read(ByteBuffer.allocate(1)));
                }
            }
        }
    }

    /**
     * RFC 9293 section 3.8.5: whoever reads stops at the urgent byte, with more behind it. A relay
     * can pass it on as part of the stream alone.
     */
    @ParameterizedTest
    @EnumSource
    void doesNotStopAtUrgentData(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            for (int i = 0; i < 20; i++) {
                client.write(ByteBuffer.wrap("before".getBytes(StandardCharsets.US_ASCII)));
                client.socket().sendUrgentData('!');
                client.write(ByteBuffer.wrap("after.".getBytes(StandardCharsets.US_ASCII)));

                client.socket().setSoTimeout(5_000);
                assertEquals("before!after.", read(client, 13));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void stopsAServerThatSendsMoreThanItsClientReads(Family family) throws Exception {
        int all = 160 * MIB;
        AtomicLong sent = new AtomicLong();
        Content content = new Content(6);
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    for (int at = 0; at < all; at += 65_536) {
                                        content.send(c, at, at + 65_536);
                                        sent.set(at + 65_536);
                                    }
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            Eventually.holds("the server sends", () -> sent.get() > 0);
            long stalledAt = Eventually.atRest(Duration.ofMillis(300), sent::get);

            assertTrue(stalledAt < all, "the server was never stopped");
            assertTrue(topology.sum(WorkerStatus::pipes) <= 2, "pipes are bounded");

            content.receiveAll(client, all);
        }
    }

    @ParameterizedTest
    @EnumSource
    void stopsAClientThatSendsMoreThanItsServerReads(Family family) throws Exception {
        int all = 160 * MIB;
        AtomicLong sent = new AtomicLong();
        Content content = new Content(7);
        java.util.concurrent.CountDownLatch read = new java.util.concurrent.CountDownLatch(1);
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    read.await();
                                    content.receiveAll(c, all);
                                    c.write(ByteBuffer.wrap(new byte[1]));
                                });
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                SocketChannel client = topology.client().connect(family, server.address())) {
            Callable<Void> sender =
                    () -> {
                        for (int at = 0; at < all; at += 65_536) {
                            content.send(client, at, at + 65_536);
                            sent.set(at + 65_536);
                        }
                        client.shutdownOutput();
                        return null;
                    };
            Future<Void> sending = threads.submit(sender);
            Eventually.holds("the client sends", () -> sent.get() > 0);
            long stalledAt = Eventually.atRest(Duration.ofMillis(300), sent::get);

            assertTrue(stalledAt < all, "the client was never stopped");
            assertTrue(topology.sum(WorkerStatus::pipes) <= 2, "pipes are bounded");

            read.countDown();
            get(sending);
            assertEquals(1, client.read(ByteBuffer.allocate(1)), () -> "" + server.failures());
        }
    }

    @ParameterizedTest
    @EnumSource
    void holdsNoPipeForIdleConnections(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            List<SocketChannel> clients = new ArrayList<>();
            try {
                for (int i = 0; i < 300; i++) {
                    SocketChannel client = topology.client().connect(family, server.address());
                    clients.add(client);
                    client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
                    read(client, 3);
                }
                assertEquals(300, topology.sum(WorkerStatus::relays));
                assertEquals(0, topology.sum(WorkerStatus::pipes));
            } finally {
                for (SocketChannel client : clients) {
                    client.close();
                }
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    private static String read(SocketChannel channel, int count) throws Exception {
        return new String(
                channel.socket().getInputStream().readNBytes(count), StandardCharsets.US_ASCII);
    }
}
