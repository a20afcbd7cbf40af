package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.RelayFigures;
import io.culvert.flow.Tenant;
import io.culvert.gateway.telemetry.FlowLogFigures.Missing;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

@Timeout(60)
class FlowLogTest {
    private static final FlowDecision DECISION =
            new FlowDecision.Upgrade("web", "relay", "internet");

    @TempDir private Path directory;

    private Path path() {
        return directory.resolve("flows.jsonl");
    }

    private List<JsonNode> lines() throws IOException {
        return Files.readAllLines(path()).stream().map(new ObjectMapper()::readTree).toList();
    }

    private static FlowTable table(FlowLog log, int limit) {
        return new FlowTable(
                1,
                new FlowLimits(limit, limit, 1_000_000),
                FlowTimers.DEFAULT,
                System::nanoTime,
                log,
                flow -> {});
    }

    private static FlowKey key(String from, int fromPort, String to, int toPort) {
        IpAddress source = IpAddress.parse(from);
        IpAddress target = IpAddress.parse(to);
        return new FlowKey()
                .set(
                        1,
                        IpProtocol.TCP,
                        source.high(),
                        source.low(),
                        fromPort,
                        target.high(),
                        target.low(),
                        toPort);
    }

    private static Flow open(FlowTable table, Tenant tenant, int port) {
        FlowKey key = key("2001:db8::5", port, "192.0.2.9", 443);
        return ((FlowTable.Opening.Opened) table.open(key, tenant, 0, DECISION)).flow();
    }

    private static String text(JsonNode line, String... fields) {
        return List.of(fields).stream()
                .map(field -> line.path(field).asString())
                .collect(Collectors.joining(" "));
    }

