package io.culvert.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What docs/plugins.md and the examples' READMEs tell people to type works as it says. */
@Timeout(900)
class PluginManualTest {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(sh|)\\R(.*?)^```$");

    @TempDir private Path home;

    private Path tree;
    private Shell shell;

    /** A tree as the reader's: the real one, but with its program as it was built. */
    @BeforeEach
    void makeTree() throws IOException {
        Path top = ExampleProject.top();
        tree = Files.createDirectories(home.resolve("culvert"));
        copy(top.resolve("examples/plugins"), tree.resolve("examples/plugins"));
        Path program =
                Files.writeString(
                        tree.resolve("culvert"),
                        "#!/bin/sh\nexec %s/packaging/culvert-java %s/gateway-core/target/culvert \"$@\"\n"
                                .formatted(top, top));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        shell = new Shell(home);
    }

    private static void copy(Path from, Path into) throws IOException {
        List<Path> files;
        try (var all = Files.walk(from)) {
            files = all.filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            Path copy = into.resolve(from.relativize(file).toString());
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy);
        }
    }

    /** Blocks marked as {@code sh}, or those without a mark. */
    private static List<String> blocks(Path page, String mark) throws IOException {
        List<String> blocks = new ArrayList<>();
        Matcher block = BLOCK.matcher(Files.readString(page));
        while (block.find()) {
            if (block.group(1).equals(mark)) {
                blocks.add(block.group(2));
            }
        }
        return blocks;
    }

    @AfterEach
    void close() throws IOException {
        shell.close();
    }

    @Test
    void leadsFromTheTemplateToALoadedPlugin() throws Exception {
        Path page = ExampleProject.top().resolve("docs/plugins.md");
        List<String> commands = new ArrayList<>(blocks(page, "sh"));
        // The repository is as if it had been.
        assertEquals("mvn -q -DskipTests install\n", commands.removeFirst());

        Shell.Ended ended = shell.run(tree, String.join("\n", commands));

        assertTrue(ended.said().contains("Tests run: 3, Failures: 0"), ended::said);
        assertTrue(ended.said().contains(blocks(page, "").getFirst()), ended::said);
        assertTrue(ended.said().contains("ports.yaml: no errors"), ended::said);
        assertTrue(ended.said().contains("Connection refused"), ended::said);
        assertTrue(
                Pattern.compile("(?m)^ports +1.0 +1 +flow +1 +0 +0 ").matcher(ended.said()).find(),
                ended::said);
        assertEquals(0, ended.status(), ended::said);
    }

    @Test
    void everyExampleIsBuiltAndCheckedAsItsReadmeSays() throws Exception {
        Shell.Ended built = shell.run(tree, "mvn -q -f examples/plugins package");
        assertEquals(0, built.status(), built::said);
        for (Path example : ExampleProject.all()) {
            String name = example.getFileName().toString();
            String commands = blocks(example.resolve("README.md"), "").getLast();
            String first = "mvn -f examples/plugins/" + name + " package\n";
            assertTrue(commands.startsWith(first), commands);

            // Maven takes its time, and has built them all.
            Shell.Ended ended = shell.run(tree, commands.substring(first.length()));

            assertEquals(0, ended.status(), ended::said);
            assertEquals(2, ended.said().split("no errors", -1).length - 1, ended::said);
        }
    }
}
