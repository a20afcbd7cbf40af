package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;

/** What a server of HTTP/2 is told where a request and its answer do not end together. */
@Timeout(60)
class Http2OutboundTest {
    /** Netty's first one: 1 would be of a connection that began with HTTP/1. */
    private static final int STREAM = 3;

    @AutoClose private final ScriptedProxy behind = ScriptedProxy.before(Protocol.HTTP2);
    private final ProxyUnderTest proxy = behind.proxy();

    /** RFC 9113 section 8.1: else its stream would be half open for as long as the connection. */
    @Test
    void aServerThatAnswersEarlyHearsThatTheRestWillNotCome() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome");
            try (FrameScript origin = FrameScript.accept(behind.server())) {
                String _ = origin.until("HEADERS");
                origin.headers(STREAM, true, ":status 403");
                String answer = client.head();
                assertTrue(answer.startsWith("HTTP/1.1 403 "), answer);
                assertEquals(
                        "RST_STREAM " + STREAM + " CANCEL", origin.next("RST_STREAM", "GOAWAY"));
                origin.ping(7);
                assertEquals("PING 0 ACK 7", origin.next("PING", "RST_STREAM", "GOAWAY"));
            }
        }
    }

    /** RFC 9113 section 5.1. */
    @Test
    void whatIsUnderWayWhenTheClientGoesIsThrownAway() throws IOException {
        try (Script client = Script.connect(proxy.address());
                FrameScript origin = ask(client)) {
            origin.headers(STREAM, false, ":status 200");
            origin.data(STREAM, false, "first");
            String _ = client.head();
            client.socket.close();
            assertEquals("RST_STREAM " + STREAM + " CANCEL", origin.next("RST_STREAM", "GOAWAY"));
            for (int i = 0; i < 10; i++) {
                origin.data(STREAM, false, "more");
            }
            origin.headers(STREAM, true, "x-trailer yes");
            origin.ping(7);
            assertEquals("PING 0 ACK 7", origin.next("PING", "RST_STREAM", "GOAWAY"));
        }
    }

    private FrameScript ask(Script client) throws IOException {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        FrameScript origin = FrameScript.accept(behind.server());
        String _ = origin.until("HEADERS");
        return origin;
    }
}
