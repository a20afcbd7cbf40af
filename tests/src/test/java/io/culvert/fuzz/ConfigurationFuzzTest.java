package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.gateway.config.ConfigurationError;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Any bytes as a configuration. */
class ConfigurationFuzzTest {
    private static final int LONGEST = 20_000;

    static Stream<byte[]> seeds() throws IOException {
        List<byte[]> files =
                List.of(
                        Files.readAllBytes(Path.of("../examples/edge.yaml")),
                        Files.readAllBytes(Path.of("../examples/router.yaml")),
                        Files.readAllBytes(
                                Path.of(
                                        "../gateway-core/src/test/resources"
                                                + "/io/culvert/gateway/config/full.yaml")));
        Stream<byte[]> texts =
                Stream.of(
                                "",
                                "\ufeff",
                                "# nothing",
                                "onramps: [{name: a, type: tun}]",
                                "onramps: &a [*a]",
                                "a: &a [b, b]\nb: &b [*a, *a]\nc: [*b, *b]",
                                "[[[[[[[[[[[[[[[[",
                                "{a: {a: {a: {a: {a: {a: ",
                                "policy: {default: upgrade}\npolicy: {default: refuse}",
                                "? [a, b]\n: c",
                                "%YAML 1.2\n---\nonramps: !!binary aGVsbG8=\n...\n---\n",
                                "onramps:\n- name: \"\\ud83d\\ude00\\u0000\"\n",
                                "limits: { flows: 1e400, flows-per-tenant: -0 }",
                                "timers: { udp: 9223372036854775807h }",
                                "\r\n\r\n\u2028policy\u0085:\t- x")
                        .map(text -> text.getBytes(StandardCharsets.UTF_8));
        return Stream.of(
                        files.stream(),
                        files.stream().map(file -> Arrays.copyOf(file, file.length / 2)),
                        texts,
                        Stream.of(
                                Seeds.hex("c3"),
                                Seeds.hex("ff fe 61 00"),
                                Seeds.hex("61 3a eda0 80")))
                .flatMap(each -> each);
    }

    @Timeout(60)
    @MethodSource("seeds")
    @FuzzTest
    void isAConfigurationOrErrorsThatPointIntoTheFile(byte[] bytes) {
        byte[] content = Seeds.atMost(LONGEST, bytes);
        Loaded loaded = load(content);
        assertEquals(answer(loaded), answer(load(content)), "the same file again");
        if (!(loaded instanceof Loaded.Invalid invalid)) return;

        List<ConfigurationError> errors = invalid.errors();
        assertFalse(errors.isEmpty());
        // Malformed UTF-8 has more characters than the text that could be read, and no fewer.
        String text = new String(content, StandardCharsets.UTF_8);
        // YAML 1.2.2 section 5.4: no other line breaks than these.
        List<String> lines = List.of(text.split("\r\n|\r|\n", -1));
        ConfigurationError before = errors.getFirst();
        for (ConfigurationError error : errors) {
            assertTrue(error.line() >= 1 && error.line() <= lines.size(), error.text());
            String line = lines.get(error.line() - 1);
            int columns = line.codePointCount(0, line.length());
            assertTrue(error.column() >= 1 && error.column() <= columns + 1, error.text());
            assertFalse(error.message().isBlank());
            assertTrue(error.text().startsWith(error.file() + ":" + error.line() + ":"));
            assertTrue(error.text().lines().count() <= 3, error.text());
            assertTrue(
                    error.text().chars().allMatch(c -> c == '\n' || c == '\t' || c >= ' '),
                    "a control character reaches the terminal");
            assertTrue(
                    error.line() > before.line()
                            || (error.line() == before.line() && error.column() >= before.column()),
                    "errors are in order");
            before = error;
        }
    }

    private static String answer(Loaded loaded) {
        return loaded instanceof Loaded.Invalid invalid ? invalid.text() : "valid";
    }

    private static Loaded load(byte[] bytes) {
        try {
            Path file = Files.createTempFile("culvert", ".yaml");
            try {
                Files.write(file, bytes);
                return named(ConfigurationFile.load(file), file.toString());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Without the temporary file's name, which is another each time. */
    private static Loaded named(Loaded loaded, String name) {
        if (!(loaded instanceof Loaded.Invalid invalid)) return loaded;
        return new Loaded.Invalid(
                invalid.errors().stream()
                        .map(
                                error -> {
                                    assertEquals(name, error.file());
                                    return new ConfigurationError(
                                            "file",
                                            error.line(),
                                            error.column(),
                                            error.message(),
                                            error.source());
                                })
                        .toList());
    }
}
