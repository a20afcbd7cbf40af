package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Row 6: a flood of SYNs from sources that do not exist, to a service that does, five times as many
 * as the gateway can open connections, for a minute. Established connections keep nine tenths of
 * their goodput, of others' connects ninety-nine in a hundred succeed within a second, what is held
 * is bounded, and ten seconds later all is as before.
 */
@Tag("abuse")
@Timeout(400)
class SynFloodTest {
    private static final int CAPACITY_SECONDS = 4;
    private static final int CONNECTORS = 16;
    private static final int BASELINE_MILLIS = 10_000;
    private static final long CONNECT_EVERY_NANOS = 50_000_000;
    private static final int FLOWS = 100_000;
    private static final double TIMES_CAPACITY = 5;

    /**
     * @param sameTenant whether legitimate clients are behind the attacker's on-ramp too
     */
    @ParameterizedTest
    @CsvSource({"IPV4,false,60", "IPV6,true,30"})
    void leavesEstablishedConnectionsAndNewOnesAlone(
            Family family, boolean sameTenant, int seconds) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withoutGateway()) {
            topology.addClient("client2");
            topology.start(
                    topology.onRamps(1500, "acme", "umbrella")
                            + Topology.UPGRADE_ALL
                            + "limits: { flows: %d }\n".formatted(FLOWS),
                    io.culvert.flow.FlowListener.NONE);
            topology.routeClients();
            Host legitimate = topology.client(sameTenant ? 0 : 1);
            try (TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                    TcpServer shortLived = TcpServer.on(topology.server(), family, c -> {})) {
                double capacity = capacity(legitimate, family, shortLived.address());
                try (LegitimateFlows flows =
                        LegitimateFlows.start(legitimate, family, server.address())) {
                    attack(
                            topology,
                            family,
                            legitimate,
                            flows,
                            shortLived,
                            capacity,
                            sameTenant,
                            seconds);
                }
            }
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    private static void attack(
            Topology topology,
            Family family,
            Host legitimate,
            LegitimateFlows flows,
            TcpServer target,
            double capacity,
            boolean sameTenant,
            int floodSeconds)
            throws Exception {
        flows.goodput(2_000);
        double baseline = flows.goodput(BASELINE_MILLIS);
        int rate = (int) (TIMES_CAPACITY * capacity);
        long exchanges = flows.exchanges();
        long start = System.nanoTime();
        AtomicLong sent = new AtomicLong();
        Thread attacker =
                Thread.ofPlatform()
                        .start(() -> sent.set(flood(topology, family, target, rate, floodSeconds)));
        Connects connects = new Connects(legitimate, family, target.address());
        int mostFlows = 0;
        while (attacker.isAlive()) {
            connects.one();
            mostFlows = Math.max(mostFlows, topology.gateway().flows());
            LockSupport.parkNanos(CONNECT_EVERY_NANOS);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        double goodput = (flows.exchanges() - exchanges) / seconds;
        connects.awaitAll();

        // Ten seconds later.
        Thread.sleep(Duration.ofSeconds(10));
        double after = flows.goodput(5_000);
        Connects again = new Connects(legitimate, family, target.address());
        for (int i = 0; i < 100; i++) {
            again.one();
            LockSupport.parkNanos(10_000_000);
        }
        again.awaitAll();
        Figures.print(
                6,
                "%s, legitimate %s: capacity %.0f connections/s, flood %.0f SYN/s for %.0f s:"
                        + " goodput of %d established %.1f %% of B (>= 90), broken %d;"
                        + " of %d connects %.1f %% within 1 s (>= 99); flows at most %d (<= %d);"
                        + " 10 s later goodput %.1f %%, %d of 100 connects; %s",
                family,
                sameTenant ? "on the attacker's on-ramp" : "of another tenant",
                capacity,
                sent.get() / seconds,
                seconds,
                LegitimateFlows.FLOWS,
                100 * goodput / baseline,
                flows.broken(),
                connects.tried(),
                100.0 * connects.inTime() / connects.tried(),
                mostFlows,
                FLOWS,
                100 * after / baseline,
                again.inTime(),
                topology.status());
        assertEquals(0, flows.broken());
        assertTrue(goodput >= 0.9 * baseline, goodput + " of " + baseline);
        assertTrue(
                connects.inTime() >= 0.99 * connects.tried(),
                connects.inTime() + " of " + connects.tried());
        assertTrue(mostFlows <= FLOWS, mostFlows + " flows");
        assertTrue(after >= 0.9 * baseline, "afterwards " + after + " of " + baseline);
        assertTrue(again.inTime() >= 99, "afterwards " + again.inTime());
    }

    /** Connections opened and closed one after the other by a few, how many a second. */
    private static double capacity(Host client, Family family, InetSocketAddress to)
            throws Exception {
        AtomicInteger done = new AtomicInteger();
        long start = System.nanoTime();
        long end = start + CAPACITY_SECONDS * 1_000_000_000L;
        try (ExecutorService threads = Executors.newFixedThreadPool(CONNECTORS)) {
            for (int i = 0; i < CONNECTORS; i++) {
                Future<?> ignored =
                        threads.submit(
                                () -> {
                                    while (System.nanoTime() < end) {
                                        try (SocketChannel channel = client.connect(family, to)) {
                                            channel.read(java.nio.ByteBuffer.allocate(1));
                                            done.incrementAndGet();
                                        }
                                    }
                                    return null;
                                });
                assertTrue(!ignored.isCancelled());
            }
        }
        return done.get() * 1e9 / (System.nanoTime() - start);
    }

    /** SYNs to the service from anywhere in the client's network and beyond. */
    private static long flood(
            Topology topology, Family family, TcpServer target, int rate, int seconds) {
        Random random = new Random(6);
        try (PacketFlood flood = PacketFlood.atRate(rate, topology.client(), Topology.DEVICE)) {
            Template syn =
                    new Template(
                            new RawPacket(family.client(), family.server())
                                    .tcp(1, target.address().getPort(), 0, 0, RawPacket.SYN));
            for (long i = 0; i < (long) rate * seconds; i++) {
                syn.sourceSuffix(0x0b00_0000 | random.nextInt(1 << 24));
                syn.sourcePort(random.nextInt(1_024, 1 << 16));
                flood.send(syn.setInt(syn.header() + 4, random.nextInt()).bytes());
            }
            flood.flush();
            return flood.sent();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Connects that must succeed within a second. */
    private static final class Connects {
        private static final int WITHIN_MILLIS = 1_000;

        private final Host client;
        private final Family family;
        private final InetSocketAddress to;
        private final AtomicInteger tried = new AtomicInteger();
        private final AtomicInteger over = new AtomicInteger();
        private final AtomicInteger inTime = new AtomicInteger();

        Connects(Host client, Family family, InetSocketAddress to) {
            this.client = client;
            this.family = family;
            this.to = to;
        }

        void one() throws IOException {
            tried.incrementAndGet();
            SocketChannel channel = client.tcp(family);
            Thread.ofVirtual()
                    .start(
                            () -> {
                                try (channel) {
                                    channel.socket().connect(to, WITHIN_MILLIS);
                                    inTime.incrementAndGet();
                                } catch (IOException failed) {
                                    // Counted by its absence.
                                } finally {
                                    over.incrementAndGet();
                                }
                            });
        }

        void awaitAll() throws Exception {
            Eventually.holds("all connects are over", () -> over.get() == tried.get());
        }

        int tried() {
            return tried.get();
        }

        int inTime() {
            return inTime.get();
        }
    }
}
