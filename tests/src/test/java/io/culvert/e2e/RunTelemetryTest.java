package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code culvert run} as a process: what it tells about itself. */
@Timeout(300)
class RunTelemetryTest {
    private static final Family FAMILY = Family.IPV6;

    /** A program starts in a second, and on a machine with fifty others to do in thirty. */
    private static final Duration PATIENCE = Duration.ofSeconds(100);

    private static final String LISTEN = "\"[fd00:2::1]:9464\"";

    @TempDir private Path directory;

    private CulvertProcess run(Topology topology, String telemetry, String... options)
            throws IOException {
        Path configuration = directory.resolve("edge.yaml");
        Files.writeString(
                configuration,
                topology.onRamps(1500, "acme")
                        + "  - { name: warp, type: seqpacket, path: %s }\n"
                                .formatted(directory.resolve("warp.sock"))
                        + (telemetry.contains("policy:") ? "" : Topology.UPGRADE_ALL)
                        + "limits: { drain: 20s }\n"
                        + telemetry);
        List<String> arguments = new ArrayList<>(List.of("run", "--control"));
        arguments.add(directory.resolve("control.sock").toString());
        arguments.addAll(List.of(options));
        arguments.add(configuration.toString());
        return CulvertProcess.start(topology.gatewayHost(), arguments.toArray(String[]::new));
    }

