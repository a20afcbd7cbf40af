package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.io.IOException;

/** WebSockets on a stream of HTTP/2 (RFC 8441), towards a server that speaks HTTP/1. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class Http2WebSocketTest {
    private static final String OPENING =
            ":method CONNECT|:protocol websocket|:scheme http|:path /chat|:authority a"
                    + "|sec-websocket-version 13";

    @AutoClose private final ScriptedProxy behind = new ScriptedProxy();
    private final ProxyUnderTest proxy = behind.proxy();

    @Test
    void carriesItBothWaysToTheEnd() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, false, OPENING);
            try (Script origin = behind.accept()) {
                String request = origin.head();
                assertTrue(request.startsWith("GET /chat HTTP/1.1\r\nHost: a\r\n"), request);
                assertTrue(request.contains("Upgrade: websocket\r\n"), request);
                String key = request.replaceAll("(?s).*Sec-WebSocket-Key: ([^\r]+)\r.*", "$1");
                origin.send(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                + "Sec-WebSocket-Accept: "
                                + WebSocketKey.accept(key)
                                + "\r\n\r\nfirst");
                String answer = client.until("HEADERS");
                assertTrue(answer.startsWith("HEADERS 1 :status=200"), answer);
                assertEquals("DATA 1 first", client.until("DATA"));
                client.data(1, false, "second");
                assertEquals("second", origin.read(6));
                client.data(1, true, "");
                assertEquals("", origin.rest());
                origin.send("last");
                assertEquals("DATA 1 last", client.until("DATA"));
                origin.socket.shutdownOutput();
                assertEquals("DATA 1 END ", client.until("DATA"));
            }
        }
    }

    @Test
    void doesNotBelieveAServerThatHasNotSeenTheKey() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, false, OPENING);
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                + "Sec-WebSocket-Accept: x\r\n\r\n");
                String answer = client.until("HEADERS");
                assertTrue(answer.contains(":status=502"), answer);
            }
        }
    }
}
