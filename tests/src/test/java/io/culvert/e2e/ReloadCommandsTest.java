package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code culvert diff}, {@code reload}, {@code apply} and {@code confirm}, as their users run them.
 */
@Timeout(120)
class ReloadCommandsTest {
    @TempDir private Path directory;

    private Path control;
    private Path running;
    private Path next;

    @BeforeEach
    void placeFiles() {
        control = directory.resolve("control.sock");
        running = directory.resolve("edge.yaml");
        next = directory.resolve("next.yaml");
    }

    private CulvertProcess run(Topology topology) throws Exception {
        Files.writeString(running, topology.onRamps(1500, "acme") + Topology.UPGRADE_ALL);
        CulvertProcess culvert =
                CulvertProcess.start(
                        topology.gatewayHost(),
                        "run",
                        "--control",
                        control.toString(),
                        running.toString());
        culvert.awaitReady();
        topology.routeClients();
        return culvert;
    }

    private CulvertProcess command(Topology topology, String... words) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(1, List.of("--control", control.toString()));
        return CulvertProcess.start(topology.gatewayHost(), arguments.toArray(String[]::new));
    }

    /** Runs a command to its end. */
    private CulvertProcess done(Topology topology, int status, String... words) throws Exception {
        CulvertProcess command = command(topology, words);
        assertEquals(
                status,
                command.exitStatus(),
                () -> List.of(words) + ": " + command.output() + command.errors());
        return command;
    }

    private JsonNode configuration() throws IOException {
        return new ObjectMapper()
                .readTree(ControlClient.ask(control, "status").getFirst())
                .path("configuration");
    }

    private static String shut(Topology topology) {
        return topology.onRamps(1400, "acme")
                + "policy: { default: upgrade, rules: [{ name: shut, do: reject }] }\n";
    }

    @ParameterizedTest
    @EnumSource
    void reloadsTheFileThatItWasStartedWith(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                CulvertProcess culvert = run(topology);
                SocketChannel client = topology.client().connect(family, server.address())) {
            String hash = configuration().path("hash").asString();
            assertEquals(List.of("nothing would change"), done(topology, 0, "diff").output());
            Files.writeString(running, shut(topology));

            assertEquals(
                    List.of(
                            "~ onramps acme",
                            "    mtu: 1500 -> 1400",
                            "+ policy.rules shut",
                            "1 flows would end with --recheck-flows"),
                    done(topology, 0, "diff").output());
            assertEquals(
                    List.of("reloaded: configuration number 2"),
                    done(topology, 0, "reload").output());

            assertEquals(1400, topology.client().link(Topology.DEVICE).orElseThrow().mtu());
            assertEquals(2, configuration().path("generation").asLong());
            assertFalse(hash.equals(configuration().path("hash").asString()));
            exchange(client);
            assertEquals(
                    List.of(
                            "reloaded: configuration number 3",
                            "1 flows closed, which the policy does not allow"),
                    done(topology, 0, "reload", "--recheck-flows").output());
            assertTrue(culvert.isAlive());
        }
    }

    private static void exchange(SocketChannel client) throws IOException {
        new Content(1).send(client, 10_000);
        new Content(1).receive(client, 10_000);
    }

    @Test
    void reloadsAtSighup() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology)) {
            Files.writeString(running, shut(topology));

            Tool.SHELL.succeeds(
                    topology.gatewayHost(), "-c", "kill -HUP " + culvert.handle().pid());

            Eventually.equal(2L, "generation", () -> configuration().path("generation").asLong());
            assertEquals(1400, topology.client().link(Topology.DEVICE).orElseThrow().mtu());
            Files.writeString(running, "onramps: 7\n");
            Tool.SHELL.succeeds(
                    topology.gatewayHost(), "-c", "kill -HUP " + culvert.handle().pid());
            Eventually.equal("refused", "result", () -> configuration().path("result").asString());
            assertTrue(culvert.isAlive());
        }
    }

    @Test
    void saysAllThatIsWrongAsCheckDoes() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology)) {
            Files.writeString(next, "onramps: [{ name: a, typ: tun }]\nlimits: { flows: many }\n");
            CulvertProcess check =
                    CulvertProcess.start(topology.gatewayHost(), "check", next.toString());
            assertEquals(2, check.exitStatus());
            List<String> wrong = check.errors();
            assertTrue(wrong.size() > 4, wrong::toString);

            assertEquals(wrong, done(topology, 2, "apply", next.toString()).errors());
            assertEquals(wrong, done(topology, 2, "diff", next.toString()).errors());

            assertEquals(1, configuration().path("generation").asLong());
            assertEquals("refused", configuration().path("result").asString());
            Path missing = directory.resolve("missing.yaml");
            assertEquals(
                    missing + ":1:1: error: there is no such file",
                    done(topology, 2, "apply", missing.toString()).errors().getFirst());
            assertTrue(culvert.isAlive());
        }
    }

    @Test
    void saysWhatCannotBeDoneAndChangesNothing() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology)) {
            Files.writeString(
                    next, topology.onRamps(1400, "acme") + Topology.UPGRADE_ALL + "workers: 9\n");

            assertEquals(
                    List.of(
                            "~ onramps acme",
                            "    mtu: 1500 -> 1400",
                            "! workers: takes a restart"),
                    done(topology, 0, "diff", next.toString()).output().subList(0, 3));
            List<String> errors = done(topology, 1, "apply", next.toString()).errors();

            assertTrue(errors.getFirst().contains("workers cannot change"), errors::toString);
            assertEquals(1500, topology.client().link(Topology.DEVICE).orElseThrow().mtu());
            assertTrue(culvert.isAlive());
        }
    }

    /** Whoever sits behind the tunnel that the new configuration cuts off need only wait. */
    @ParameterizedTest
    @EnumSource
    void takesBackWhatNobodyConfirms(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                CulvertProcess culvert = run(topology)) {
            Files.writeString(next, "onramps: []\n" + Topology.UPGRADE_ALL);
            String hash = configuration().path("hash").asString();

            CulvertProcess apply = command(topology, "apply", "--confirm", "10s", next.toString());
            Eventually.holds("cut off", () -> topology.client().link(Topology.DEVICE).isEmpty());
            Files.writeString(running, shut(topology));
            List<String> refused = done(topology, 1, "reload").errors();
            assertTrue(refused.getFirst().contains("awaits its confirmation"), refused::toString);

            assertEquals(1, apply.exitStatus(), () -> "" + apply.errors());
            assertEquals("not confirmed in time: taken back", apply.output().getLast());
            topology.routeClients();
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                exchange(client);
            }
            assertEquals(hash, configuration().path("hash").asString());
            assertEquals("stepped back", configuration().path("result").asString());
            assertEquals(1, done(topology, 1, "confirm").errors().size() - 1);
            assertTrue(culvert.isAlive());
        }
    }

    @Test
    void keepsWhatIsConfirmed() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology)) {
            Files.writeString(next, shut(topology));

            CulvertProcess apply = command(topology, "apply", "--confirm", "60s", next.toString());
            Eventually.holds(
                    "awaits its confirmation",
                    () -> configuration().path("confirm_within_ms").asLong() > 0);
            assertEquals(
                    List.of("confirmed: configuration number 2"),
                    done(topology, 0, "confirm").output());

            assertEquals(0, apply.exitStatus(), () -> "" + apply.errors());
            assertEquals("confirmed", apply.output().getLast());
            assertEquals(1400, topology.client().link(Topology.DEVICE).orElseThrow().mtu());
            assertEquals(0, configuration().path("confirm_within_ms").asLong());
            assertTrue(culvert.isAlive());
        }
    }
}
