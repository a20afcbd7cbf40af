package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import tools.jackson.databind.JsonNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Each broken configuration beside this test's resources, with all that is said of it. Run with
 * {@code -Dculvert.regenerate=true}, this writes what is said now; read the difference.
 */
class BrokenConfigurationTest {
    private static final Path BROKEN =
            Path.of("src/test/resources/io/culvert/gateway/config/broken");

    private static final Set<String> SECTIONS =
            Set.of(
                    "onramps",
                    "tun",
                    "seqpacket",
                    "gue",
                    "gre",
                    "tcp",
                    "offramps",
                    "socket",
                    "device",
                    "policy",
                    "limits",
                    "timers",
                    "forwarding",
                    "workers",
                    "plugins",
                    "telemetry",
                    "tls",
                    "upstreams",
                    "http",
                    "resolver");

    @TestFactory
    @Tag("rfc4787-req-5")
    @Tag("rfc5382-req-5")
    @Tag("rfc5508-req-2")
    @Tag("rfc8200-5-a")
    Stream<DynamicTest> saysAllThatIsWrongAndWhere() throws IOException {
        try (Stream<Path> files = Files.list(BROKEN)) {
            List<Path> broken =
                    files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
            assertTrue(broken.size() >= 40);
            return broken.stream()
                    .map(
                            file ->
                                    DynamicTest.dynamicTest(
                                            file.getFileName().toString(), () -> compare(file)));
        }
    }

    @Test
    void breaksSomethingOfEverySection() throws IOException {
        Set<String> broken = new TreeSet<>();
        try (Stream<Path> files = Files.list(BROKEN)) {
            for (Path file : files.filter(one -> one.toString().endsWith(".yaml")).toList()) {
                String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
                YamlTree.parse(text, new Errors())
                        .ifPresent(tree -> broken.addAll(sectionsWithErrors(text, tree)));
            }
        }
        Set<String> all = new TreeSet<>(SchemaCheck.schema().get("properties").propertyNames());
        all.remove("$schema");
        all.addAll(Set.of("tun", "seqpacket", "gue", "gre", "tcp", "socket", "device"));
        assertEquals(all, broken);
    }

    /** The keys at the top, and the types of ramps, that have an error. */
    private static Set<String> sectionsWithErrors(String text, YamlTree tree) {
        Set<String> sections = new TreeSet<>();
        if (ConfigurationFile.read("it", text) instanceof Loaded.Invalid invalid) {
            for (ConfigurationError error : invalid.errors()) {
                tree.root().propertyNames().stream()
                        .filter(key -> tree.key("/" + key).line() <= error.line())
                        .max(Comparator.comparing(key -> tree.key("/" + key)))
                        .ifPresent(key -> addSection(key, error.line(), tree, sections));
            }
        }
        sections.retainAll(SECTIONS);
        return sections;
    }

    private static void addSection(String key, int line, YamlTree tree, Set<String> sections) {
        sections.add(key);
        JsonNode list = tree.at("/" + key);
        String type = "";
        for (int i = 0; list.isArray() && i < list.size(); i++) {
            if (tree.value("/" + key + "/" + i).line() <= line) {
                type = list.get(i).path("type").asString("");
            }
        }
        sections.add(type);
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
