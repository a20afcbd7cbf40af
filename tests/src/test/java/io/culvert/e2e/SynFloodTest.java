package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.control.ControlClient;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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

    @TempDir private Path directory;

    /**
     * The gateway is a process of its own, so that its limits are.
     *
     * @param sameTenant whether legitimate clients are behind the attacker's on-ramp too
     */
    @ParameterizedTest
    @CsvSource({"IPV4,false,60", "IPV6,true,30"})
    void leavesEstablishedConnectionsAndNewOnesAlone(Family family, boolean sameTenant, int seconds)
            throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            topology.addClient("client2");
            Path configuration = directory.resolve("edge.yaml");
            Files.writeString(
                    configuration,
                    topology.onRamps(1500, "acme", "umbrella")
                            + Topology.UPGRADE_ALL
                            + "limits: { flows: %d }\n".formatted(FLOWS));
            Path control = directory.resolve("control.sock");
            try (CulvertProcess culvert =
                            CulvertProcess.start(
                                    topology.gatewayHost(),
                                    "run",
                                    "--control",
                                    control.toString(),
                                    configuration.toString());
                    TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                    TcpServer target = TcpServer.on(topology.server(), family, c -> {})) {
                culvert.awaitReady();
                topology.routeClients();
                Host legitimate = topology.client(sameTenant ? 0 : 1);
                double capacity = capacity(legitimate, family, target.address());
                try (LegitimateFlows flows =
                        LegitimateFlows.start(legitimate, family, server.address())) {
                    attack(
                            new Scene(topology, family, legitimate, control, culvert, sameTenant),
                            flows,
                            target,
                            capacity,
                            seconds);
                }
                assertTrue(culvert.isAlive(), "it has ended");
                assertEquals(
                        List.of(),
                        culvert.errors().stream().filter(l -> l.contains("ERROR")).toList());
            }
        }
    }

    private record Scene(
            Topology topology,
            Family family,
            Host legitimate,
            Path control,
            CulvertProcess culvert,
            boolean sameTenant) {
        JsonNode status() throws IOException {
            return new ObjectMapper().readTree(ControlClient.ask(control, "status").getFirst());
        }

        /** What the status says: received is carried, answered, dropped or held. */
        void everyPacketIsAccountedFor() throws Exception {
            Eventually.holds(
                    "received = carried + answered + dropped + held",
                    () -> {
                        JsonNode status = status();
                        long sum =
                                status.path("carried").asLong()
                                        + status.path("answered").asLong()
                                        + status.path("held").asLong();
                        for (JsonNode dropped : status.path("dropped")) {
                            sum += dropped.asLong();
                        }
                        return status.path("received").asLong() == sum;
                    });
        }

        /** Mebibytes that the process has taken at most so far. */
        long memory() throws IOException {
            for (String line :
                    Files.readAllLines(
                            Path.of("/proc", Long.toString(culvert.handle().pid()), "status"))) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
                }
            }
            return 0;
        }
    }

    private static void attack(
            Scene scene, LegitimateFlows flows, TcpServer target, double capacity, int floodSeconds)
            throws Exception {
        Family family = scene.family();
        InetSocketAddress to = target.address();
        flows.goodput(2_000);
        double baseline = flows.goodput(BASELINE_MILLIS);
        long memoryBefore = scene.memory();
        int rate = (int) (TIMES_CAPACITY * capacity);
        long exchanges = flows.exchanges();
        long start = System.nanoTime();
        AtomicLong sent = new AtomicLong();
        Thread attacker =
                Thread.ofPlatform()
                        .start(
                                () ->
                                        sent.set(
                                                flood(
                                                        scene.topology(),
                                                        family,
                                                        to,
                                                        rate,
                                                        floodSeconds)));
        Connects connects = new Connects(scene.legitimate(), family, to);
        Watch watch = new Watch(scene, attacker);
        Thread.ofPlatform().daemon().start(watch);
        while (attacker.isAlive()) {
            connects.one();
            LockSupport.parkNanos(CONNECT_EVERY_NANOS);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        double goodput = (flows.exchanges() - exchanges) / seconds;
        watch.answered();
        connects.awaitAll();

        // Ten seconds later.
        Thread.sleep(Duration.ofSeconds(10));
        double after = flows.goodput(5_000);
        Connects again = new Connects(scene.legitimate(), family, to);
        for (int i = 0; i < 100; i++) {
            again.one();
            LockSupport.parkNanos(10_000_000);
        }
        again.awaitAll();
        Figures.print(
                6,
                "%s, legitimate %s: capacity %.0f connections/s, flood %.0f SYN/s for %.0f s:"
                    + " goodput of %d established %.1f %% of B (>= 90), broken %d; of %d connects"
                    + " %.1f %% within 1 s (>= 99); flows at most %d (<= %d), memory %d MiB (before"
                    + " %d), status answered in %.0f ms at most; 10 s later goodput %.1f %%, %d of"
                    + " 100 connects; %s",
                family,
                scene.sameTenant() ? "on the attacker's on-ramp" : "of another tenant",
                capacity,
                sent.get() / seconds,
                seconds,
                LegitimateFlows.FLOWS,
                100 * goodput / baseline,
                flows.broken(),
                connects.tried(),
                100.0 * connects.inTime() / connects.tried(),
                watch.mostFlows,
                FLOWS,
                scene.memory(),
                memoryBefore,
                watch.longestMillis,
                100 * after / baseline,
                again.inTime(),
                scene.culvert().errors());
        assertEquals(0, flows.broken());
        assertTrue(goodput >= 0.9 * baseline, goodput + " of " + baseline);
        assertTrue(
                connects.inTime() >= 0.99 * connects.tried(),
                connects.inTime() + " of " + connects.tried());
        assertTrue(watch.mostFlows <= FLOWS, watch.mostFlows + " flows");
        assertTrue(after >= 0.9 * baseline, "afterwards " + after + " of " + baseline);
        assertTrue(again.inTime() >= 99, "afterwards " + again.inTime());
        scene.everyPacketIsAccountedFor();
    }

    /** Asks how the gateway is, again and again, until the attack is over. */
    private static final class Watch implements Runnable {
        private final Scene scene;
        private final Thread attacker;
        private volatile int mostFlows;
        private volatile double longestMillis;
        private volatile long asked;

        Watch(Scene scene, Thread attacker) {
            this.scene = scene;
            this.attacker = attacker;
        }

        @Override
        public void run() {
            while (attacker.isAlive()) {
                asked = System.nanoTime();
                try {
                    mostFlows = Math.max(mostFlows, scene.status().path("flows").asInt());
                } catch (IOException | RuntimeException none) {
                    // No answer is the longest time there is.
                }
                answered();
                LockSupport.parkNanos(250_000_000);
            }
        }

        /** Or not yet: the time that has passed counts. */
        private void answered() {
            longestMillis = Math.max(longestMillis, (System.nanoTime() - asked) / 1e6);
        }
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
            Topology topology, Family family, InetSocketAddress to, int rate, int seconds) {
        Random random = new Random(6);
        try (PacketFlood flood = PacketFlood.atRate(rate, topology.client(), Topology.DEVICE)) {
            Template syn =
                    new Template(
                            new RawPacket(family.client(), family.server())
                                    .tcp(1, to.getPort(), 0, 0, RawPacket.SYN));
            long end = System.nanoTime() + seconds * 1_000_000_000L;
            while (System.nanoTime() < end) {
                syn.sourceSuffix(0x0b00_0000 | random.nextInt(1 << 24));
                syn.sourcePort(random.nextInt(1_024, 1 << 16));
                flood.send(syn.setInt(syn.header() + 4, random.nextInt()).bytes());
            }
            flood.flush();
            return flood.sent() - flood.refused();
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
