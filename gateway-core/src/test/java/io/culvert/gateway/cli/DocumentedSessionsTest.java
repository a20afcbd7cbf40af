package io.culvert.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the manual shows of a terminal is what the program prints. Run with {@code
 * -Dculvert.regenerate=true}, this writes what is printed now; read the difference.
 */
class DocumentedSessionsTest {
    private static final Path PAGE = Path.of("../docs/explain.md");
    private static final Pattern SESSION =
            Pattern.compile("(?m)^```console\\n(.*?)^```$", Pattern.DOTALL);

    @Test
    void printsWhatTheManualOfExplainShows() throws IOException {
        String page = Files.readString(PAGE);
        StringBuilder now = new StringBuilder();
        Matcher session = SESSION.matcher(page);
        int sessions = 0;
        while (session.find()) {
            String typed = session.group(1);
            session.appendReplacement(
                    now, Matcher.quoteReplacement("```console\n" + replayed(typed) + "```"));
            sessions++;
        }
        session.appendTail(now);
        assertTrue(sessions >= 4, "where are the sessions?");
        if (Boolean.getBoolean("culvert.regenerate")) {
            Files.writeString(PAGE, now.toString());
        }
        assertEquals(now.toString(), Files.readString(PAGE));
    }

    private static String replayed(String typed) {
        StringBuilder session = new StringBuilder();
        for (String line : typed.lines().filter(one -> one.startsWith("$ ")).toList()) {
            if (!session.isEmpty()) {
                session.append('\n');
            }
            session.append(line).append('\n').append(printed(line.substring(2)));
        }
        return session.toString();
    }

    /** The manual is read at the top of the tree, and this is run in a module. */
    private static String printed(String command) {
        String[] words = command.replace("examples/", "../examples/").split(" ", -1);
        assertEquals("culvert", words[0]);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status =
                Culvert.commandLine()
                        .setOut(new PrintWriter(out))
                        .setErr(new PrintWriter(err))
                        .execute(Arrays.copyOfRange(words, 1, words.length));
        assertEquals(0, status, () -> command + ": " + err);
        return out.toString().replace("../examples/", "examples/");
    }
}
