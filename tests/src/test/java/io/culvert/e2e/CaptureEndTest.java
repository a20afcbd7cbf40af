package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Route;
import io.culvert.linux.Rule;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What capturing does to a host is undone, however the gateway ends, and others' is left alone. */
@Timeout(90)
class CaptureEndTest {
    private static final String ONE = Cables.onRamp("acme", "culv0", "one", "");
    private static final String OTHER = Cables.onRamp("globex", "culv1", "other", "");
    private static final int FIRST_TABLE = 1_920_000_000;

    @TempDir private Path directory;

    private CulvertProcess run(Cables cables, String onRamps) throws IOException {
        return run(cables, "edge", List.of(), onRamps);
    }

    private CulvertProcess run(Cables cables, String name, List<String> wrapper, String onRamps)
            throws IOException {
        Path configuration =
                Files.writeString(
                        directory.resolve(name + ".yaml"),
                        "onramps:\n" + onRamps + Topology.UPGRADE_ALL + "limits: { drain: 0s }\n");
        return CulvertProcess.startBehind(
                cables.gatewayHost(),
                wrapper,
                "run",
                "--control",
                directory.resolve(name + ".sock").toString(),
                configuration.toString());
    }

    /** From where a datagram of a client's is seen by the server, sent until it is. */
    private static InetAddress seenFrom(DatagramChannel client, UdpEcho echo) throws Exception {
        echo.sources().clear();
        sendUntilSeen(client, echo);
        return addresses(echo).iterator().next();
    }

    private static void sendUntilSeen(DatagramChannel client, UdpEcho echo) throws Exception {
        Eventually.holds(
                "a datagram is at the server",
                () -> {
                    client.send(ByteBuffer.wrap(new byte[10]), echo.address());
                    return !echo.sources().isEmpty();
                });
    }

    private static Set<InetAddress> addresses(UdpEcho echo) {
        return echo.sources().stream()
                .map(source -> ((InetSocketAddress) source).getAddress())
                .collect(Collectors.toSet());
    }

    @Test
    void leavesNothingBehind() throws Exception {
        try (Cables cables = Cables.one("one")) {
            cables.lay("two", Cables.Site.SECOND);
            Cables.Traces before = cables.traces();
            cables.start(Cables.onRamp("acme", "culv0", "one, two", ""), Topology.UPGRADE_ALL);
            assertEquals("1", cables.traces().settings().get("ipv4/conf/one/forwarding"));
            assertEquals("1", cables.traces().settings().get("ipv6/conf/one/force_forwarding"));
            assertEquals("0", cables.traces().settings().get("ipv4/conf/all/forwarding"));
            assertEquals("0", cables.traces().settings().get("ipv6/conf/all/forwarding"));
            assertEquals("0", cables.traces().settings().get("ipv4/conf/outside/forwarding"));

            cables.topology().gateway().close();

            assertEquals(before, cables.traces());
        }
    }

    @Test
    void leavesForwardingOnThatWasOn() throws Exception {
        try (Cables cables = Cables.one("one")) {
            cables.gatewayHost().forwards();
            Cables.Traces before = cables.traces();
            cables.start(ONE, Topology.UPGRADE_ALL);

            cables.topology().gateway().close();

            assertEquals(before, cables.traces());
            assertEquals("1", before.settings().get("ipv4/conf/one/forwarding"));
        }
    }

    /** An interface that came later, or again, is as it was made. */
    @Test
    void leavesNothingOfAnInterfaceThatCameAgain() throws Exception {
        try (Cables cables = Cables.one("one")) {
            cables.start(ONE, Topology.UPGRADE_ALL);
            cables.cut("one");
            cables.connect("one", Cables.Site.FIRST);
            Eventually.equal(
                    "1",
                    "forwarding",
                    () -> cables.traces().settings().get("ipv4/conf/one/forwarding"));

            cables.topology().gateway().close();

            assertEquals("0", cables.traces().settings().get("ipv4/conf/one/forwarding"));
            assertEquals("0", cables.traces().settings().get("ipv6/conf/one/force_forwarding"));
            assertEquals(List.of(), cables.gatewaysRules());
        }
    }