    /** From the server's host, as HTTP/1.0 has it. */
    private static String get(Topology topology, String path) throws IOException {
        try (SocketChannel channel =
                topology.server().connect(FAMILY, new InetSocketAddress(FAMILY.gateway(), 9464))) {
            channel.write(
                    ByteBuffer.wrap(
                            ("GET " + path + " HTTP/1.0\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII)));
            return new String(
                    channel.socket().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(new ObjectMapper()::readTree).toList();
    }

    @Test
    void isReadyUntilItDrainsAndRecordsItsStartAndEnd() throws Exception {
        Path audit = directory.resolve("audit.jsonl");
        String telemetry = "telemetry: { listen: %s, audit-log: %s }\n".formatted(LISTEN, audit);
        CulvertProcess culvert;
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), FAMILY, TcpServer.ECHO);
                CulvertProcess running = run(topology, telemetry)) {
            culvert = running.awaitReady();
            topology.routeClients();
            assertTrue(get(topology, "/readyz").contains(" 200 "));
            assertTrue(get(topology, "/livez").contains(" 200 "));
            try (SocketChannel client = topology.client().connect(FAMILY, server.address())) {
                culvert.terminate();
                Eventually.holds(
                        "not ready while draining",
                        () -> get(topology, "/readyz").contains(" 503 "));
                assertTrue(get(topology, "/livez").contains(" 200 "));
                assertTrue(get(topology, "/metrics").contains("\nculvert_flows 1.0\n"));
                assertTrue(client.isConnected());
            }
            assertEquals(0, culvert.exitStatus(PATIENCE), () -> "" + culvert.errors());
        }
        List<JsonNode> lines = lines(audit);
        assertEquals(
                List.of("start begun", "start done", "stop begun", "stop done"),
                lines.stream()
                        .map(
                                line ->
                                        line.path("action").asString()
                                                + " "
                                                + line.path("result").asString())
                        .toList());
        String hash = lines.getFirst().path("configuration_after").asString();
        assertTrue(hash.matches("sha256:[0-9a-f]{64}"), hash);
        assertEquals(hash, lines.getLast().path("configuration_before").asString());
        for (JsonNode line : lines) {
            assertEquals(culvert.handle().pid(), line.path("pid").asLong());
            assertEquals(0, line.path("uid").asInt(-1));
        }
    }

    @Test
    void saysThatThePortIsTakenAndRecordsThatItDidNotStart() throws Exception {
        Path audit = directory.resolve("audit.jsonl");
        try (Topology topology = Topology.withoutGateway();
                ServerSocketChannel taken =
                        topology.gatewayHost().listen(FAMILY, FAMILY.gateway(), 9464);
                CulvertProcess culvert =
                        run(
                                topology,
                                "telemetry: { listen: %s, audit-log: %s }\n"
                                        .formatted(LISTEN, audit))) {
            assertTrue(taken.isOpen());
            assertEquals(1, culvert.exitStatus(PATIENCE));
            assertEquals(List.of(), culvert.output());
            assertEquals(1, culvert.errors().size(), () -> "" + culvert.errors());
            assertTrue(
                    culvert.errors()
                            .getFirst()
                            .startsWith("culvert: telemetry: cannot listen on [fd00:2:"),
                    () -> "" + culvert.errors());
            assertTrue(topology.client().link(Topology.DEVICE).isEmpty());
        }
        JsonNode last = lines(audit).getLast();
        assertEquals("failed", last.path("result").asString());
        assertTrue(last.path("detail").asString().contains("taken"), last::toString);
    }

    @Test
    void countsWhatARuleInAuditModeWouldHaveRefused() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), FAMILY, TcpServer.ECHO);
                CulvertProcess culvert =
                        run(
                                topology,
                                """
                                telemetry: { listen: %s }
                                policy:
                                  default: upgrade
                                  rules: [ { name: no-web, protocol: tcp, do: deny, audit: true } ]
                                """
                                        .formatted(LISTEN))) {
            culvert.awaitReady();
            topology.routeClients();
            String series = "\nculvert_policy_would_refuse_total{rule=\"no-web\"} ";
            assertTrue(get(topology, "/metrics").contains(series + "0.0\n"));
            for (int i = 0; i < 2; i++) {
                try (SocketChannel client = topology.client().connect(FAMILY, server.address())) {
                    assertTrue(client.isConnected());
                }
            }
            assertTrue(get(topology, "/metrics").contains(series + "2.0\n"));
        }
    }

    /** Tenants are named by clients: what one calls itself stays within its quotes. */
    @Test
    void aTenantsNameIsOneLabelWhateverItIs() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert =
                        run(topology, "telemetry: { listen: %s }\n".formatted(LISTEN))) {
            culvert.awaitReady();
            try (RawTunnel tunnel =
                    RawTunnel.open(
                            directory.resolve("warp.sock"),
                            "tenant=a\"} 1 \\ \u4e2d\ud83d\ude00\n")) {
                assertTrue(tunnel.isOpen());
                Eventually.holds(
                        "the tenant is there",
                        () ->
                                get(topology, "/metrics")
                                        .contains(
                                                "\nculvert_tenant_flows{tenant=\"a\\\"} 1 \\\\"
                                                        + " \u4e2d\ud83d\ude00\"} 0.0\n"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void aSecretIsNeverPrinted(String format) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert =
                        run(
                                topology,
                                "telemetry: { redact: [token, mtu] }\n",
                                "--log-format",
                                format,
                                "--log-level",
                                "trace")) {
            culvert.awaitReady();
            for (String context :
                    List.of(
                            "tenant=acme\ntoken=hunter2hunter2\n",
                            "tenant=acme\ntoken=hunter2hunter2\nmtu=1\n",
                            "token=hunter2hunter2\n")) {
                try (RawTunnel tunnel = RawTunnel.open(directory.resolve("warp.sock"), context)) {
                    assertTrue(tunnel.isOpen());
                }
            }
            culvert.terminate();
            assertEquals(0, culvert.exitStatus(PATIENCE), () -> "" + culvert.errors());
            assertFalse(culvert.errors().isEmpty(), "trace says nothing");
            for (String line : culvert.errors()) {
                assertFalse(line.contains("hunter2"), line);
                if (format.equals("json")) {
                    JsonNode json = new ObjectMapper().readTree(line);
                    assertTrue(json.has("time") && json.has("level") && json.has("message"), line);
                }
            }
        }
    }

    @Test
    void aLogFormatThatThereIsNotIsWrongUsage() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology, "", "--log-format", "xml")) {
            assertEquals(2, culvert.exitStatus(PATIENCE));
            assertEquals(
                    "culvert: --log-format must be one of text, json, not xml",
                    culvert.errors().getFirst());
        }
    }
}
