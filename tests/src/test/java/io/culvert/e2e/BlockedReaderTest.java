package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.tun.TunDevice;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A tunnel's client reads nothing while a server sends to it as fast as it can: for three seconds,
 * and three seconds not, twenty times, so that whatever else the machine does touches both alike.
 * What others' traffic is less in the one than in the other is what the blocked one costs them.
 * Each time it is blocked in the midst of the traffic, which costs more than to stay so for a
 * minute.
 */
@Tag("abuse")
@Timeout(600)
class BlockedReaderTest {
    private static final int TIMES = 20;
    private static final int MILLIS = 3_000;
    private static final int DATAGRAM = 1_000;
    private static final Duration QUIET = Duration.ofMillis(100);

    @TempDir private Path directory;

    /** The blocked one and another, of two tenants and in two namespaces. */
    private static final class Two implements AutoCloseable {
        private final SeqpacketTunnels tunnels;
        private final Host host;
        private final TunDevice device;
        private final BlockableDevice blockable;
        private final TunnelClient client;
        private final TunDevice otherDevice;
        private final TunnelClient other;

        Two(SeqpacketTunnels tunnels) throws Exception {
            this.tunnels = tunnels;
            host = tunnels.topology().addClient("deaf");
            device = tunnels.device(host, false);
            blockable = new BlockableDevice(device.queues().getFirst());
            client = TunnelClient.connect(tunnels.path(), "tenant=deaf", blockable);
            otherDevice = tunnels.device(tunnels.topology().client(), false);
            other = tunnels.connect(otherDevice, "tenant=acme");
            Eventually.equal(2, "tunnels", tunnels.topology().gateway()::tunnels);
        }

        Topology topology() {
            return tunnels.topology();
        }

        @Override
        public void close() {
            blockable.unblock();
            client.close();
            other.close();
            device.close();
            otherDevice.close();
        }
    }

    /** Has a server send to the tunnel that will be blocked. */
    @FunctionalInterface
    private interface Torrent {
        /** Begins; what it answers ends it. */
        AutoCloseable begin() throws Exception;
    }

    @FunctionalInterface
    private interface Goodput {
        double during(long millis) throws Exception;
    }

    /** In each pair of phases the blocked one's share of the other's. */
    private static double[] compare(Two two, Torrent torrent, Goodput goodput) throws Exception {
        double[] shares = new double[TIMES];
        for (int i = 0; i < TIMES; i++) {
            boolean blockedFirst = i % 2 == 0;
            double first = blockedFirst ? blocked(two, torrent, goodput) : goodput.during(MILLIS);
            double second = blockedFirst ? goodput.during(MILLIS) : blocked(two, torrent, goodput);
            shares[i] = blockedFirst ? first / second : second / first;
        }
        Arrays.sort(shares);
        return shares;
    }

    private static double blocked(Two two, Torrent torrent, Goodput goodput) throws Exception {
        AutoCloseable flowing = torrent.begin();
        try {
            two.blockable.block();
            Eventually.holds("it is blocked", two.blockable::isStanding);
            return goodput.during(MILLIS);
        } finally {
            flowing.close();
            two.blockable.unblock();
            // What was held for the blocked one arrives.
            long unused = Eventually.atRest(QUIET, () -> two.host.packetsReceived(Topology.DEVICE));
        }
    }