    /** A device that stays has its own settings again. */
    @Test
    void leavesAPersistentDeviceAsItWas() throws Exception {
        try (Cables cables = Cables.one("one")) {
            cables.filter(1);
            TunDevice.open(
                            cables.gatewayHost().namespace(),
                            TunSettings.named("culv0").withPersistent(true))
                    .close();
            Cables.Traces before = cables.traces();
            cables.start(ONE, Topology.UPGRADE_ALL);
            assertEquals("2", cables.traces().settings().get("ipv4/conf/culv0/rp_filter"));

            cables.topology().gateway().close();

            assertEquals(before.settings(), cables.traces().settings());
            assertEquals(before.rules(), cables.traces().rules());
        }
    }

    /** The host routes by itself before and after, but not for a moment while nobody is there. */
    @ParameterizedTest
    @EnumSource
    void dropsWhatArrivesAfterItWasKilledUntilTheNextOneEnds(Family family) throws Exception {
        try (Cables cables = Cables.one("one");
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server());
                DatagramChannel client = cables.client("one").udp(family, null, 0);
                DatagramChannel witness = cables.gatewayHost().udp(family, null, 0)) {
            cables.gatewayHost().forwards();
            Cables.Traces before = cables.traces();
            assertEquals(Cables.Site.FIRST.client(family), seenFrom(client, echo));

            try (CulvertProcess culvert = run(cables, ONE).awaitReady()) {
                assertEquals(family.gateway(), seenFrom(client, echo));
                culvert.kill();
            }
            Eventually.equal(false, "device", () -> cables.gatewayHost().link("culv0").isPresent());
            assertEquals(8, cables.gatewaysRules().size());
            echo.sources().clear();
            for (int i = 0; i < 100; i++) {
                client.send(ByteBuffer.wrap(new byte[10]), echo.address());
            }
            // By the time that this one is there, those before it would be.
            sendUntilSeen(witness, echo);
            assertEquals(Set.of(family.gateway()), addresses(echo));

            try (CulvertProcess culvert = run(cables, ONE).awaitReady()) {
                assertEquals(8, cables.gatewaysRules().size());
                assertEquals(family.gateway(), seenFrom(client, echo));
                culvert.terminate();
                assertEquals(0, culvert.exitStatus(), () -> "" + culvert.errors());
            }
            assertEquals(before, cables.traces());
            assertEquals(Cables.Site.FIRST.client(family), seenFrom(client, echo));
        }
    }

    /** Where forwarding was off, and where the next one captures nothing. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "  - { name: culv0, type: tun, tenant: acme, device: culv0, capture: one }\n",
                "  - { name: culv9, type: tun, tenant: acme, device: culv9 }\n",
            })
    void cleansUpAfterOneThatWasKilled(String next) throws Exception {
        try (Cables cables = Cables.one("one")) {
            Cables.Traces before = cables.traces();
            try (CulvertProcess culvert = run(cables, ONE).awaitReady()) {
                culvert.kill();
            }
            Eventually.equal(false, "device", () -> cables.gatewayHost().link("culv0").isPresent());
            assertEquals("1", cables.traces().settings().get("ipv4/conf/one/forwarding"));

            cables.start(next, Topology.UPGRADE_ALL);
            cables.topology().gateway().close();

            assertEquals(before, cables.traces());
        }
    }

    /** With a device that stays, so that nothing but the rules tells of it. */
    @Test
    void cleansUpAfterOneThatWasKilledThoughItsDeviceIsThere() throws Exception {
        try (Cables cables = Cables.one("one")) {
            TunDevice.open(
                            cables.gatewayHost().namespace(),
                            TunSettings.named("culv0").withPersistent(true))
                    .close();
            try (CulvertProcess culvert = run(cables, ONE).awaitReady()) {
                culvert.kill();
            }
            assertEquals(8, cables.gatewaysRules().size());

            cables.start(OTHER, Topology.UPGRADE_ALL);

            assertEquals(
                    List.of("culv1", "other"),
                    cables.gatewaysRules().stream()
                            .map(Rule::inputInterface)
                            .distinct()
                            .sorted()
                            .toList());
            assertEquals("0", cables.traces().settings().get("ipv4/conf/one/forwarding"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNoHarmToAnotherGatewayOfTheHost(Family family) throws Exception {
        try (Cables cables = Cables.one("one");
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server());
                DatagramChannel client = cables.client("one").udp(family, null, 0)) {
            cables.lay("other", Cables.Site.SECOND);
            Cables.Traces before = cables.traces();
            cables.start(OTHER, Topology.UPGRADE_ALL);
            List<Rule> ofOther = cables.gatewaysRules();
            try (CulvertProcess culvert = run(cables, ONE).awaitReady()) {
                assertTrue(cables.gatewaysRules().containsAll(ofOther));
                cables.topology().gateway().close();
                assertEquals(8, cables.gatewaysRules().size());
                assertEquals(family.gateway(), seenFrom(client, echo));

                cables.start(OTHER, Topology.UPGRADE_ALL);
                assertEquals(16, cables.gatewaysRules().size());
                assertEquals(family.gateway(), seenFrom(client, echo));
                culvert.kill();
            }
            Eventually.equal(false, "device", () -> cables.gatewayHost().link("culv0").isPresent());
            cables.topology().gateway().close();
            cables.start(OTHER, Topology.UPGRADE_ALL);
            cables.topology().gateway().close();
            assertEquals(before, cables.traces());
        }
    }

    /** Rules of the same priorities, tables of the same numbers, and all those round about. */
    @Test
    void leavesOthersRulesAndTablesAlone() throws Exception {
        try (Cables cables = Cables.one("one")) {
            InetAddress prefix = Family.parse("192.0.2.0");
            cables.gatewayHost()
                    .call(
                            rtnetlink -> {
                                for (int i = 0; i < 100; i++) {
                                    int table = FIRST_TABLE + i;
                                    rtnetlink.addRule(new Rule(false, 512, "foreign", table));
                                    rtnetlink.addRoute(
                                            Route.through(prefix, 24, 0)
                                                    .in(table)
                                                    .as(Route.Type.BLACKHOLE));
                                }
                                rtnetlink.addRule(new Rule(true, 512, "one", 77));
                                rtnetlink.addRule(
                                        new Rule(
                                                false,
                                                513,
                                                "foreign",
                                                FIRST_TABLE,
                                                Rule.Action.BLACKHOLE,
                                                0));
                            });
            Cables.Traces before = cables.traces();
            cables.start(ONE, Topology.UPGRADE_ALL);
            assertTrue(cables.traces().rules().containsAll(before.rules()));
            assertTrue(cables.traces().routes().containsAll(before.routes()));
            for (Rule rule : cables.gatewaysRules()) {
                assertFalse(rule.table() < FIRST_TABLE + 100, rule::toString);
            }

            cables.topology().gateway().close();

            assertEquals(before, cables.traces());
        }
    }

    @Test
    void saysThatAnotherGatewayHasTheInterface() throws Exception {
        try (Cables cables = Cables.one("one")) {
            cables.start(ONE, Topology.UPGRADE_ALL);
            Cables.Traces before = cables.traces();
            refuses(
                    run(cables, Cables.onRamp("globex", "culv1", "one", "")),
                    "on-ramp culv1: one is captured by a gateway already, through its device"
                            + " culv0");
            Eventually.equal(before, "traces", cables::traces);
        }
    }

    /** A user's own namespace gives no right over the host's, though the device is the user's. */
    @Test
    void saysWhatItTakesToCapture() throws Exception {
        try (Cables cables = Cables.one("one")) {
            TunDevice.open(
                            cables.gatewayHost().namespace(),
                            TunSettings.named("culv0").withPersistent(true))
                    .close();
            cables.gatewayHost().namespace().sysctl("net.ipv4.ping_group_range", "0 0");
            Cables.Traces before = cables.traces();
            refuses(
                    run(cables, "edge", List.of("unshare", "--user", "--map-root-user", "--"), ONE),
                    "on-ramp culv0: capture changes the routing rules",
                    "CAP_NET_ADMIN",
                    "not permitted");
            assertEquals(before, cables.traces());
        }
    }

    private static void refuses(CulvertProcess culvert, String... words) throws Exception {
        try (culvert) {
            assertEquals(1, culvert.exitStatus(), () -> "" + culvert.errors());
            String sentence = String.join("\n", culvert.errors());
            assertEquals(1, culvert.errors().size(), sentence);
            for (String word : words) {
                assertTrue(sentence.contains(word), sentence);
            }
        }
    }
}
