package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Rule;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

class ConfigurationFileTest {
    @TempDir private Path directory;

    private static Configuration valid(String text) {
        Loaded loaded = ConfigurationFile.read("it.yaml", text);
        return assertInstanceOf(Loaded.Valid.class, loaded, () -> ((Loaded.Invalid) loaded).text())
                .configuration();
    }

    private static String wrong(Loaded loaded) {
        return assertInstanceOf(Loaded.Invalid.class, loaded).text();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = ConfigurationFileTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void acceptsTheExampleAtTheTopOfTheRepository() {
        Configuration edge =
                assertInstanceOf(
                                Loaded.Valid.class,
                                ConfigurationFile.load(Path.of("../examples/edge.yaml")))
                        .configuration();
        OnRamp.Tun branch = assertInstanceOf(OnRamp.Tun.class, edge.onramps().getFirst());
        assertEquals("culv0", branch.device());
        assertEquals(
                List.of("dns", "no-private-targets", "web", "ping"),
                edge.policy().rules().stream().map(Rule::name).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"router.yaml", "tunnels.yaml", "telemetry.yaml", "web.yaml"})
    void acceptsTheOtherExamples(String name) {
        assertInstanceOf(Loaded.Valid.class, ConfigurationFile.load(Path.of("../examples", name)));
    }

    @Test
    void acceptsTheDocumentedExample() throws IOException {
        Configuration full = valid(resource("full.yaml"));

        assertEquals(
                new TelemetrySettings(
                        Optional.of(
                                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 9464)),
                        100,
                        Optional.of(Path.of("/var/log/culvert/flows.jsonl")),
                        Optional.empty(),
                        Set.of()),
                full.telemetry());
    }

    @Test
    void readsTelemetry() {
        TelemetrySettings telemetry =
                valid(
                                """
                                telemetry:
                                  listen: "[::1]:9464"
                                  tenants: 0
                                  audit-log: audit.jsonl
                                  redact: [token, Pre-Shared.Key]
                                """)
                        .telemetry();
        assertEquals(
                new TelemetrySettings(
                        Optional.of(new InetSocketAddress(InetAddress.ofLiteral("::1"), 9464)),
                        0,
                        Optional.empty(),
                        Optional.of(Path.of("audit.jsonl")),
                        Set.of("token", "Pre-Shared.Key")),
                telemetry);
        assertEquals(TelemetrySettings.NONE, valid("workers: 1\n").telemetry());
    }

    @Test
    void readsGreOnRamps() {
        Configuration configuration =
                valid(
                        """
                        onramps:
                          - { name: here, type: gre, listen: 10.70.0.1, peers: [
                              { from: 10.70.0.2, tenant: acme },
                              { from: 10.70.0.2, key: 4294967295, tenant: umbrella,
                                routes: [10.50.0.0/24, "fd00:50::/64"], strict-source: false,
                                mtu: 1400, checksum: true, sequence: true },
                              { from: 0.0.0.0/0, key: 7, tenant: acme } ] }
                          - { name: there, type: gre, listen: "2001:db8::1", peers: [
                              { from: "2001:db8:1::/48", tenant: acme, routes: 10.51.0.0/24 } ] }
                        policy:
                          rules: [ { do: deny, tenant: umbrella } ]
                        """);
        OnRamp.Gre here = assertInstanceOf(OnRamp.Gre.class, configuration.onramps().getFirst());
        assertEquals(
                new OnRamp.Gre(
                        "here",
                        IpAddress.parse("10.70.0.1"),
                        List.of(
                                new OnRamp.GrePeer(
                                        Prefix.parse("10.70.0.2"),
                                        OptionalLong.empty(),
                                        "acme",
                                        List.of(),
                                        true,
                                        OptionalInt.empty(),
                                        false,
                                        false),
                                new OnRamp.GrePeer(
                                        Prefix.parse("10.70.0.2"),
                                        OptionalLong.of(4_294_967_295L),
                                        "umbrella",
                                        List.of(
                                                Prefix.parse("10.50.0.0/24"),
                                                Prefix.parse("fd00:50::/64")),
                                        false,
                                        OptionalInt.of(1_400),
                                        true,
                                        true),
                                new OnRamp.GrePeer(
                                        Prefix.parse("0.0.0.0/0"),
                                        OptionalLong.of(7),
                                        "acme",
                                        List.of(),
                                        true,
                                        OptionalInt.empty(),
                                        false,
                                        false))),
                here);
        assertEquals(
                List.of("10.70.0.2", "10.70.0.2#4294967295", "0.0.0.0/0#7"),
                here.peers().stream().map(OnRamp.GrePeer::toString).toList());
        OnRamp.Gre there = assertInstanceOf(OnRamp.Gre.class, configuration.onramps().getLast());
        assertEquals("2001:db8:1::/48", there.peers().getFirst().toString());
    }

