package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

class MutatedConfigurationTest {
    private static final long SEED = 20_261_120;
    private static final int FILES = 2_000;
    private static final int MANY_FILES = 20_000;
    private static final List<String> PIECES =
            List.of(
                    "[",
                    "]",
                    "{",
                    "}",
                    ":",
                    " ",
                    "\n",
                    "\t",
                    "- ",
                    "&a ",
                    "*a",
                    "!!binary ",
                    "!x ",
                    "? ",
                    "| ",
                    "> ",
                    "'",
                    "\"",
                    "#",
                    ",",
                    "<<: ",
                    "...",
                    "---\n",
                    "%YAML 1.2\n",
                    "null",
                    "~",
                    "true",
                    "1e400",
                    "-1",
                    "0x1F",
                    "0o17",
                    ".inf",
                    ".nan",
                    "1.5",
                    "99999999999999999999999",
                    "\u0000",
                    "\ufeff",
                    "\ud83d\ude00",
                    "\u0085",
                    "::/0",
                    "10.0.0.1/33",
                    "/",
                    "~1",
                    "65536",
                    "tun",
                    "gue",
                    "upgrade",
                    "name: ",
                    "type: ",
                    "peers: ",
                    "rules: ",
                    "\r\n",
                    "\u2028");

    @Test
    void answersEveryFileWithAValueAndNeverAnException() throws IOException {
        answers(FILES, SEED);
    }

    /** Others than those of every run. */
    @Tag("abuse")
    @Test
    void answersManyFilesSo() throws IOException {
        answers(MANY_FILES, SEED + 1);
    }

    private static void answers(int files, long seed) throws IOException {
        Random random = new Random(seed);
        List<String> originals =
                List.of(
                        Files.readString(Path.of("../examples/edge.yaml")),
                        Files.readString(
                                Path.of("src/test/resources/io/culvert/gateway/config/full.yaml")));
        for (int i = 0; i < files; i++) {
            String text = originals.get(i % originals.size());
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                text = mutate(text, random);
            }
            try {
                check(ConfigurationFile.read("mutated.yaml", text), text.lines().count());
            } catch (RuntimeException | StackOverflowError thrown) {
                fail("file " + i + " of seed " + seed + ":\n" + text, thrown);
            }
        }
    }

    private static void check(Loaded loaded, long lines) {
        if (loaded instanceof Loaded.Invalid invalid) {
            assertFalse(invalid.errors().isEmpty());
            ConfigurationError before = invalid.errors().getFirst();
            for (ConfigurationError error : invalid.errors()) {
                assertTrue(error.line() >= before.line());
                assertTrue(error.line() > before.line() || error.column() >= before.column());
                assertTrue(error.column() >= 1);
                // The end of the file is a place, too; YAML breaks lines at U+0085 and U+2028.
                assertTrue(error.line() >= 1);
                assertTrue(error.line() <= lines + 8, () -> error.text());
                assertTrue(error.text().lines().count() <= 3);
                before = error;
            }
        }
    }

    private static String mutate(String text, Random random) {
        int at = random.nextInt(text.length() + 1);
        int end = Math.min(text.length(), at + random.nextInt(12));
        String piece = PIECES.get(random.nextInt(PIECES.size()));
        return switch (random.nextInt(5)) {
            case 0 -> text.substring(0, at) + piece + text.substring(at);
            case 1 -> text.substring(0, at) + text.substring(end);
            case 2 -> text.substring(0, at) + piece + text.substring(end);
            case 3 -> text.substring(0, at) + text.substring(at, end) + text.substring(at);
            default -> value(text, at, piece);
        };
    }

    // Replaces the value of a line, so that the file is often YAML still.
    private static String value(String text, int at, String piece) {
        int colon = text.indexOf(": ", at);
        int end = colon < 0 ? -1 : text.indexOf('\n', colon);
        return end < 0 ? text : text.substring(0, colon + 2) + piece + text.substring(end);
    }
}
