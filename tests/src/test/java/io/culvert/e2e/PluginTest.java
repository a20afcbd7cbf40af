package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.HookTimes;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Plugins decide about flows, and whatever they do costs nobody else anything. */
@Timeout(120)
class PluginTest {
    private static final int SWAPS = 100;
    private static final int CLIENTS = 4;

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    @BeforeEach
    void reset() {
        JudgePlugin.reset();
    }

    private String settings(int generation, String more) throws IOException {
        return """
        plugins: [ { jar: %s, settings: { generation: %d }, %s } ]
        policy: { default: upgrade }
        """
                .formatted(
                        PluginJars.write(directory, JudgePlugin.class),
                        generation,
                        more.isEmpty() ? "deadline: 10s" : more);
    }

    private Topology open(String more) throws IOException {
        return Topology.open(settings(0, more), log);
    }

    private static long count(String name) {
        return JudgePlugin.counter(name).get();
    }

    private static void exchange(SocketChannel client) throws IOException {
        client.write(ByteBuffer.wrap(new byte[] {42}));
        ByteBuffer answer = ByteBuffer.allocate(1);
        assertEquals(1, client.read(answer));
        assertEquals(42, answer.get(0));
    }

    @ParameterizedTest
    @EnumSource
    void isAskedOnceForEachFlowAndToldOfItsEnd(Family family) throws Exception {
        try (Topology topology = open("");
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server())) {
            for (int i = 0; i < 20; i++) {
                try (SocketChannel client = topology.client().connect(family, server.address())) {
                    exchange(client);
                }
            }
            try (DatagramChannel client = topology.client().udp(family, null, 0)) {
                client.connect(echo.address());
                for (int i = 0; i < 20; i++) {
                    // The first waits for the plugin, and so may others behind it.
                    client.write(ByteBuffer.wrap(new byte[] {(byte) i}));
                }
                ByteBuffer answer = ByteBuffer.allocate(1);
                client.read(answer);
                assertEquals(0, answer.get(0));
            }
            assertEquals(21, count("asked"));
            Eventually.equal(20L, "told", () -> count("closed"));
            topology.everyPacketIsAccountedFor();
        }
        // The datagrams' flow ends with the gateway, and then the plugin.
        assertEquals(21, count("closed"));
        assertEquals(1, count("stopped"));
        assertEquals(0, count("strangers"));
    }

    @ParameterizedTest
    @EnumSource
    void refusesWithItsWords(Family family) throws Exception {
        try (Topology topology = open("")) {
            ConnectException refused =
                    assertThrows(
                            ConnectException.class,
                            () ->
                                    topology.client()
                                            .connect(family, family.server(JudgePlugin.REFUSED)));
            assertEquals("Connection refused", refused.getMessage());
            try (SocketChannel client = topology.client().tcp(family)) {
                InetSocketAddress target = family.server(JudgePlugin.DROPPED);
                assertThrows(
                        SocketTimeoutException.class, () -> client.socket().connect(target, 200));
            }
            assertTrue(topology.dropped(Reason.HOOK_REFUSED) >= 1);
            assertEquals(0, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** The plugin's failure policy is to refuse, and in silence: a retry may be answered. */
    @ParameterizedTest
    @CsvSource({
        "IPV4, " + JudgePlugin.THROWS,
        "IPV6, " + JudgePlugin.THROWS,
        "IPV4, " + JudgePlugin.OVERFLOWS,
        "IPV6, " + JudgePlugin.OVERFLOWS,
        "IPV4, " + JudgePlugin.NOWHERE,
        "IPV6, " + JudgePlugin.NOWHERE,
        "IPV4, " + JudgePlugin.NO_ANSWER,
        "IPV6, " + JudgePlugin.NO_ANSWER
    })
    void aFailureCostsOneFlow(Family family, int port) throws Exception {
        try (Topology topology = open("");
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel before = topology.client().connect(family, server.address())) {
            try (SocketChannel client = topology.client().tcp(family)) {
                assertThrows(
                        SocketTimeoutException.class,
                        () -> client.socket().connect(family.server(port), 300));
            }
            Eventually.holds("it failed", () -> topology.dropped(Reason.HOOK_FAILED) >= 1);
            exchange(before);
            try (SocketChannel after = topology.client().connect(family, server.address())) {
                exchange(after);
            }
            assertTrue(
                    figures(topology).failures() >= 1 && figures(topology).timeouts() == 0,
                    "failures are counted");
            topology.everyPacketIsAccountedFor();
        }
    }

    private static HookTimes.Figures figures(Topology topology) {
        return topology.gateway()
                .plugins()
                .current()
                .plugins()
                .getFirst()
                .times()
                .of(HookTimes.Hook.FLOW);
    }

    @ParameterizedTest
    @CsvSource({
        "IPV4, " + JudgePlugin.HANGS,
        "IPV6, " + JudgePlugin.HANGS,
        "IPV4, " + JudgePlugin.SPINS,
        "IPV6, " + JudgePlugin.SPINS
    })
    void aHangCostsOneFlow(Family family, int port) throws Exception {
        try (Topology topology = open("deadline: 100ms");
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel hanging = topology.client().tcp(family)) {
            hanging.configureBlocking(false);
            hanging.connect(family.server(port));
            Eventually.holds(
                    "nobody waits any more", () -> topology.dropped(Reason.HOOK_TIMEOUT) >= 1);
            try (SocketChannel other = topology.client().connect(family, server.address())) {
                exchange(other);
            }
            assertTrue(figures(topology).timeouts() >= 1, "time-outs are counted");
            JudgePlugin.release().countDown();
            topology.everyPacketIsAccountedFor();
        } finally {
            JudgePlugin.release().countDown();
        }
    }

    /** What waits for a plugin is bounded, and what is beyond that has to come again. */
    @ParameterizedTest
    @EnumSource
    void aFloodThatWaitsForAPluginIsBounded(Family family) throws Exception {
        try (Topology topology = open("deadline: 30s");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            int workers = topology.gateway().status().size();
            int flood = 1_500 * workers;
            for (int i = 0; i < flood; i++) {
                ramp.send(packet.udp(1_000 + i, JudgePlugin.HANGS, new byte[1]));
            }
            Eventually.holds(
                    "as many wait as may", () -> topology.dropped(Reason.HOOK_OVERLOAD) > 0);
            assertTrue(count("asked") <= 1_024L * workers);
        } finally {
            JudgePlugin.release().countDown();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatARateRefusesNoPluginIsAskedAbout(Family family) throws Exception {
        String settings =
                settings(0, "")
                        .replace(
                                Topology.UPGRADE_ALL,
                                "policy: { rules: [ { do: upgrade, rate: { per: rule, flows: 1 } }"
                                        + " ] }\n");
        try (Topology topology = Topology.open(settings, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel only = topology.client().connect(family, server.address())) {
            exchange(only);
            for (int i = 0; i < 20; i++) {
                assertThrows(
                        IOException.class,
                        () -> topology.client().connect(family, server.address()));
            }
            assertEquals(1, count("asked"));
            exchange(only);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFailureIsNoObstacleWhereThatIsWanted(Family family) throws Exception {
        try (Topology topology = open("on-failure: accept");
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                family.server(),
                                JudgePlugin.THROWS,
                                TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            exchange(client);
            assertEquals(1, figures(topology).failures());
        }
    }

    /** New flows are the new version's, old ones stay with the old until they end. */
    @Test
    void aHundredReplacementsUnderLoadLoseNoFlowAndLeaveNothing() throws Exception {
        Family family = Family.IPV4;
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        // A log of flows would hold what goes with them.
        try (Topology topology = Topology.open(settings(0, ""));
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                SocketChannel eldest = topology.client().connect(family, server.address())) {
            exchange(eldest);
            AtomicBoolean over = new AtomicBoolean();
            List<Future<Integer>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(
                        threads.submit(() -> connectAgainAndAgain(topology, family, server, over)));
            }
            long descriptors = topology.descriptors();
            for (int i = 1; i <= SWAPS; i++) {
                swap(topology, i, loaders);
            }
            over.set(true);
            for (Future<Integer> client : clients) {
                assertTrue(client.get() > 0);
            }
            exchange(eldest);
            // The one in force, and the one that the eldest flow holds.
            Eventually.equal(SWAPS - 1L, "stopped", () -> count("stopped"));
            eldest.shutdownOutput();
            Eventually.equal((long) SWAPS, "stopped", () -> count("stopped"));
            Eventually.equal(count("carried"), "told", () -> count("closed"));
            assertEquals(0, count("strangers"));
            Eventually.holds(
                    "old class loaders are gone",
                    () -> {
                        System.gc();
                        return loaders.stream().allMatch(each -> each.get() == null);
                    });
            // A client's own may not be closed yet.
            Eventually.holds(
                    "descriptors are given back", () -> topology.descriptors() <= descriptors);
            topology.everyPacketIsAccountedFor();
        }
    }

    private void swap(Topology topology, int generation, List<WeakReference<ClassLoader>> loaders)
            throws Exception {
        LoadedPlugin old = topology.gateway().plugins().current().plugins().getFirst();
        loaders.add(
                new WeakReference<>(old.hooks().flow().orElseThrow().getClass().getClassLoader()));
        var plugins = topology.gateway().plugins();
        String yaml = topology.onRamps(1500, "acme") + settings(generation, "");
        plugins.replace(plugins.load(Topology.configuration(yaml)));
    }

    private static int connectAgainAndAgain(
            Topology topology, Family family, TcpServer server, AtomicBoolean over)
            throws IOException {
        int flows = 0;
        while (!over.get()) {
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                exchange(client);
                flows++;
            }
        }
        return flows;
    }
}