    @Test
    void aFlowIsOneLineWhenItOpensAndOneWhenItEnds() throws IOException {
        try (FlowLog log = FlowLog.open(path(), 1)) {
            FlowTable table = table(log, 10);
            Flow flow = open(table, new Tenant(1, "acme"), 51_514);
            flow.count(Direction.FROM_INITIATOR, 3, 180, System.nanoTime());
            flow.count(Direction.FROM_TARGET, 2, 3_000, System.nanoTime());
            flow.relayFigures(new RelayFigures(20, 2_900, 150, 1, 300, 2));
            table.close(flow, Reason.FINISHED);
        }
        List<JsonNode> lines = lines();
        assertEquals(2, lines.size());
        JsonNode open = lines.getFirst();
        JsonNode close = lines.getLast();
        String[] both = {
            "version",
            "start",
            "id",
            "tenant",
            "protocol",
            "initiator",
            "target",
            "action",
            "via",
            "decided_by",
            "worker"
        };
        assertEquals("open close", open.path("record").asString() + " " + text(close, "record"));
        assertEquals(text(open, both), text(close, both));
        assertEquals(
                "1 acme tcp [2001:db8::5]:51514 192.0.2.9:443 upgrade internet web 0",
                text(
                        close,
                        "version",
                        "tenant",
                        "protocol",
                        "initiator",
                        "target",
                        "action",
                        "via",
                        "decided_by",
                        "worker"));
        assertEquals(text(open, "time"), text(close, "opened"));
        assertTrue(
                text(close, "time").matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z"));
        assertEquals(
                "FINISHED 3 180 2 3000",
                text(close, "reason", "packets_up", "bytes_up", "packets_down", "bytes_down"));
        assertEquals(
                "{\"bytes_up\":20,\"bytes_down\":2900,\"initiator_rtt_us\":150,"
                        + "\"initiator_retransmits\":1,\"target_rtt_us\":300,"
                        + "\"target_retransmits\":2}",
                close.path("relay").toString());
    }

    @Test
    void numbersOfFlowsAreTakenAgainAfterARestartAndStartsAreNot() throws IOException {
        for (int i = 0; i < 2; i++) {
            try (FlowLog log = FlowLog.open(path(), 1)) {
                open(table(log, 10), new Tenant(1, "acme"), 1);
            }
        }
        assertEquals(lines().getFirst().path("id"), lines().getLast().path("id"));
        assertNotEquals(lines().getFirst().path("start"), lines().getLast().path("start"));
    }

    @Test
    void aFlowThatALimitRefusesIsOneLine() throws IOException {
        FlowLogFigures figures;
        try (FlowLog log = FlowLog.open(path(), 1)) {
            FlowTable table = table(log, 1);
            Tenant tenant = new Tenant(1, "acme");
            open(table, tenant, 1);
            for (int i = 0; i < 3; i++) {
                table.open(key("10.0.0.1", 2, "10.0.0.2", 80), tenant, 0, DECISION);
            }
            figures = log.figures();
        }
        List<JsonNode> lines = lines();
        assertEquals(3, lines.size());
        assertEquals(
                "refused TABLE_FULL 10.0.0.1:2 10.0.0.2:80 refuse web",
                text(
                        lines.get(1),
                        "record",
                        "reason",
                        "initiator",
                        "target",
                        "action",
                        "decided_by"));
        assertEquals("lost 2", text(lines.get(2), "record", "repeated"));
        assertEquals(new Missing(0, 0, 0, 2), figures.missing());
    }

    @Test
    void textsOfClientsStayWithinTheirQuotes() throws IOException {
        String hostile = "a\"b\\c\nd\u0000e\u2028f\ud83dg";
        try (FlowLog log = FlowLog.open(path(), 1)) {
            open(table(log, 10), new Tenant(1, hostile), 1);
        }
        assertEquals(1, lines().size());
        assertEquals(hostile.replace('\ud83d', '\ufffd'), text(lines().getFirst(), "tenant"));
    }

    @Test
    void everyRecordIsWrittenOrCounted() throws IOException {
        int flows = 100_000;
        Missing missing;
        try (FlowLog log = FlowLog.open(path(), 1, 4, System::nanoTime)) {
            FlowTable table = table(log, flows);
            Tenant tenant = new Tenant(1, "acme");
            for (int i = 0; i < flows; i++) {
                FlowKey key = key("10.0.0.1", i & 0xffff, "10.0.0.2", i >>> 16);
                table.open(key, tenant, 0, DECISION);
            }
            missing = log.figures().missing();
        }
        long open =
                lines().stream()
                        .filter(line -> line.path("record").asString().equals("open"))
                        .count();
        long lost = lines().stream().mapToLong(line -> line.path("queue").asLong(0)).sum();
        assertTrue(missing.queue() > 0, "a queue of four was never full");
        assertEquals(flows, open + missing.queue());
        assertEquals(missing.queue(), lost);
    }

    @Test
    void onAFullDiskRecordsAreCountedAndNobodyWaits() throws IOException {
        FlowLogFigures figures;
        try (FlowLog log = FlowLog.open(Path.of("/dev/full"), 1)) {
            figures = log.figures();
            FlowTable table = table(log, 1_000);
            Tenant tenant = new Tenant(1, "acme");
            for (int port = 1; port <= 1_000; port++) {
                table.close(open(table, tenant, port), Reason.IDLE);
            }
        }
        assertEquals(new Missing(0, 2_000, 0, 0), figures.missing());
    }

    @Test
    void saysWithASentenceThatItCannotBeWritten() {
        Path nowhere = directory.resolve("no/flows.jsonl");
        assertEquals(
                "telemetry: cannot write the flow log " + nowhere + ": no such directory",
                assertThrows(IOException.class, () -> FlowLog.open(nowhere, 1)).getMessage());
    }

    @Test
    void itsThreadEndsWithIt() throws IOException {
        FlowLog.open(path(), 1).close();

        assertEquals(
                Set.of(),
                Thread.getAllStackTraces().keySet().stream()
                        .map(Thread::getName)
                        .filter("flow-log"::equals)
                        .collect(Collectors.toSet()));
    }
}
