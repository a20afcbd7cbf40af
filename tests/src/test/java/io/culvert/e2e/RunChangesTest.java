package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.control.ControlClient;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What changes of a running gateway mean to its plugins, and whom it tells of them. */
@Timeout(300)
class RunChangesTest {
    private static final Family FAMILY = Family.IPV6;

    /** A program starts in a second, and on a machine with fifty others to do in thirty. */
    private static final Duration PATIENCE = Duration.ofSeconds(100);

    @TempDir private Path directory;

    private Path control;
    private Path audit;

    @BeforeEach
    void placeFiles() {
        control = directory.resolve("control.sock");
        audit = directory.resolve("audit.jsonl");
    }

    private CulvertProcess run(Topology topology, List<String> wrapper, String settings)
            throws Exception {
        CulvertProcess culvert =
                CulvertProcess.startBehind(
                        topology.gatewayHost(),
                        wrapper,
                        "run",
                        "--control",
                        control.toString(),
                        file(topology, "edge.yaml", settings));
        culvert.awaitReady();
        topology.routeClients();
        return culvert;
    }

    private String file(Topology topology, String name, String settings) throws IOException {
        return Files.writeString(
                        directory.resolve(name),
                        topology.onRamps(1500, "acme")
                                + "telemetry: { audit-log: %s }\n".formatted(audit)
                                + settings)
                .toString();
    }

