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

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A thousand tunnels of a hundred tenants, all with the same addresses, connect, send and leave at
 * once, again and again, while another's connection goes on.
 */
@Tag("abuse")
@Timeout(300)
class ManyTunnelsTest {
    private static final int TUNNELS = 1_000;
    private static final int TENANTS = 100;
    private static final int THREADS = 16;
    private static final int ROUNDS = 6;
    private static final int PAYLOAD = 100;
    private static final int IPV4_AND_UDP = 28;
    private static final int IPV6_AND_UDP = 48;
    private static final long CHUNK = 1 << 20;

    /** The collector's own ups and downs, and what each round compiles and loads. */
    private static final long MEMORY = 16 << 20;

    @TempDir private Path directory;

    @ParameterizedTest
    @EnumSource
    void leaveNothingAndDisturbNobody(Family family) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong received = new AtomicLong();
        try (GatewayLog log = GatewayLog.open();
                SeqpacketTunnels tunnels =
                        SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), family, family.server());
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, c -> sendUntil(over, c));
                TcpServer waiting =
                        TcpServer.on(
                                tunnels.topology().server(),
                                family,
                                c -> c.read(ByteBuffer.allocate(1)))) {
            Topology topology = tunnels.topology();
            long before = topology.descriptors();
            Crowd crowd = new Crowd(tunnels, family, echo, waiting);
            TunDevice device = tunnels.device(topology.client(), false);
            Stretch quiet;
            Stretch crowded;
            long[] memory = new long[ROUNDS];
            try (device;
                    TunnelClient _ = tunnels.connect(device, "tenant=bystander");
                    SocketChannel bystander = topology.client().connect(family, server.address());
                    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<Long> reading = threads.submit(() -> read(bystander, received));
                quiet = Stretch.of(received, () -> pause(3_000));
                crowded =
                        Stretch.of(
                                received,
                                () -> {
                                    for (int round = 0; round < ROUNDS; round++) {
                                        crowd.round(round);
                                        Eventually.equal(1, "left", topology.gateway()::tunnels);
                                        Eventually.equal(1, "flows", topology.gateway()::flows);
                                        memory[round] = memory();
                                    }
                                });
                over.set(true);
                long all = get(reading);
                assertEquals(received.get(), all);
                topology.everyPacketIsAccountedFor();
            }
            Eventually.equal(Topology.Held.NOTHING, "left", topology::held);
            Eventually.equal(before, "descriptors", topology::descriptors);
            topology.everyPacketIsAccountedFor();
            Figures.print(
                    0,
                    "%s: %d times %d tunnels of %d tenants came, sent and left in %.1f s; a"
                        + " bystander's download %.2f Gb/s meanwhile, %.2f Gb/s before, its longest"
                        + " pause %.0f ms and %.0f ms; heap in use after each round %s MiB",
                    family,
                    ROUNDS,
                    TUNNELS,
                    TENANTS,
                    crowded.seconds(),
                    crowded.gigabits(),
                    quiet.gigabits(),
                    crowded.longestPauseMillis(),
                    quiet.longestPauseMillis(),
                    Arrays.toString(Arrays.stream(memory).map(each -> each >> 20).toArray()));
            assertTrue(
                    memory[ROUNDS - 1] - memory[1] < MEMORY,
                    () -> "heap in use: " + Arrays.toString(memory));
            assertEquals(List.of(), server.failures());
            log.showsNoFailure();
        }
    }

    private static void sendUntil(AtomicBoolean over, SocketChannel connection) throws Exception {
        Content content = new Content(1);
        for (long at = 0; !over.get(); at += CHUNK) {
            content.send(connection, at, at + CHUNK);
        }
    }

    /** Compares what comes until its end, and answers how much it was. */
    private static long read(SocketChannel channel, AtomicLong received) throws Exception {
        Content content = new Content(1);
        long at = 0;
        while (true) {
            try {
                content.receive(channel, at, at + CHUNK / 16);
            } catch (java.io.EOFException end) {
                return at;
            }
            at += CHUNK / 16;
            received.set(at);
        }
    }

    private static <T> T get(Future<T> future) throws Exception {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    private static void pause(long millis) throws InterruptedException {
        Thread.sleep(millis);
    }

    private static long memory() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    /** How a transfer fared while something else was done. */
    private record Stretch(double seconds, double gigabits, double longestPauseMillis) {
        interface Task {
            void run() throws Exception;
        }

        static Stretch of(AtomicLong bytes, Task task) throws Exception {
            AtomicBoolean over = new AtomicBoolean();
            AtomicLong longest = new AtomicLong();
            Thread watch = Thread.ofPlatform().start(() -> watch(bytes, over, longest));
            long before = bytes.get();
            long start = System.nanoTime();
            try {
                task.run();
            } finally {
                over.set(true);
                watch.join();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            return new Stretch(
                    seconds, (bytes.get() - before) * 8 / seconds / 1e9, longest.get() / 1e6);
        }

        private static void watch(AtomicLong bytes, AtomicBoolean over, AtomicLong longest) {
            long last = bytes.get();
            long since = System.nanoTime();
            while (!over.get()) {
                java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
                long now = System.nanoTime();
                longest.set(Math.max(longest.get(), now - since));
                if (bytes.get() != last) {
                    last = bytes.get();
                    since = now;
                }
            }
        }
    }

    /** All the tunnels. */
    private record Crowd(SeqpacketTunnels tunnels, Family family, UdpEcho echo, TcpServer server) {
        /**
         * Even rounds have all of them there at once, odd ones let each come and go as it likes.
         */
        void round(int round) throws Exception {
            CyclicBarrier barrier = new CyclicBarrier(THREADS);
            try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
                List<Future<Void>> all = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    int first = i;
                    Callable<Void> part =
                            () -> {
                                share(first, round, barrier);
                                return null;
                            };
                    all.add(threads.submit(part));
                }
                for (Future<Void> each : all) {
                    get(each);
                }
            }
        }

        /** Every sixteenth of the tunnels, in any order. */
        private void share(int first, int round, CyclicBarrier barrier) throws Exception {
            Random random = new Random(31L * round + first);
            List<Member> members = new ArrayList<>();
            for (int i = first; i < TUNNELS; i += THREADS) {
                members.add(new Member(this, i, round));
            }
            try {
                if (round % 2 == 0) {
                    for (Member each : members) {
                        each.connect();
                    }
                    barrier.await();
                    Eventually.equal(TUNNELS + 1, "tunnels", tunnels.topology().gateway()::tunnels);
                    barrier.await();
                }
                List<Member> left = new ArrayList<>(members);
                while (!left.isEmpty()) {
                    Member any = left.get(random.nextInt(left.size()));
                    if (any.step()) {
                        left.remove(any);
                    }
                }
            } finally {
                members.forEach(Member::leave);
            }
        }
    }

    /** One tunnel, with a flow or two. */
    private static final class Member {
        private final Crowd crowd;
        private final int number;
        private final int round;
        private RawTunnel tunnel;
        private int steps;

        Member(Crowd crowd, int number, int round) {
            this.crowd = crowd;
            this.number = number;
            this.round = round;
        }

        void connect() throws Exception {
            tunnel = RawTunnel.open(crowd.tunnels().path(), "tenant=t" + number % TENANTS);
        }

        /** Those of one tenant differ in it; those of several do not. */
        private int port() {
            return 1_000 + number / TENANTS;
        }

        /** Goes on with what it does, and answers whether that was all. */
        boolean step() throws Exception {
            if (tunnel == null) {
                connect();
                return false;
            }
            if (steps == 3) {
                leave();
                return true;
            }
            if (steps == 1 && number % 3 == 0) {
                openConnection();
            } else {
                exchange();
            }
            steps++;
            return false;
        }

        private RawPacket packet() {
            return new RawPacket(crowd.family().client(), crowd.family().server());
        }

        private void exchange() throws Exception {
            byte[] payload = new Content(number * 10 + round + steps).bytes(PAYLOAD);
            byte[] sent = packet().udp(port(), crowd.echo().address().getPort(), payload);
            assertEquals(sent.length, tunnel.send(sent));
            byte[] back = receive(17);
            int headers = crowd.family().isIpv6() ? IPV6_AND_UDP : IPV4_AND_UDP;
            assertEquals(port(), destinationPort(back));
            assertTrue(
                    Arrays.equals(
                            payload, 0, PAYLOAD, back, headers, Math.max(headers, back.length)),
                    () -> "tunnel " + number + " got another's datagram");
        }

        /** A connection that nobody ends, with a server that waits for something. */
        private void openConnection() throws Exception {
            int to = crowd.server().address().getPort();
            byte[] syn = packet().tcp(port(), to, number, 0, RawPacket.SYN);
            assertEquals(syn.length, tunnel.send(syn));
            byte[] answer = receive(6);
            assertEquals(port(), destinationPort(answer));
        }

        /** The next packet of that protocol; an opened connection has SYN+ACKs sent again. */
        private byte[] receive(int protocol) throws Exception {
            while (true) {
                byte[] packet = tunnel.receive();
                assertTrue(packet.length > 40, () -> "tunnel " + number + " has ended");
                if ((crowd.family().isIpv6() ? packet[6] : packet[9]) == protocol) {
                    return packet;
                }
            }
        }

        private int destinationPort(byte[] packet) {
            int at = crowd.family().headerLength() + 2;
            return ((packet[at] & 0xff) << 8) | (packet[at + 1] & 0xff);
        }

        void leave() {
            if (tunnel != null) {
                tunnel.close();
            }
        }
    }
}
