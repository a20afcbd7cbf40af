package io.culvert.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

class ConfigCommandTest {
    @TempDir private Path directory;

    private record Ended(int status, String out, String err) {}

    private static Ended culvert(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status =
                Culvert.commandLine()
                        .setOut(new PrintWriter(out))
                        .setErr(new PrintWriter(err))
                        .execute(arguments);
        return new Ended(status, out.toString(), err.toString());
    }

    @Test
    void printsAConfigurationThatCheckAccepts() throws IOException {
        Ended printed = culvert("config", "default");
        Path file = Files.writeString(directory.resolve("edge.yaml"), printed.out());
        assertEquals(0, printed.status());
        assertEquals(new Ended(0, file + ": no errors\n", ""), culvert("check", file.toString()));
    }

    @Test
    void printsTheSchemaAsJson() {
        Ended printed = culvert("config", "schema");
        assertEquals(0, printed.status());
        assertEquals(
                "https://json-schema.org/draft/2020-12/schema",
                new ObjectMapper().readTree(printed.out()).get("$schema").asString());
    }

    @Test
    void showsWhatAConfigurationComesTo() throws IOException {
        Path file = Files.writeString(directory.resolve("edge.yaml"), "workers: 3\n");
        Ended shown = culvert("config", "show", file.toString());
        assertEquals(0, shown.status());
        assertTrue(shown.out().matches("(?s).*\nworkers: 3 +# .*/edge.yaml:1\n.*"), shown.out());
        assertTrue(shown.out().matches("(?s).*\n  dials: 4096 +# default\n.*"), shown.out());
    }

    @Test
    void saysWhatIsWrongInsteadOfShowingIt() throws IOException {
        Path file = Files.writeString(directory.resolve("edge.yaml"), "workers: 0\n");
        Ended shown = culvert("config", "show", file.toString());
        assertEquals(2, shown.status());
        assertEquals("", shown.out());
        assertTrue(shown.err().contains(":1:10: error: workers must be between"), shown.err());
        assertEquals(2, culvert("config").status());
    }
}