    @Test
    @Tag("rfc4787-req-5-b")
    @Tag("rfc5382-req-5-a")
    @Tag("rfc5508-req-2-a")
    @Tag("rfc1812-5.3.8-b")
    void readsEveryKeyThatIsSupported() {
        Configuration configuration =
                valid(
                        """
                        $schema: ../schema.json
                        onramps:
                          - { name: a, type: tun, tenant: acme, device: culv0, mtu: 9000,
                              netns: /run/netns/branch, addresses: [10.50.0.1/24, "2001:db8::1/64"],
                              capture: [gre1, wg0], routes: [10.50.0.0/16, "2001:db8::/48"] }
                        offramps:
                          - { name: internet, type: socket, host-loopback: 10.0.2.2, dns: 10.0.2.3 }
                        policy:
                          default: forward
                          rules:
                            - name: web
                              tenant: acme
                              source: 10.0.0.0/8
                              destination: [0.0.0.0/0, "::/0"]
                              protocol: [tcp, 17]
                              ports: [80, 8000-8100]
                              do: upgrade
                              via: internet
                            - { do: forward }
                            - { do: reject, protocol: gre }
                        limits: { flows: 10, flows-per-tenant: 5, slots-per-tenant: 4,
                                  flows-per-second-per-tenant: 7, dials: 3, dial-timeout: 500ms,
                                  drain: 1h, relay-buffer: 1MiB }
                        timers: { tcp-established: 3h, tcp-transitory: 5m, udp: 2m, icmp: 60s }
                        workers: 3
                        """);
        assertEquals(
                new OnRamp.Tun(
                        "a",
                        "acme",
                        "culv0",
                        9000,
                        Optional.of(Path.of("/run/netns/branch")),
                        List.of(
                                new InterfaceAddress(IpAddress.parse("10.50.0.1"), 24),
                                new InterfaceAddress(IpAddress.parse("2001:db8::1"), 64)),
                        List.of("gre1", "wg0"),
                        List.of(Prefix.parse("10.50.0.0/16"), Prefix.parse("2001:db8::/48")),
                        false),
                configuration.onramps().getFirst());
        assertEquals(
                List.of(
                        new OffRamp.Socket(
                                "internet",
                                Optional.of(IpAddress.parse("10.0.2.2")),
                                Optional.of(IpAddress.parse("10.0.2.3"))),
                        new OffRamp.Socket("socket", Optional.empty(), Optional.empty()),
                        new OffRamp.Tunnels("tunnels")),
                configuration.offramps());
        assertEquals(Action.FORWARD, configuration.policy().defaultAction());
        assertEquals(
                List.of(
                        new Rule(
                                "web",
                                List.of("acme"),
                                List.of(Prefix.parse("10.0.0.0/8")),
                                List.of(Prefix.parse("0.0.0.0/0"), Prefix.parse("::/0")),
                                List.of(6, 17),
                                List.of(new PortRange(80, 80), new PortRange(8000, 8100)),
                                Action.UPGRADE,
                                "relay",
                                "internet"),
                        rule("rule 2", List.of(), Action.FORWARD, "tunnels"),
                        rule("rule 3", List.of(47), Action.REJECT, "")),
                configuration.policy().rules());
        assertEquals(
                new Limits(10, 5, 7, 4, 3, Duration.ofMillis(500), Duration.ofHours(1), 1 << 20),
                configuration.limits());
        assertEquals(
                new Timers(
                        Duration.ofHours(3),
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(2),
                        Duration.ofMinutes(1)),
                configuration.timers());
        assertEquals(3, configuration.workers());
    }