    private CulvertProcess command(Topology topology, String... words) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--control", control.toString()));
        return CulvertProcess.start(topology.gatewayHost(), arguments.toArray(String[]::new));
    }

    /** Runs a command to its end. */
    private List<String> done(Topology topology, int status, String... words) throws Exception {
        CulvertProcess command = command(topology, words);
        assertEquals(
                status,
                command.exitStatus(PATIENCE),
                () -> List.of(words) + ": " + command.output() + command.errors());
        return command.output();
    }

    private JsonNode plugins(Topology topology) throws Exception {
        return new ObjectMapper()
                .readTree(String.join("\n", done(topology, 0, "plugin", "list", "--json")));
    }

    private void awaitPlugins(int number) throws Exception {
        Eventually.holds(
                number + " plugins",
                PATIENCE,
                () -> ControlClient.ask(control, "plugins").size() == number);
    }

    /** The YAML of a plugin that refuses {@link JudgePlugin#REFUSED}. */
    private String judge(int setting) throws IOException {
        return "plugins: [ { jar: %s, settings: { generation: %d }, deadline: 10s } ]\n%s"
                .formatted(
                        PluginJars.write(directory, JudgePlugin.class),
                        setting,
                        Topology.UPGRADE_ALL);
    }

    private static void exchange(SocketChannel client) throws IOException {
        new Content(1).send(client, 10_000);
        new Content(1).receive(client, 10_000);
    }

    private static void refused(Topology topology) {
        assertThrows(
                ConnectException.class,
                () -> topology.client().connect(FAMILY, FAMILY.server(JudgePlugin.REFUSED)));
    }

    private static void admitted(Topology topology, TcpServer server) throws IOException {
        try (SocketChannel client = topology.client().connect(FAMILY, server.address())) {
            exchange(client);
        }
    }

    private static TcpServer server(Topology topology) throws IOException {
        return TcpServer.on(
                topology.server(), FAMILY, FAMILY.server(), JudgePlugin.REFUSED, TcpServer.ECHO);
    }

    @Test
    void listsItsPluginsAndWhichGenerationEachIs() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), FAMILY, TcpServer.ECHO);
                CulvertProcess culvert = run(topology, List.of(), judge(0))) {
            admitted(topology, server);

            JsonNode first = plugins(topology);

            assertEquals(1, first.size());
            assertEquals("judge", first.path(0).path("name").asString());
            assertEquals("1", first.path(0).path("version").asString());
            assertEquals(1, first.path(0).path("generation").asLong());
            JsonNode flow = first.path(0).path("hooks").path(0);
            assertEquals("flow", flow.path("hook").asString());
            assertEquals(1, flow.path("calls").asLong());
            assertEquals(0, flow.path("failures").asLong(-1));
            assertEquals(0, flow.path("timeouts").asLong(-1));
            assertTrue(flow.path("seconds").asDouble() > 0, flow::toString);
            assertEquals("closed", first.path(0).path("hooks").path(1).path("hook").asString());

            done(topology, 0, "apply", file(topology, "next.yaml", judge(1)));
            admitted(topology, server);

            JsonNode second = plugins(topology);
            assertEquals(2, second.path(0).path("generation").asLong());
            // Counted over all of them.
            assertEquals(2, second.path(0).path("hooks").path(0).path("calls").asLong());
            List<String> table = done(topology, 0, "plugin", "list");
            assertTrue(table.getFirst().matches("PLUGIN +VERSION +GENERATION +HOOK .*"));
            assertTrue(table.get(1).matches("judge +1 +2 +flow +2 +0 +0 .*"), table::toString);

            done(topology, 0, "apply", file(topology, "none.yaml", Topology.UPGRADE_ALL));
            assertEquals(0, plugins(topology).size());
            assertTrue(culvert.isAlive());
        }
    }

    @Test
    void pluginsComeWithAChangeAndGoWhenItIsTakenBack() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = server(topology);
                CulvertProcess culvert = run(topology, List.of(), Topology.UPGRADE_ALL)) {
            admitted(topology, server);
            String next = file(topology, "next.yaml", judge(0));

            CulvertProcess apply = command(topology, "apply", "--confirm", "6s", next);
            awaitPlugins(1);
            refused(topology);

            assertEquals(1, apply.exitStatus(PATIENCE), () -> "" + apply.errors());
            awaitPlugins(0);
            admitted(topology, server);

            CulvertProcess again = command(topology, "apply", "--confirm", "60s", next);
            awaitPlugins(1);
            done(topology, 0, "confirm");
            assertEquals(0, again.exitStatus(PATIENCE), () -> "" + again.errors());
            refused(topology);
            assertEquals(2, plugins(topology).path(0).path("generation").asLong());
            assertTrue(culvert.isAlive());
        }
    }

    /** The very same, with what it knows, whatever its jar is by now. */
    @Test
    void aPluginThatAChangeTakesAwayIsBackWhenThatIsTakenBack() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = server(topology);
                CulvertProcess culvert = run(topology, List.of(), judge(0))) {
            refused(topology);
            String next = file(topology, "next.yaml", Topology.UPGRADE_ALL);

            CulvertProcess apply = command(topology, "apply", "--confirm", "6s", next);
            awaitPlugins(0);
            admitted(topology, server);
            Path jar = directory.resolve("JudgePlugin.jar");
            Files.move(
                    PluginJars.write(directory, HandlersPlugin.class),
                    jar,
                    StandardCopyOption.REPLACE_EXISTING);

            assertEquals(1, apply.exitStatus(PATIENCE), () -> "" + apply.errors());
            refused(topology);
            JsonNode judge = plugins(topology).path(0);
            assertEquals("judge", judge.path("name").asString());
            assertEquals(1, judge.path("generation").asLong());
            assertTrue(culvert.isAlive());
        }
    }

    @Test
    void tellsTheServiceManagerOfEachChange() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                ServiceSocket systemd = ServiceSocket.at(directory.resolve("notify.sock"));
                CulvertProcess culvert = run(topology, systemd.wrapper(), Topology.UPGRADE_ALL)) {
            Eventually.equal(List.of("READY=1"), "told", systemd::told);
            long before = System.nanoTime() / 1_000;

            done(topology, 0, "reload");

            Eventually.equal(3, "told", () -> systemd.told().size());
            assertReloads(systemd.told().subList(1, 3), before);
            // Whatever becomes of it, it is over.
            done(
                    topology,
                    1,
                    "apply",
                    file(topology, "next.yaml", Topology.UPGRADE_ALL + "workers: 9\n"));
            Eventually.equal(5, "told", () -> systemd.told().size());
            assertReloads(systemd.told().subList(3, 5), before);
            Tool.SHELL.succeeds(
                    topology.gatewayHost(), "-c", "kill -HUP " + culvert.handle().pid());
            Eventually.equal(7, "told", () -> systemd.told().size());
            assertReloads(systemd.told().subList(5, 7), before);

            culvert.terminate();
            assertEquals(0, culvert.exitStatus(PATIENCE));
            Eventually.equal("STOPPING=1", "told", () -> systemd.told().getLast());
        }
    }

    /** sd_notify(3): the time is CLOCK_MONOTONIC's, by which systemd knows that it is a new one. */
    private static void assertReloads(List<String> told, long notBefore) {
        String[] lines = told.getFirst().split("\n", -1);
        assertEquals("RELOADING=1", lines[0]);
        assertEquals(2, lines.length);
        assertTrue(lines[1].startsWith("MONOTONIC_USEC="), lines[1]);
        long microseconds = Long.parseLong(lines[1].substring("MONOTONIC_USEC=".length()));
        assertTrue(microseconds >= notBefore, () -> microseconds + " < " + notBefore);
        assertTrue(microseconds <= System.nanoTime() / 1_000);
        assertEquals("READY=1", told.getLast());
    }

    @Test
    void recordsWhoChangedWhatAndWhatWasTakenBack() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology, List.of(), Topology.UPGRADE_ALL)) {
            String next =
                    file(topology, "next.yaml", Topology.UPGRADE_ALL + "limits: { flows: 5000 }\n");
            String impossible = file(topology, "wrong.yaml", Topology.UPGRADE_ALL + "workers: 9\n");
            done(topology, 1, "apply", impossible);
            done(topology, 1, "apply", "--confirm", "1s", next);
            CulvertProcess kept = command(topology, "apply", "--confirm", "60s", next);
            Eventually.holds(
                    "awaits its confirmation",
                    () -> status().path("confirm_within_ms").asLong() > 0);
            done(topology, 0, "confirm");
            assertEquals(0, kept.exitStatus(PATIENCE));
            done(topology, 1, "confirm");
            done(topology, 0, "reload");

            List<JsonNode> all = new ArrayList<>();
            for (String line : Files.readAllLines(audit)) {
                all.add(new ObjectMapper().readTree(line));
            }
            List<JsonNode> changes = all.subList(2, all.size());
            assertEquals(
                    List.of(
                            "apply refused",
                            "apply done",
                            "step-back done",
                            "apply done",
                            "confirm done",
                            "confirm refused",
                            "reload done"),
                    changes.stream()
                            .map(
                                    line ->
                                            line.path("action").asString()
                                                    + " "
                                                    + line.path("result").asString())
                            .toList());
            String first = all.getFirst().path("configuration_after").asString();
            String second = changes.get(1).path("configuration_after").asString();
            assertTrue(second.matches("sha256:[0-9a-f]{64}"), second);
            assertEquals(
                    List.of(
                            first + first,
                            first + second,
                            second + first,
                            first + second,
                            second + second,
                            second + second,
                            second + first),
                    changes.stream()
                            .map(
                                    line ->
                                            line.path("configuration_before").asString()
                                                    + line.path("configuration_after").asString())
                            .toList());
            assertTrue(changes.getFirst().path("detail").asString().contains("workers"));
            assertTrue(changes.get(5).path("detail").asString().contains("nothing awaits"));
            long own = culvert.handle().pid();
            assertEquals(own, changes.get(2).path("pid").asLong(), "nobody asked for it");
            assertEquals(kept.handle().pid(), changes.get(3).path("pid").asLong());
            for (JsonNode change : changes) {
                assertEquals(0, change.path("uid").asInt(-1));
            }
        }
    }

    private JsonNode status() throws IOException {
        return new ObjectMapper()
                .readTree(ControlClient.ask(control, "status").getFirst())
                .path("configuration");
    }

    /** The off-ramp's address answers names by what /etc/resolv.conf of the gateway's host says. */
    @ParameterizedTest
    @EnumSource
    void anOffRampResolvesNamesByTheHostsResolver(Family family) throws Exception {
        Path resolver = Path.of("/etc/resolv.conf").toRealPath();
        try (Topology topology = Topology.withoutGateway();
                DnsServer dns = DnsServer.on(topology.gatewayHost(), Family.parse("127.0.0.53"))) {
            topology.gatewayHost()
                    .mount(
                            Files.writeString(
                                    directory.resolve("resolv.conf"), "nameserver 127.0.0.53\n"),
                            resolver);
            String address = family.isIpv6() ? "fd00:53::53" : "10.53.0.53";
            try (CulvertProcess culvert =
                    run(
                            topology,
                            List.of(),
                            """
                            offramps: [ { name: out, type: socket, dns: "%s" } ]
                            policy: { rules: [ { name: all, do: upgrade, via: out } ] }
                            """
                                    .formatted(address))) {
                InetAddress answer;
                try (DatagramChannel channel = topology.client().udp(family, null, 0)) {
                    channel.connect(new InetSocketAddress(Family.parse(address), 53));
                    answer = resolve(channel, family.isIpv6() ? 28 : 1);
                }

                assertEquals(Family.parse(family.isIpv6() ? "2001:db8::7" : "192.0.2.7"), answer);
                assertTrue(dns.asked() > 0);
                assertTrue(culvert.isAlive());
            }
        }
    }

    /**
     * Asks for www.culvert.test (RFC 1035 section 4).
     *
     * @param type 1 for A, 28 for AAAA
     */
    private static InetAddress resolve(DatagramChannel channel, int type) throws IOException {
        byte[] name = "\3www\7culvert\4test\0".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer question = ByteBuffer.allocate(12 + name.length + 4);
        // Recursion is wanted; one question, of class IN.
        question.putShort((short) 4711).putShort((short) 0x0100).putShort((short) 1);
        question.put(12, name).putShort(12 + name.length, (short) type);
        question.putShort(14 + name.length, (short) 1);
        channel.write(question.rewind());
        DatagramPacket datagram = new DatagramPacket(new byte[512], 512);
        channel.socket().setSoTimeout(15_000);
        channel.socket().receive(datagram);
        ByteBuffer answer = ByteBuffer.wrap(datagram.getData(), 0, datagram.getLength());
        assertEquals(4711, answer.getShort(0));
        assertEquals(1, answer.getShort(6), "answers");
        int length = type == 1 ? 4 : 16;
        byte[] address = new byte[length];
        // The record's data is the message's end.
        answer.get(answer.limit() - length, address);
        return InetAddress.getByAddress(address);
    }
}
