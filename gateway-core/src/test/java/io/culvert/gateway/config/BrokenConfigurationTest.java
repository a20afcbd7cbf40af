package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Each broken configuration beside this test's resources, with all that is said of it. Run with
 * {@code -Dculvert.regenerate=true}, this writes what is said now; read the difference.
 */
class BrokenConfigurationTest {
    private static final Path BROKEN =
            Path.of("src/test/resources/io/culvert/gateway/config/broken");

    @TestFactory
    @Tag("rfc4787-req-5")
    @Tag("rfc5382-req-5")
    @Tag("rfc5508-req-2")
    @Tag("rfc8200-5-a")
    Stream<DynamicTest> saysAllThatIsWrongAndWhere() throws IOException {
        try (Stream<Path> files = Files.list(BROKEN)) {
            List<Path> broken =
                    files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
            assertTrue(broken.size() >= 25);
            return broken.stream()
                    .map(
                            file ->
                                    DynamicTest.dynamicTest(
                                            file.getFileName().toString(), () -> compare(file)));
        }
    }

    private static void compare(Path file) throws IOException {
        String name = file.getFileName().toString();
        String said = said(name, Files.readAllBytes(file));
        Path expected = file.resolveSibling(name.replace(".yaml", ".expected"));
        if (Boolean.getBoolean("culvert.regenerate")) {
            Files.writeString(expected, said);
        }
        assertEquals(Files.readString(expected), said);
    }

    private static String said(String name, byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        return switch (ConfigurationFile.read(name, text)) {
            case Loaded.Valid valid -> "valid\n";
            case Loaded.Invalid invalid -> invalid.text();
        };
    }
}
