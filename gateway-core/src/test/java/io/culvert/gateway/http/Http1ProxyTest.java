package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** HTTP/1.1 on both sides, byte by byte: the test is the client and the server. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class Http1ProxyTest {
    @AutoClose private final ScriptedProxy behind = new ScriptedProxy();
    private final ProxyUnderTest proxy = behind.proxy();

    @Test
    void passesARequestAndItsAnswerOnAndKeepsBothConnections() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET /a?b=c HTTP/1.1\r\nHost: example.test\r\nX-One: 1\r\n\r\n");
            try (Script origin = behind.accept()) {
                assertEquals(
                        "GET /a?b=c HTTP/1.1\r\nHost: example.test\r\nX-One: 1\r\n"
                                + "via: 1.1 culvert\r\n\r\n",
                        origin.head());
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: 2\r\n\r\nhello");
                assertEquals(
                        "HTTP/1.1 200 OK\r\nX-Two: 2\r\nvia: 1.1 culvert\r\n"
                                + "Content-Length: 5\r\n\r\n",
                        client.head());
                assertEquals("hello", client.read(5));

                client.send("GET /second HTTP/1.1\r\nHost: example.test\r\n\r\n");
                assertTrue(origin.head().startsWith("GET /second HTTP/1.1\r\n"));
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 204 No Content\r\n"));
            }
        }
        assertEquals(1, proxy.proxy.pool().dials());
        assertEquals(1, proxy.proxy.pool().reuses());
    }

    /** RFC 9112 section 3.2.2. */
    @ParameterizedTest
    @CsvSource({
        "GET, http://b.test:81/a?c, GET /a?c, b.test:81",
        "GET, HTTPS://b.test?c, GET /?c, b.test",
        "GET, http://[2001:db8::1]:81/, GET /, [2001:db8::1]:81",
        "OPTIONS, http://b.test, OPTIONS *, b.test",
    })
    void putsTheNameOfAnAbsoluteFormInThePlaceOfHost(
            String method, String target, String line, String host) throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send(method + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = behind.accept()) {
                assertEquals(
                        line + " HTTP/1.1\r\nHost: " + host + "\r\nvia: 1.1 culvert\r\n\r\n",
                        origin.head());
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                client.head();
            }
        }
    }

    @Test
    void streamsChunksBothWaysWithTrailers() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send(
                    "POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "3\r\nabc\r\n");
            try (Script origin = behind.accept()) {
                assertTrue(origin.head().contains("Transfer-Encoding: chunked\r\n"));
                assertEquals("3\r\nabc\r\n", origin.read(8), "before the body has ended");
                client.send("0\r\nX-Sum: 7\r\n\r\n");
                assertEquals("0\r\nX-Sum: 7\r\n\r\n", origin.read(15));
                origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
                assertTrue(client.head().contains("Transfer-Encoding: chunked\r\n"));
                assertEquals("2\r\nhi\r\n", client.read(7));
                origin.send("0\r\nX-End: 1\r\n\r\n");
                assertEquals("0\r\nX-End: 1\r\n\r\n", client.read(15));
            }
        }
    }

    @Test
    void answersPipelinedRequestsInTheirOrder() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send(
                    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                            + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = behind.accept()) {
                for (int i = 1; i <= 3; i++) {
                    assertTrue(origin.head().startsWith("GET /" + i + " "));
                    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + i);
                }
                for (int i = 1; i <= 3; i++) {
                    client.head();
                    assertEquals(String.valueOf(i), client.read(1));
                }
            }
        }
    }

    @Test
    void triesAgainWhereAKeptConnectionTurnsOutToBeClosed() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Script origin = behind.accept();
            origin.head();
            origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            client.head();
            client.send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
            origin.head();
            origin.close();
            try (Script second = behind.accept()) {
                assertTrue(second.head().startsWith("GET /again "));
                second.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 200 OK"));
            }
        }
        assertEquals(1, proxy.proxy.pool().stales());
    }

    @Test
    void keepsABodyThatComesWhileAnotherServerIsDialed() throws Exception {
        try (Script client = Script.connect(proxy.address())) {
            client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            CompletableFuture<Void> dial = new CompletableFuture<>();
            try (Script origin = behind.accept()) {
                origin.head();
                proxy.gate = dial;
            }
            proxy.dials.acquire(2);
            client.send("2\r\nab\r\n");
            proxy.settle();
            dial.complete(null);
            try (Script next = behind.accept()) {
                next.head();
                client.send("0\r\n\r\n");
                assertEquals("2\r\nab\r\n0\r\n\r\n", next.read(12));
                next.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 204 "));
            }
        }
    }

    @Test
    void doesNotSendARequestAnewOnceItsEndWasSent() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                assertEquals("0\r\n\r\n", origin.read(5));
            }
            String answer = client.head();
            assertTrue(answer.contains("culvert-reason: UPSTREAM_CLOSED"), answer);
        }
    }

    @Test
    void doesNotTryAPostAgain() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Script origin = behind.accept();
            origin.head();
            origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            client.head();
            client.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            origin.head();
            origin.close();
            String answer = client.head();
            assertTrue(answer.startsWith("HTTP/1.1 502 Bad Gateway"), answer);
            assertTrue(answer.contains("culvert-reason: UPSTREAM_CLOSED"), answer);
        }
    }

    @Test
    void carriesAWebSocketBothWaysToTheEnd() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send(
                    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket"
                            + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
            try (Script origin = behind.accept()) {
                String request = origin.head();
                assertTrue(request.contains("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
                assertTrue(request.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="));
                origin.send(
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                + "Upgrade: websocket\r\n\r\nfirst");
                assertTrue(client.head().contains("Upgrade: websocket\r\n"));
                assertEquals("first", client.read(5));
                client.send("second");
                assertEquals("second", origin.read(6));
                client.socket.shutdownOutput();
                assertEquals("", origin.rest());
                origin.send("last");
                origin.socket.shutdownOutput();
                assertEquals("last", client.rest());
            }
        }
    }

    @Test
    void passesAnEarlyHintAndAnswersAnExpectation() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send(
                    "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                            + "\r\n");
            try (Script origin = behind.accept()) {
                assertTrue(origin.head().contains("Expect: 100-continue\r\n"));
                origin.send("HTTP/1.1 100 Continue\r\n\r\n");
                assertEquals("HTTP/1.1 100 Continue\r\n\r\n", client.head());
                client.send("ok");
                assertEquals("ok", origin.read(2));
                origin.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
                assertEquals("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", client.head());
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 200 OK"));
            }
        }
    }

    @Test
    void givesTheWholeOfABodyThatEndsWithTheConnection() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.0\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send("HTTP/1.0 200 OK\r\n\r\nall of it");
                origin.socket.shutdownOutput();
                assertTrue(client.head().contains("Connection: close\r\n"));
                assertEquals("all of it", client.rest());
            }
        }
    }

    @Test
    void showsTheClientThatABodyWasCut() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                client.head();
                assertEquals("half", client.read(4));
            }
            assertEquals("<reset>", client.rest());
        }
    }

    @Test
    void takesOutWhatIsOfOneConnection() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send(
                    "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\n"
                            + "Keep-Alive: 5\r\nProxy-Connection: x\r\nX-Yours: 2\r\n\r\n");
            try (Script origin = behind.accept()) {
                String request = origin.head();
                assertFalse(request.contains("X-Mine"), request);
                assertFalse(request.contains("Keep-Alive"), request);
                assertFalse(request.contains("Proxy-Connection"), request);
                assertTrue(request.contains("X-Yours: 2"), request);
                // Whoever closes without an answer is asked again, which may outlast the test.
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 200"));
            }
        }
    }
}
