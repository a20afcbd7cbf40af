package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

class LogFileTest {
    @TempDir private Path directory;

    private final List<String> failures = new ArrayList<>();

    private Path path() {
        return directory.resolve("flows.jsonl");
    }

    private int append(LogFile file, String... lines) {
        int[] ends = new int[lines.length];
        int end = 0;
        for (int i = 0; i < lines.length; i++) {
            end += lines[i].length() + 1;
            ends[i] = end;
        }
        String all = String.join("\n", lines) + "\n";
        return file.append(
                ByteBuffer.wrap(all.getBytes(StandardCharsets.US_ASCII)),
                ends,
                lines.length,
                e -> failures.add(e.getMessage()));
    }

    @Test
    void appendsToWhatIsThere() throws IOException {
        Files.writeString(path(), "zero\n");
        try (LogFile file = LogFile.open(path())) {
            assertEquals(2, append(file, "one", "two"));
        }
        assertEquals(List.of("zero", "one", "two"), Files.readAllLines(path()));
    }

    @Test
    void makesAFileThatOthersMayNotRead() throws IOException {
        LogFile.open(path()).close();
        assertEquals(
                "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path())));
    }

    @Test
    void beginsANewFileWhereItsOwnWasMovedAwayOrRemoved() throws IOException {
        try (LogFile file = LogFile.open(path())) {
            append(file, "one");
            file.follow();
            append(file, "two");
            Files.move(path(), directory.resolve("1"));
            append(file, "three");
            file.follow();
            append(file, "four");
            Files.delete(path());
            file.follow();
            append(file, "five");
        }
        assertEquals(List.of("one", "two", "three"), Files.readAllLines(directory.resolve("1")));
        assertEquals(List.of("five"), Files.readAllLines(path()));
    }

    @Test
    void goesOnInTheFileThatItHasWhereNoOtherCanBeMade() throws IOException {
        Path gone = Files.createDirectory(directory.resolve("gone"));
        Path moved = directory.resolve("moved");
        try (LogFile file = LogFile.open(gone.resolve("flows.jsonl"))) {
            Files.move(gone, moved);
            assertThrows(IOException.class, file::follow);
            assertEquals(1, append(file, "one"));
        }
        assertEquals(List.of("one"), Files.readAllLines(moved.resolve("flows.jsonl")));
    }

    @Test
    void saysOfAFullDeviceThatNothingIsWritten() throws IOException {
        try (LogFile file = LogFile.open(Path.of("/dev/full"))) {
            assertEquals(0, append(file, "one", "two"));
        }
        assertEquals(List.of("No space left on device"), failures);
    }

    @Test
    void refusesAPipeWhoseReaderItWouldWaitFor() throws Exception {
        Process made = new ProcessBuilder("mkfifo", path().toString()).start();
        assertEquals(0, made.waitFor());

        String refused = assertThrows(IOException.class, () -> LogFile.open(path())).getMessage();

        assertTrue(refused.startsWith("it is a pipe"), refused);
    }
}
