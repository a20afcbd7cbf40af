package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What is shown to people as a configuration is one: each example, and each block of YAML. */
class DocumentedConfigurationTest {
    private static final Path TOP = Path.of("..");

    /** Whatever is marked as YAML, however far it is indented. */
    private static final Pattern BLOCK =
            Pattern.compile("(?m)^( *)```ya?ml *\\R(.*?)^ *```", Pattern.DOTALL);

    private record Shown(String where, String text) {}

    private static List<Path> files(String directory, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(TOP.resolve(directory))) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static List<Shown> blocks(String where, String page) {
        List<Shown> blocks = new ArrayList<>();
        Matcher block = BLOCK.matcher(page);
        while (block.find()) {
            long line = page.substring(0, block.start()).lines().count() + 1;
            blocks.add(
                    new Shown(
                            where + ":" + line,
                            block.group(2).stripTrailing().stripIndent() + "\n"));
        }
        return blocks;
    }

    @TestFactory
    Stream<DynamicTest> acceptsWhatPeopleAreShown() throws IOException {
        List<Shown> shown = new ArrayList<>();
        for (Path example : files("examples", ".yaml")) {
            shown.add(new Shown(example.toString(), Files.readString(example)));
        }
        assertTrue(shown.size() >= 5, "where are the examples?");
        List<Path> pages = new ArrayList<>(files("docs", ".md"));
        pages.add(TOP.resolve("README.md"));
        pages.add(TOP.resolve("ARCHITECTURE.md"));
        for (Path page : pages) {
            shown.addAll(blocks(page.toString(), Files.readString(page)));
        }
        return shown.stream()
                .map(one -> DynamicTest.dynamicTest(one.where(), () -> assertAccepted(one)));
    }

    private static void assertAccepted(Shown shown) {
        Loaded loaded = ConfigurationFile.read(shown.where(), shown.text());
        assertInstanceOf(Loaded.Valid.class, loaded, () -> ((Loaded.Invalid) loaded).text());
    }

    @Test
    void findsBlocksOfYaml() {
        List<Shown> blocks =
                blocks("page.md", "# A\n```sh\nls\n```\n  ```yaml\n  workers: 1\n  ```\n");
        assertEquals(List.of(new Shown("page.md:5", "workers: 1\n")), blocks);
    }
}