    private static double median(double[] sorted) {
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** Another tunnel's download, as fast as it can be. */
    @ParameterizedTest
    @EnumSource
    void costsAnotherTunnelsDownloadNextToNothingByTcp(Family family) throws Exception {
        AtomicLong bytes = new AtomicLong();
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                Two two = new Two(tunnels);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, BlockedReaderTest::pour);
                SocketChannel download = two.topology().client().connect(family, server.address());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> reading = threads.submit(() -> drain(download, bytes));
            Goodput goodput =
                    millis -> {
                        long before = bytes.get();
                        long start = System.nanoTime();
                        Thread.sleep(millis);
                        return (bytes.get() - before) * 8.0 / (System.nanoTime() - start);
                    };
            goodput.during(MILLIS);
            Torrent torrent =
                    () -> {
                        SocketChannel deaf = two.host.connect(family, server.address());
                        AtomicLong arrived = new AtomicLong();
                        Thread.ofVirtual().start(() -> drain(deaf, arrived));
                        Eventually.holds("it flows", () -> arrived.get() > 1_000_000);
                        return deaf;
                    };
            double[] shares = compare(two, torrent, goodput);
            double now = goodput.during(MILLIS);
            Figures.print(
                    0,
                    "%s: another tunnel's download by the side of a blocked reader, whose server"
                        + " sends by TCP: %.1f %% (>= 99; %d times %d s, %.1f to %.1f %%), of %.2f"
                        + " Gb/s",
                    family,
                    100 * median(shares),
                    TIMES,
                    MILLIS / 1000,
                    100 * shares[0],
                    100 * shares[TIMES - 1],
                    now);
            download.shutdownInput();
            reading.get();
            // What others take of the machine in three seconds is more than the blocked one does.
            assertTrue(median(shares) >= 0.95, Arrays.toString(shares));
            two.topology().everyPacketIsAccountedFor();
        }
    }

    /**
     * Two hundred connections of another tunnel at a fixed pace, since the server's thread takes a
     * processor for itself as fast as it can.
     */
    @ParameterizedTest
    @EnumSource
    void costsAnotherTunnelsExchangesNextToNothingByUdp(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                Two two = new Two(tunnels);
                TcpServer echo = TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                LegitimateFlows flows =
                        LegitimateFlows.start(two.topology().client(), family, echo.address())) {
            AtomicLong sent = new AtomicLong();
            flows.goodput(2_000);
            double[] shares = compare(two, () -> deluge(two, family, sent), flows::goodput);
            Figures.print(
                    0,
                    "%s: %d exchanges/s of another tunnel by the side of a blocked reader, whose"
                        + " server sends by UDP: %.1f %% (>= 99; %d times %d s, %.1f to %.1f %%),"
                        + " broken %d; %.0f datagrams/s",
                    family,
                    Math.round(flows.goodput(MILLIS)),
                    100 * median(shares),
                    TIMES,
                    MILLIS / 1000,
                    100 * shares[0],
                    100 * shares[TIMES - 1],
                    flows.broken(),
                    sent.get() * 1000.0 / (TIMES * MILLIS));
            assertEquals(0, flows.broken());
            assertTrue(median(shares) >= 0.99, Arrays.toString(shares));
            two.topology().everyPacketIsAccountedFor();
        }
    }

    /** Sends as long as somebody takes it. */
    private static void pour(SocketChannel connection) {
        ByteBuffer chunk = ByteBuffer.allocateDirect(65_536);
        try {
            while (true) {
                connection.write(chunk.clear());
            }
        } catch (IOException over) {
            // The other side has enough.
        }
    }

    private static void drain(SocketChannel channel, AtomicLong bytes) {
        ByteBuffer chunk = ByteBuffer.allocateDirect(65_536);
        try {
            for (int read = 0; read >= 0; read = channel.read(chunk.clear())) {
                bytes.addAndGet(read);
            }
        } catch (IOException over) {
            // Closed by the test.
        }
    }

    /** The blocked host asks a server once, which then sends to it until it is closed. */
    private static AutoCloseable deluge(Two two, Family family, AtomicLong sent)
            throws IOException {
        DatagramChannel server = two.topology().server().udp(family, family.server(), 0);
        DatagramChannel client = two.host.udp(family, null, 0);
        client.send(ByteBuffer.allocate(1), server.getLocalAddress());
        SocketAddress asker = server.receive(ByteBuffer.allocate(1));
        server.connect(asker);
        Thread sender =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    ByteBuffer datagram = ByteBuffer.allocateDirect(DATAGRAM);
                                    try {
                                        while (true) {
                                            server.write(datagram.clear());
                                            sent.incrementAndGet();
                                        }
                                    } catch (ClosedChannelException over) {
                                        // By the test.
                                    } catch (IOException e) {
                                        throw new java.io.UncheckedIOException(e);
                                    }
                                });
        return () -> {
            server.close();
            client.close();
            sender.join();
        };
    }
}
