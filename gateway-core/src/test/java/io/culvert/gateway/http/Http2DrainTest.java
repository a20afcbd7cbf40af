package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** Connections of HTTP/2 end with what is on them, and bound what is on its way on them. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class Http2DrainTest {
    /** RFC 9113 section 6.9.2: of a client that says nothing else. */
    private static final int WINDOW = 65_535;

    private static final String GET = ":method GET|:scheme http|:authority a|:path /a";

    @Test
    void aDrainSaysGoawayAndLetsWhatRunsFinish() throws Exception {
        try (ScriptedProxy behind = new ScriptedProxy();
                FrameScript client = FrameScript.connect(behind.proxy().address())) {
            client.headers(1, true, GET);
            try (Script origin = behind.accept()) {
                origin.head();
                behind.proxy().proxy.drain();
                assertEquals("GOAWAY 0 NO_ERROR", client.until("GOAWAY"));
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                String head = client.until("HEADERS 1");
                assertTrue(head.contains(":status=200 "), head);
                assertEquals("DATA 1 ok", client.until("DATA 1").replace("END ", ""));
                assertTrue(client.until("none").startsWith("none, but"), "the connection ends");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Protocol.class,
            names = {"HTTP1", "HTTP2"})
    void aServerIsStoppedWhileItsClientReadsNothing(Protocol protocol) throws Exception {
        int size = 4_000_000;
        try (ScriptedProxy behind = ScriptedProxy.speaking(protocol);
                FrameScript client = FrameScript.connect(behind.proxy().address())) {
            client.headers(1, true, GET);
            try (Script origin = behind.accept()) {
                origin.head();
                CompletableFuture<Void> sent =
                        CompletableFuture.runAsync(
                                () -> {
                                    try {
                                        origin.send(
                                                "HTTP/1.1 200 OK\r\nContent-Length: "
                                                        + size
                                                        + "\r\n\r\n");
                                        origin.send(new byte[size]);
                                    } catch (IOException e) {
                                        throw new AssertionError(e);
                                    }
                                });
                int got = 0;
                while (got < WINDOW) {
                    got += length(client.until("DATA 1"));
                }
                assertEquals(WINDOW, got);
                behind.settle();
                int held = behind.proxy().serverBytesRead.get() - got;
                // A buffer that was being read, one that waits, and a server's own window.
                assertTrue(held < 400_000, () -> held + " bytes are in the gateway");

                client.windowUpdate(0, size);
                client.windowUpdate(1, size);
                while (got < size) {
                    got += length(client.until("DATA 1"));
                }
                assertEquals(size, got);
                sent.join();
            }
        }
    }

    private static int length(String frame) {
        return frame.substring("DATA 1 ".length()).replace("END ", "").length();
    }
}
