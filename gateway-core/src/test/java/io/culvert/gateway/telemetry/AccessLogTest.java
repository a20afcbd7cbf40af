package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.http.AccessLogSettings;
import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.http.ProxyUnderTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A line for each request, without what stands behind its question mark. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class AccessLogTest {
    @TempDir private Path folder;

    private List<JsonNode> log(boolean queries, String request, String answer) throws IOException {
        Path file = folder.resolve("access.log");
        AccessLogSettings settings = new AccessLogSettings(Optional.of(file), 1, queries);
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                ProxyUnderTest proxy =
                        new ProxyUnderTest(
                                HttpSettings.DEFAULT,
                                new InetSocketAddress(
                                        InetAddress.getLoopbackAddress(), server.getLocalPort()));
                AccessLog log = AccessLog.open(settings)) {
            proxy.proxy().listener(log);
            try (Socket client =
                    new Socket(InetAddress.getLoopbackAddress(), proxy.address().getPort())) {
                client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                if (!answer.isEmpty()) {
                    try (Socket origin = server.accept()) {
                        origin.getInputStream().read(new byte[4096]);
                        origin.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                        origin.shutdownOutput();
                        client.getInputStream().readAllBytes();
                    }
                } else {
                    client.getInputStream().readAllBytes();
                }
            }
        }
        ObjectMapper json = new ObjectMapper();
        return Files.readAllLines(file).stream().map(json::readTree).toList();
    }

    @Test
    void hasALineForARequest() throws IOException {
        JsonNode line =
                log(
                                false,
                                "GET /a?token=secret HTTP/1.1\r\nHost: b.test\r\n"
                                        + "Connection: close\r\n\r\n",
                                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                        .getFirst();

        assertEquals("1", line.get("flow").asString());
        assertEquals("acme", line.get("tenant").asString());
        assertEquals("127.0.0.1", line.get("client").asString());
        assertEquals("GET", line.get("method").asString());
        assertEquals("b.test", line.get("host").asString());
        assertEquals("/a?***", line.get("path").asString());
        assertEquals(200, line.get("status").asInt());
        assertEquals(5, line.get("response_bytes").asInt());
        assertFalse(line.has("reason"));
        assertFalse(line.get("reused").asBoolean());
        assertTrue(line.get("connect_micros").asLong() <= line.get("first_byte_micros").asLong());
        assertTrue(line.get("first_byte_micros").asLong() <= line.get("total_micros").asLong());
    }

    @Test
    void hasTheQueryWhereItIsAskedFor() throws IOException {
        JsonNode line =
                log(
                                true,
                                "GET /a?b=c HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n",
                                "HTTP/1.1 204 No Content\r\n\r\n")
                        .getFirst();
        assertEquals("/a?b=c", line.get("path").asString());
    }

    @Test
    void hasARefusalWithItsReason() throws IOException {
        JsonNode line = log(false, "GET / HTTP/1.1\r\n\r\n", "").getFirst();
        assertEquals(400, line.get("status").asInt());
        assertEquals("HTTP_HOST", line.get("reason").asString());
        assertFalse(line.has("upstream"));
    }
}
