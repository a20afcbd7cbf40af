package io.culvert.compliance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** docs/reasons.md has an entry for every reason: what it means, what to do, an example. */
class ReasonManualTest {
    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern ENTRY =
            Pattern.compile(
                    "^### ([A-Z_]+)\n\n(.*?)(?=^##|\\z)", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern TEST = Pattern.compile("`([A-Za-z0-9]+Test)`");

    private static final Map<String, String> ENTRIES = new LinkedHashMap<>();
    private static final Map<String, Path> TESTS = new LinkedHashMap<>();

    @BeforeAll
    static void read() throws IOException {
        Matcher entry = ENTRY.matcher(Files.readString(TOP.resolve("docs/reasons.md")));
        while (entry.find()) {
            assertEquals(null, ENTRIES.put(entry.group(1), entry.group(2)), entry.group(1));
        }
        try (Stream<Path> files = Files.walk(TOP)) {
            files.filter(file -> file.toString().contains("/src/test/java/"))
                    .filter(file -> file.toString().endsWith("Test.java"))
                    .forEach(
                            file ->
                                    TESTS.merge(
                                            file.getFileName().toString().replace(".java", ""),
                                            file,
                                            (one, other) -> one));
        }
    }

    @Test
    void hasTheReasonsAndNoOthersInTheirOrder() {
        assertEquals(
                Arrays.stream(Reason.values()).map(Enum::name).toList(),
                List.copyOf(ENTRIES.keySet()),
                "docs/reasons.md: an entry for each constant of Reason, in the same order");
    }

    @TestFactory
    Stream<DynamicTest> saysOfEachReason() {
        return Arrays.stream(Reason.values())
                .map(reason -> DynamicTest.dynamicTest(reason.name(), () -> isWhole(reason)));
    }

    private static void isWhole(Reason reason) throws IOException {
        String entry = ENTRIES.getOrDefault(reason.name(), "");
        String meaning = reason.meaning();
        String sentence = Character.toUpperCase(meaning.charAt(0)) + meaning.substring(1) + ".";
        assertTrue(entry.startsWith(sentence + "\n"), () -> "begins with: " + sentence);
        assertTrue(entry.contains("\n- **Do:** "), "what an operator does about it: - **Do:**");
        assertTrue(entry.contains("\n- **Example:** "), "what provokes it: - **Example:**");
        assertTrue(entry.contains("\n- **Shown by:** "), "a test of it: - **Shown by:**");
        for (String line : entry.split("\n", -1)) {
            if (line.startsWith("- **Shown by:** ")) {
                Matcher test = TEST.matcher(line);
                assertTrue(test.find(), line);
                do {
                    Path file = TESTS.get(test.group(1));
                    assertTrue(file != null, () -> "there is no test " + test.group(1));
                    assertTrue(
                            Files.readString(file).contains(reason.name()),
                            () -> file.getFileName() + " says nothing of it");
                } while (test.find());
            }
        }
    }
}
