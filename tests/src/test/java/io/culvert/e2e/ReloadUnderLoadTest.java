package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.config.Configuration;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.Closeable;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * While on-ramps of every type and off-ramps come and go around them, and rules, limits and timers
 * change, flows that stay go on: connections lose no byte, and datagrams are answered.
 */
@Timeout(120)
class ReloadUnderLoadTest {
    private static final int RELOADS = 20;
    private static final int ANSWER_MILLIS = 500;

    @TempDir private Path directory;

    static Stream<Arguments> all() {
        return OnRampKind.all().stream()
                .flatMap(
                        kind ->
                                Stream.of(Family.values())
                                        .map(family -> Arguments.of(kind, family)));
    }

    @ParameterizedTest
    @MethodSource("all")
    void losesNothingOfTheFlowsThatStay(OnRampKind kind, Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway();
                Host extra = Host.named("extra");
                Host branch = topology.addClient(Site.FAR)) {
            Site near = new Site(Site.NEAR, topology.client(), topology.gatewayHost(), directory);
            Site far = new Site(Site.FAR, branch, topology.gatewayHost(), directory);
            String staying = "onramps:\n" + kind.prepare(near) + new TunSite().prepare(far);
            topology.routeOffRamp();
            topology.start(configuration(staying, extra, false), log);
            try (Closeable one = kind.join(near, topology.gateway());
                    Closeable two = new TunSite().join(far, topology.gateway());
                    Load load = new Load(topology, branch, family)) {
                load.awaitProgress();
                Configuration with = Topology.configuration(configuration(staying, extra, true));
                Configuration without =
                        Topology.configuration(configuration(staying, extra, false));
                for (int i = 0; i < RELOADS; i++) {
                    int _ = topology.gateway().apply(i % 2 == 0 ? with : without, i % 3 == 0);
                    assertEquals(i % 2 == 0, extra.link("culv9").isPresent());
                    load.awaitProgress();
                }
                // Before the end: what its senders are still sending then is nobody's.
                assertEquals(Set.of(), lost(topology));
                assertEquals(List.of(), load.end());
                assertTrue(one != null && two != null);
            }
            assertEquals(0, log.closed(Reason.ON_RAMP_REMOVED));
            assertEquals(0, log.closed(Reason.OFF_RAMP_REMOVED));
            assertEquals(0, log.closed(Reason.POLICY_CHANGED));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Why packets were dropped that a reload could have come in the way of. */
    private static Set<String> lost(Topology topology) throws IOException {
        Set<String> reasons = new TreeSet<>(topology.status().dropped().keySet());
        reasons.retainAll(
                Set.of("NO_FLOW", "TUNNEL_GONE", "WRONG_SIDE", "NO_MAPPING", "SYN_TOO_LONG"));
        return reasons;
    }

    private String configuration(String staying, Host extra, boolean more) {
        return ReloadedRamps.configuration(staying, extra, directory, more);
    }

    /** Connections and datagrams of the near site's, upgraded to the server and forwarded. */
    private static final class Load implements AutoCloseable {
        private final AtomicBoolean over = new AtomicBoolean();
        private final List<Throwable> failures = new CopyOnWriteArrayList<>();
        private final List<Closing> open = new CopyOnWriteArrayList<>();
        private final List<AtomicLong> progress = new CopyOnWriteArrayList<>();
        private long[] seen = new long[0];

        Load(Topology topology, Host branch, Family family) throws IOException {
            for (boolean forwarded : new boolean[] {false, true}) {
                Host host = forwarded ? branch : topology.server();
                var address = forwarded ? family.branch() : family.server();
                Content content = new Content(forwarded ? 1 : 2);
                TcpServer down =
                        TcpServer.on(
                                host, family, address, 0, c -> content.send(c, Long.MAX_VALUE));
                open.add(down::close);
                SocketChannel client = topology.client().connect(family, down.address());
                open.add(client::close);
                begin(count -> receive(client, content, count));

                AtomicLong uploaded = new AtomicLong();
                TcpServer up =
                        TcpServer.on(host, family, address, 0, c -> upload(c, content, uploaded));
                open.add(up::close);
                progress.add(uploaded);
                SocketChannel sender = topology.client().connect(family, up.address());
                open.add(sender::close);
                begin(count -> send(sender, content, count));

                UdpEcho echo = UdpEcho.on(host, family, address);
                open.add(echo::close);
                DatagramChannel datagrams = topology.client().udp(family, null, 0);
                open.add(datagrams::close);
                InetSocketAddress to = echo.address();
                begin(count -> ask(datagrams.connect(to), count));
            }
        }

        /** Of anything that is closed in the end. */
        private interface Closing {
            void close() throws IOException;
        }

        private interface Task {
            void run(AtomicLong count) throws Exception;
        }

        private void begin(Task task) {
            AtomicLong count = new AtomicLong();
            progress.add(count);
            Thread.ofPlatform()
                    .daemon()
                    .start(
                            () -> {
                                try {
                                    task.run(count);
                                } catch (Exception | AssertionError e) {
                                    if (!over.get()) {
                                        failures.add(e);
                                    }
                                }
                            });
        }

        private void receive(SocketChannel from, Content content, AtomicLong count)
                throws IOException {
            while (!over.get()) {
                content.receive(from, count.get(), count.get() + 100_000);
                count.addAndGet(100_000);
            }
        }

        private void send(SocketChannel to, Content content, AtomicLong count) throws IOException {
            while (!over.get()) {
                content.send(to, count.get(), count.get() + 100_000);
                count.addAndGet(100_000);
            }
        }

        private void upload(SocketChannel from, Content content, AtomicLong count) {
            try {
                receive(from, content, count);
            } catch (IOException | AssertionError e) {
                if (!over.get()) {
                    failures.add(e);
                }
            }
        }

        private void ask(DatagramChannel channel, AtomicLong count) throws IOException {
            channel.socket().setSoTimeout(ANSWER_MILLIS);
            while (!over.get()) {
                byte[] question = new Content((int) count.get()).bytes(64);
                channel.write(ByteBuffer.wrap(question));
                DatagramPacket answer = new DatagramPacket(new byte[100], 100);
                try {
                    channel.socket().receive(answer);
                } catch (SocketTimeoutException crowdedOut) {
                    // The connections beside it take all that there is.
                    continue;
                }
                byte[] answered = Arrays.copyOf(answer.getData(), answer.getLength());
                if (Arrays.equals(question, answered)) {
                    count.incrementAndGet();
                }
            }
        }

        /** Waits until everything has moved on since the last time, or something has failed. */
        void awaitProgress() throws Exception {
            long[] before = seen.length == 0 ? new long[progress.size()] : seen;
            Eventually.holds(
                    "everything moves on: " + progress,
                    () -> {
                        for (int i = 0; i < before.length; i++) {
                            if (progress.get(i).get() <= before[i]) {
                                return !failures.isEmpty();
                            }
                        }
                        return true;
                    });
            assertEquals(List.of(), failures);
            seen = progress.stream().mapToLong(AtomicLong::get).toArray();
        }

        /** What has gone wrong. */
        List<Throwable> end() {
            List<Throwable> all = List.copyOf(failures);
            over.set(true);
            return all;
        }

        @Override
        public void close() throws IOException {
            over.set(true);
            for (Closing each : open) {
                each.close();
            }
        }
    }
}