    @Test
    void readsEveryKeyOfAGueOnRamp() {
        assertEquals(
                List.of(
                        new OnRamp.Gue(
                                "a",
                                List.of(new InetSocketAddress("0.0.0.0", 6080)),
                                List.of(
                                        new OnRamp.Gue.Peer(
                                                Prefix.parse("192.0.2.0/24"),
                                                Optional.of("acme"),
                                                List.of(Prefix.parse("10.60.0.0/16")),
                                                6080,
                                                65_535)),
                                OnRamp.Gue.Context.PEER,
                                true,
                                Duration.ofMinutes(124),
                                16,
                                false),
                        new OnRamp.Gue(
                                "b",
                                List.of(
                                        new InetSocketAddress("192.0.2.1", 7000),
                                        new InetSocketAddress("2001:db8::1", 7000)),
                                List.of(
                                        new OnRamp.Gue.Peer(
                                                Prefix.parse("::/0"),
                                                Optional.empty(),
                                                List.of(),
                                                6081,
                                                1400)),
                                OnRamp.Gue.Context.TEXT,
                                false,
                                Duration.ofMinutes(5),
                                0,
                                true)),
                valid(
                                """
                                onramps:
                                  - name: a
                                    type: gue
                                    listen: 0.0.0.0:6080
                                    peers: [{ from: 192.0.2.0/24, tenant: acme, routes: [10.60.0.0/16] }]
                                  - name: b
                                    type: gue
                                    listen: [192.0.2.1:7000, "[2001:db8::1]:7000"]
                                    peers: [{ from: "::/0", port: 6081, mtu: 1400 }]
                                    context: text
                                    strict-source: false
                                    idle: 5m
                                    source-ports: 0
                                    zero-checksums: true
                                """)
                        .onramps());
    }

    @Test
    void letsAnUpgradedFlowLeaveByTunnels() {
        Configuration configuration =
                valid("policy: { rules: [{ protocol: tcp, do: upgrade, via: tunnels }] }");
        Rule rule = configuration.policy().rules().getFirst();
        assertEquals(Action.UPGRADE, rule.action());
        assertEquals(OffRamp.TUNNELS, rule.via());
    }

    @Test
    @Tag("rfc6888-req-8-limits")
    void readsHowLongAPortRests() {
        String offRamp =
                "offramps: [{ name: lan, type: device, device: culv1, addresses: [192.0.2.1]%s }]";

        assertEquals(Duration.ofMinutes(2), holdDown(offRamp.formatted("")));
        assertEquals(Duration.ofSeconds(30), holdDown(offRamp.formatted(", hold-down: 30s")));
        assertEquals(Duration.ZERO, holdDown(offRamp.formatted(", hold-down: 0s")));
    }

    private static Duration holdDown(String yaml) {
        return valid(yaml).offramps().stream()
                .filter(OffRamp.Device.class::isInstance)
                .map(each -> ((OffRamp.Device) each).mappings().holdDown())
                .findFirst()
                .orElseThrow();
    }

    private static Rule rule(String name, List<Integer> protocols, Action action, String via) {
        return new Rule(
                name, List.of(), List.of(), List.of(), protocols, List.of(), action, "", via);
    }

    @Test
    void takesTheDefaultsThatTheSchemaDocuments() {
        Configuration configuration = valid("{}");
        assertEquals(List.of(), configuration.onramps());
        assertEquals(Action.DENY, configuration.policy().defaultAction());
        assertEquals(Limits.DEFAULT, configuration.limits());
        assertEquals(Timers.DEFAULT, configuration.timers());
        assertEquals(Runtime.getRuntime().availableProcessors(), configuration.workers());
        StringBuilder documented = new StringBuilder();
        for (String section : List.of("limits", "timers")) {
            documented.append(section).append(":\n");
            SchemaCheck.schema()
                    .at("/$defs/" + section + "/properties")
                    .properties()
                    .forEach(
                            key ->
                                    documented
                                            .append("  ")
                                            .append(key.getKey())
                                            .append(": ")
                                            .append(key.getValue().get("default").asString())
                                            .append('\n'));
        }
        Configuration written = valid(documented.toString());
        assertEquals(Limits.DEFAULT, written.limits());
        assertEquals(Timers.DEFAULT, written.timers());
        assertEquals(
                OnRamp.Tun.DEFAULT_MTU,
                SchemaCheck.schema().at("/$defs/tun/properties/mtu/default").intValue());
    }

    @Test
    void setsTheOptionsOfTheBuiltInSocket() {
        assertEquals(
                List.of(
                        new OffRamp.Socket(
                                "socket",
                                Optional.of(IpAddress.parse("10.0.2.2")),
                                Optional.empty()),
                        new OffRamp.Tunnels("tunnels")),
                valid("offramps: [{ name: socket, type: socket, host-loopback: 10.0.2.2 }]")
                        .offramps());
    }

    @Test
    void lowersTheFlowsOfATenantToTheFlowsOfAll() {
        assertEquals(100, valid("limits: { flows: 100 }").limits().flowsPerTenant());
    }

    @Test
    void repeatsWhatAnAliasStandsFor() {
        assertEquals(
                List.of(Prefix.parse("10.0.0.0/8")),
                valid(
                                """
                                policy:
                                  rules:
                                    - { do: deny, source: &inside [10.0.0.0/8] }
                                    - { do: reject, destination: *inside }
                                """)
                        .policy()
                        .rules()
                        .get(1)
                        .destinations());
    }

