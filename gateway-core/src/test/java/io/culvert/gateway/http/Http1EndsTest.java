package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** How bodies and tunnels end that have no length: behind all of it, or visibly before. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class Http1EndsTest {
    /** More than the sockets on the way hold. */
    private static final String MUCH = "0123456789abcdef".repeat(1 << 20);

    @AutoClose private final ScriptedProxy behind = new ScriptedProxy();
    private final ProxyUnderTest proxy = behind.proxy();

    private static CompletableFuture<Void> sending(Script from, String text) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        from.send(text);
                        from.socket.shutdownOutput();
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
    }

    @Test
    void aClientThatReadsSlowlyGetsAllOfABodyThatEndsWithItsConnection() throws Exception {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.0\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                CompletableFuture<Void> sent = sending(origin, "HTTP/1.0 200 OK\r\n\r\n" + MUCH);
                client.head();
                assertEquals(MUCH.length(), client.rest().length());
                sent.join();
            }
        }
    }

    @Test
    void aServerThatResetsABodyWithoutALengthHasTheClientReset() throws Exception {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.0\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send("HTTP/1.0 200 OK\r\n\r\nhalf");
                client.head();
                assertEquals("half", client.read(4));
                origin.socket.setSoLinger(true, 0);
            }
            assertEquals("<reset>", client.rest());
        }
    }

    private static void upgrade(Script client, Script origin) throws IOException {
        origin.head();
        origin.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                        + "Upgrade: websocket\r\n\r\n");
        assertTrue(client.head().contains("Upgrade: websocket\r\n"));
    }

    private static final String ASK =
            "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket"
                    + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    @Test
    void theEndOfATunnelsDirectionComesBehindAllOfIt() throws Exception {
        try (Script client = Script.connect(proxy.address())) {
            client.send(ASK);
            try (Script origin = behind.accept()) {
                upgrade(client, origin);
                CompletableFuture<Void> up = sending(client, MUCH);
                assertEquals(MUCH.length(), origin.rest().length());
                up.join();
                CompletableFuture<Void> down = sending(origin, MUCH);
                assertEquals(MUCH.length(), client.rest().length());
                down.join();
            }
        }
    }

    @Test
    void aResetOfOneEndOfATunnelIsOneOfTheOther() throws Exception {
        try (Script client = Script.connect(proxy.address())) {
            client.send(ASK);
            try (Script origin = behind.accept()) {
                upgrade(client, origin);
                origin.socket.setSoLinger(true, 0);
            }
            assertEquals("<reset>", client.rest());
        }
        try (Script client = Script.connect(proxy.address())) {
            client.send(ASK);
            try (Script origin = behind.accept()) {
                upgrade(client, origin);
                client.socket.setSoLinger(true, 0);
                client.socket.close();
                assertEquals("<reset>", origin.rest());
            }
        }
    }
}
