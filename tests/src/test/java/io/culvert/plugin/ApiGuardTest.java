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
import java.util.List;
import java.util.stream.Stream;

/** The build of {@code hooks} fails where a plugin that fits today would not fit any more. */
@Timeout(600)
class ApiGuardTest {
    private static final String BUILD = "mvn -q -f hooks/pom.xml verify -DskipTests -Dformat.skip";

    @TempDir private Path home;

    private Path hook;
    private Shell shell;

    @BeforeEach
    void copyTheModule() throws IOException {
        Path top = ExampleProject.top();
        Files.copy(top.resolve("pom.xml"), home.resolve("pom.xml"));
        for (String part : List.of("hooks/pom.xml", "hooks/api", "hooks/src")) {
            try (Stream<Path> files = Files.walk(top.resolve(part))) {
                for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                    Path copy = home.resolve(top.relativize(file).toString());
                    Files.createDirectories(copy.getParent());
                    Files.copy(file, copy);
                }
            }
        }
        hook = home.resolve("hooks/src/main/java/io/culvert/hook/Host.java");
        shell = new Shell(home);
    }

    @AfterEach
    void close() throws IOException {
        shell.close();
    }

    @Test
    void anAdditionPassesAndAMethodThatIsGoneDoesNot() throws Exception {
        String source = Files.readString(hook);
        int end = source.lastIndexOf('}');
        Files.writeString(
                hook,
                source.substring(0, end)
                        + "\n    /** Something new. */\n    default void more() {}\n}\n");
        Shell.Ended added = shell.run(home, BUILD);
        assertEquals(0, added.status(), added::said);

        Files.writeString(
                hook, source.replace("resolve(", "absolute(").replace("#resolve", "#absolute"));
        Shell.Ended removed = shell.run(home, BUILD);
        assertTrue(removed.status() != 0, removed::said);
        assertTrue(
                removed.said().contains("Host.resolve(java.nio.file.Path):METHOD_REMOVED"),
                removed::said);
    }

    @Test
    void aMethodThatEveryPluginWouldHaveToHaveDoesNotPass() throws Exception {
        String source = Files.readString(hook);
        int end = source.lastIndexOf('}');
        Files.writeString(
                hook,
                source.substring(0, end) + "\n    /** Something new. */\n    void more();\n}\n");

        Shell.Ended ended = shell.run(home, BUILD);

        assertTrue(ended.status() != 0, ended::said);
        assertTrue(ended.said().contains("METHOD_ADDED_TO_INTERFACE"), ended::said);
    }
}
