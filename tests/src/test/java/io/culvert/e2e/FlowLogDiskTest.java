package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A flow log on a disk of 64 KiB, which flows fill up. */
@Timeout(300)
class FlowLogDiskTest {
    private static final Family FAMILY = Family.IPV4;

    /** Two hundred bytes and more each: far beyond the disk. */
    private static final int FLOWS = 1_000;

    /** A program starts in a second, and on a machine with fifty others to do in thirty. */
    private static final Duration PATIENCE = Duration.ofSeconds(100);

    @TempDir private Path directory;

    private final List<DatagramChannel> sockets = new ArrayList<>();

    /** In the mount namespace of the gateway's host, which ends with it. */
    private static void sh(Topology topology, String command) throws Exception {
        Process process =
                topology.gatewayHost().start(new ProcessBuilder("sh", "-c", command).inheritIO());
        assertEquals(0, process.waitFor(), command);
    }

    @Test
    void packetsGoOnWhileTheDiskIsFullAndRecordsWhenItIsNot() throws Exception {
        Path disk = Files.createDirectory(directory.resolve("disk"));
        Path copy = directory.resolve("copy.jsonl");
        Path log = disk.resolve("flows.jsonl");
        Path configuration = directory.resolve("edge.yaml");
        try (Topology topology = Topology.withoutGateway();
                UdpEcho echo = UdpEcho.on(topology.server(), FAMILY, FAMILY.server())) {
            sh(topology, "mount -t tmpfs -o size=64k tmpfs " + disk);
            Files.writeString(
                    configuration,
                    topology.onRamps(1500, "acme")
                            + Topology.UPGRADE_ALL
                            + "limits: { drain: 1s }\ntelemetry: { flow-log: %s }\n"
                                    .formatted(log));
            try (CulvertProcess culvert =
                    CulvertProcess.start(
                            topology.gatewayHost(),
                            "run",
                            "--control",
                            directory.resolve("control.sock").toString(),
                            configuration.toString())) {
                culvert.awaitReady();
                topology.routeClients();

                ask(topology, echo, FLOWS);
                Eventually.holds("the failure is said", () -> !culvert.errors().isEmpty());
                String said = culvert.errors().getFirst();
                assertTrue(said.contains("flows.jsonl cannot be written: No space left"), said);
                ask(topology, echo, 100);

                // With the source, mount(8) leaves the other options alone: one is a user whom a
                // user namespace does not know.
                sh(topology, "mount -o remount,size=8m tmpfs " + disk);
                ask(topology, echo, 100);
                Eventually.holds("the recovery is said", () -> culvert.errors().size() > 1);
                culvert.terminate();
                assertEquals(0, culvert.exitStatus(PATIENCE), () -> "" + culvert.errors());
                assertEquals(2, culvert.errors().size(), () -> "" + culvert.errors());
            }
            sh(topology, "cat %s > %s".formatted(log, copy));
        } finally {
            for (DatagramChannel socket : sockets) {
                socket.close();
            }
        }
        addsUp(Files.readAllLines(copy).stream().map(new ObjectMapper()::readTree).toList());
    }

    private void ask(Topology topology, UdpEcho echo, int flows) throws IOException {
        for (int i = 0; i < flows; i++) {
            DatagramChannel socket = topology.client().udp(FAMILY, null, 0);
            sockets.add(socket);
            socket.send(ByteBuffer.allocate(10), echo.address());
            socket.receive(ByteBuffer.allocate(10));
        }
    }

    /** Every line is whole, and what is missing is said. */
    private static void addsUp(List<JsonNode> lines) {
        long flows = 0;
        long missing = 0;
        for (JsonNode line : lines) {
            switch (line.path("record").asString()) {
                case "open", "close" -> flows++;
                default -> {
                    assertEquals("lost", line.path("record").asString());
                    assertEquals(0, line.path("queue").asLong());
                    missing += line.path("disk").asLong();
                }
            }
        }
        assertTrue(missing > 0);
        assertEquals(2L * (FLOWS + 200), flows + missing);
    }

    @Test
    void startsNotWhereTheLogCannotBeWritten() throws Exception {
        Path configuration = directory.resolve("edge.yaml");
        try (Topology topology = Topology.withoutGateway()) {
            for (String log : List.of("flow-log", "audit-log")) {
                Files.writeString(
                        configuration,
                        topology.onRamps(1500, "acme")
                                + "telemetry: { %s: /dev/null/x }\n".formatted(log));
                try (CulvertProcess culvert =
                        CulvertProcess.start(
                                topology.gatewayHost(), "run", configuration.toString())) {
                    assertEquals(1, culvert.exitStatus(PATIENCE));
                    assertEquals(1, culvert.errors().size(), () -> "" + culvert.errors());
                    assertTrue(
                            culvert.errors().getFirst().contains("cannot write the "),
                            () -> "" + culvert.errors());
                }
            }
        }
    }
}
