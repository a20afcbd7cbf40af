package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.telemetry.AuditLog.Actor;
import io.culvert.gateway.telemetry.AuditLog.Entry;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;

class AuditLogTest {
    private static final Clock EIGHT =
            Clock.fixed(Instant.parse("2026-11-21T20:15:00Z"), ZoneOffset.UTC);

    @TempDir private Path directory;

    private static Entry entry(String detail) {
        return new Entry(
                new Actor(1000, 4711), "apply", "sha256:aa", "sha256:bb", "refused", detail);
    }

    private AuditLog log() {
        return new AuditLog(Optional.of(path()), EIGHT);
    }

    private Path path() {
        return directory.resolve("audit.jsonl");
    }

    @Test
    void saysWhenWhoWhatAndWhatCameOfIt() throws IOException {
        log().record(entry("line 3: \"mtu\" is\nwrong"));

        assertEquals(
                "{\"version\":1,\"time\":\"2026-11-21T20:15:00.000Z\",\"action\":\"apply\","
                        + "\"uid\":1000,\"pid\":4711,\"configuration_before\":\"sha256:aa\","
                        + "\"configuration_after\":\"sha256:bb\",\"result\":\"refused\","
                        + "\"detail\":\"line 3: \\\"mtu\\\" is\\nwrong\"}\n",
                Files.readString(path()));
        assertEquals(
                "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path())));
    }

    @Test
    void goesOnInANewFileWhenItsFileIsMovedAway() throws IOException {
        AuditLog log = log();
        log.record(entry("one"));
        Files.move(path(), directory.resolve("audit.jsonl.1"));
        log.record(entry("two"));
        log.record(entry("three"));

        assertEquals(2, Files.readAllLines(path()).size());
        assertEquals(1, Files.readAllLines(directory.resolve("audit.jsonl.1")).size());
    }

    @Test
    void writesHalfACharacterAsTheCharacterForNone() throws IOException {
        log().record(entry("a \ud800 b"));

        JsonNode line = new ObjectMapper().readTree(Files.readString(path()));
        assertEquals("a \ufffd b", line.path("detail").asString());
    }

    @Test
    void saysWithASentenceThatItCannotBeWrittenAndCounts() {
        AuditLog full = new AuditLog(Optional.of(Path.of("/dev/full")), EIGHT);

        IOException refused = assertThrows(IOException.class, () -> full.record(entry("")));

        assertTrue(
                refused.getMessage().startsWith("cannot write the audit log /dev/full: No space"),
                refused.getMessage());
        full.note(entry("what is done already"));
        assertEquals(2, full.failures());
    }

    @Test
    void saysThatItsDirectoryIsMissing() {
        AuditLog nowhere = new AuditLog(Optional.of(directory.resolve("no/where")), EIGHT);

        assertEquals(
                "cannot write the audit log " + directory + "/no/where: no such directory",
                assertThrows(IOException.class, () -> nowhere.record(entry(""))).getMessage());
    }

    @Test
    void nobodysIsWrittenNowhere() throws IOException {
        AuditLog.NONE.record(entry(""));

        assertEquals(0, AuditLog.NONE.failures());
    }

    @Test
    void thisProcessActsUnderItsOwnNumber() {
        assertEquals(ProcessHandle.current().pid(), Actor.self().pid());
        assertTrue(Actor.self().uid() >= 0);
    }
}