    @Test
    void readsAFileThatBeginsWithAByteOrderMark() throws IOException {
        Path file = Files.writeString(directory.resolve("bom.yaml"), "\ufeffworkers: 2\n");
        assertInstanceOf(Loaded.Valid.class, ConfigurationFile.load(file));
    }

    @Test
    void namesTheFileThatCannotBeRead() {
        Path absent = directory.resolve("absent.yaml");
        assertEquals(
                absent + ":1:1: error: there is no such file\n1 error. Nothing was changed.\n",
                wrong(ConfigurationFile.load(absent)));
        assertTrue(wrong(ConfigurationFile.load(directory)).contains("the file cannot be read"));
    }

    @Test
    void saysWhereTheBytesAreNotUtf8() throws IOException {
        Path file =
                Files.write(directory.resolve("latin.yaml"), new byte[] {'a', ':', '\n', 'b', -28});
        assertTrue(
                wrong(ConfigurationFile.load(file))
                        .startsWith(file + ":2:2: error: the bytes here are not UTF-8\nb\n ^\n"));
    }

    @Test
    void refusesAHugeFileUnread() throws IOException {
        Path file = Files.write(directory.resolve("huge.yaml"), new byte[10 << 20]);
        assertTrue(wrong(ConfigurationFile.load(file)).contains("larger than 2 MiB"));
    }

    @Test
    void boundsWhatAliasesOfAliasesStandFor() {
        StringBuilder laughs = new StringBuilder("a0: &a0 [lol, lol]\n");
        for (int i = 1; i < 60; i++) {
            laughs.append("a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
        }
        assertTrue(
                wrong(ConfigurationFile.read("laughs.yaml", laughs.toString()))
                        .contains("more than 200000 values"));
    }

    @Test
    void boundsTheDepth() {
        String deep = "[".repeat(1_000_000);
        assertTrue(
                wrong(ConfigurationFile.read("deep.yaml", deep))
                        .contains("deep.yaml:1:33: error: this is nested more than 32 deep"));
    }

    @Test
    void readsAPolicyOfManyRules() {
        StringBuilder text = new StringBuilder("policy:\n  rules:\n");
        for (int i = 0; i < 15_000; i++) {
            text.append(
                    "    - { name: r%d, do: deny, source: [10.0.0.0/8, \"fd00::/8\"], ports: 80 }\n"
                            .formatted(i));
        }
        assertEquals(15_000, valid(text.toString()).policy().rules().size());
    }

    @Test
    void readsPlainAddressesOfBothFamilies() {
        assertEquals(
                List.of(Prefix.parse("2001:db8::/32"), Prefix.parse("fd00::/8")),
                valid("policy: { rules: [{ do: deny, source: [2001:db8::/32, fd00::/8] }] }")
                        .policy()
                        .rules()
                        .getFirst()
                        .sources());
    }

    @Test
    void comparesManyAddressesInGoodTime() {
        StringBuilder text =
                new StringBuilder(
                        "onramps: [{ name: a, type: tun, tenant: t, device: d, addresses: [");
        for (int i = 0; i < 100_000; i++) {
            text.append("10.%d.%d.%d/8, ".formatted(i >> 16, i >> 8 & 255, i & 255));
        }
        assertEquals(
                100_000,
                ((OnRamp.Tun) valid(text + "] }]").onramps().getFirst()).addresses().size());
    }

    @Test
    void saysManyErrorsOfOneLongLine() {
        String text = "policy: { rules: [" + "{ do: dent }, ".repeat(60_000) + "] }";
        Loaded.Invalid invalid =
                assertInstanceOf(Loaded.Invalid.class, ConfigurationFile.read("long.yaml", text));
        assertEquals(60_000, invalid.errors().size());
        assertEquals(60_001, invalid.text().lines().count());
    }

    @Test
    void saysManyErrorsOfALargeFileInGoodTime() {
        StringBuilder text = new StringBuilder("policy:\n  rules:\n");
        for (int i = 0; i < 20_000; i++) {
            text.append("    - { name: r, do: deny, source: 10.0.0.1/8, prots: 1 }\n");
        }
        Loaded.Invalid invalid =
                assertInstanceOf(
                        Loaded.Invalid.class,
                        ConfigurationFile.read("large.yaml", text.toString()));
        assertEquals(3 * 20_000 - 1, invalid.errors().size());
        assertTrue(invalid.text().length() > 1_000_000);
    }
}
