package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Real curl, HTTP/1.1 and HTTP/2 on either side. The server of HTTP/2 is a second proxy, in front
 * of the JDK's server, so that each pairing is gone through:
 *
 * <pre>
 *   curl ──1 or 2──► outer ──2──► inner ──1──► origin
 *   curl ──1 or 2────────────────► inner ──1──► origin
 * </pre>
 */
class PairingsTest {
    private static final byte[] BIG = TwoProxies.bytes(5_000_000);

    @AutoClose private static final TwoProxies PROXIES = new TwoProxies(BIG.length);

    @TempDir private Path folder;

    private static InetSocketAddress address(String way) {
        return PROXIES.towards(way.equals("inner") ? Protocol.HTTP1 : Protocol.HTTP2).address();
    }

    private byte[] curl(String version, String way, String path, String... options)
            throws IOException, InterruptedException {
        int port = address(way).getPort();
        Path answer = folder.resolve("answer");
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "60"));
        command.add(version.equals("2") ? "--http2-prior-knowledge" : "--http1.1");
        command.addAll(List.of(options));
        command.addAll(List.of("-o", answer.toString(), "http://127.0.0.1:" + port + path));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return Files.exists(answer) ? Files.readAllBytes(answer) : new byte[0];
    }

    @ParameterizedTest
    @CsvSource({"1,inner", "2,inner", "1,outer", "2,outer"})
    void bringsABodyOfFiveMegabytesWhole(String version, String way) throws Exception {
        assertArrayEquals(BIG, curl(version, way, "/big"));
    }

    @ParameterizedTest
    @CsvSource({"1,inner", "2,inner", "1,outer", "2,outer"})
    void takesABodyOfFiveMegabytesWhole(String version, String way) throws Exception {
        Path body = folder.resolve("body");
        Files.write(body, BIG);
        assertArrayEquals(
                BIG, curl(version, way, "/echo", "--data-binary", "@" + body, "-H", "Expect:"));
        assertArrayEquals(
                BIG,
                curl(version, way, "/echo", "-T", body.toString(), "-H", "Expect:"),
                "of a length that is not said");
    }

    @ParameterizedTest
    @CsvSource({"1,inner", "2,inner", "1,outer", "2,outer"})
    void passesFieldsOn(String version, String way) throws Exception {
        String fields =
                new String(
                        curl(version, way, "/fields", "-H", "X-One: 1", "-b", "a=b; c=d"),
                        StandardCharsets.UTF_8);
        assertTrue(fields.startsWith("GET\n"), fields);
        assertTrue(fields.contains("X-one: [1]"), fields);
        assertTrue(fields.contains("Cookie: [a=b; c=d]"), fields);
        assertTrue(fields.contains("Host: [127.0.0.1:"), fields);
    }

    @ParameterizedTest
    @CsvSource({"1,inner", "2,inner", "1,outer", "2,outer"})
    void answersHead(String version, String way) throws Exception {
        curl(version, way, "/fields", "--head");
    }

    @Test
    void saysThatAServerOfHttp2CannotSwitchToAnotherProtocol() throws IOException {
        try (Script client = Script.connect(address("outer"))) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
            String answer = client.head();
            assertTrue(answer.startsWith("HTTP/1.1 501 Not Implemented\r\n"), answer);
            assertTrue(answer.contains("culvert-reason: HTTP_UPGRADE\r\n"), answer);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,inner", "2,inner", "1,outer", "2,outer"})
    void servesManyAtOnce(String version, String way) throws Exception {
        // Not curl's own --parallel: that of Debian 12 fails with any server of HTTP/2.
        List<Process> all = new ArrayList<>();
        int port = address(way).getPort();
        for (int i = 0; i < 12; i++) {
            all.add(
                    new ProcessBuilder(
                                    "curl",
                                    "-sS",
                                    version.equals("2") ? "--http2-prior-knowledge" : "--http1.1",
                                    "-o",
                                    folder.resolve("part" + i).toString(),
                                    "http://127.0.0.1:" + port + "/big")
                            .inheritIO()
                            .start());
        }
        for (int i = 0; i < 12; i++) {
            assertEquals(0, all.get(i).waitFor());
            assertArrayEquals(BIG, Files.readAllBytes(folder.resolve("part" + i)));
        }
    }
}
