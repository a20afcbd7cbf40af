package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Whoever is slow, silent or gone, with a clock that the test turns. */
class HttpTimesTest {
    private final AtomicLong clock = new AtomicLong();
    @AutoClose private final ScriptedProxy behind = new ScriptedProxy(settings(), clock::get);
    private final ProxyUnderTest proxy = behind.proxy();

    private static HttpSettings settings() {
        HttpSettings usual = HttpSettings.DEFAULT;
        return new HttpSettings(
                usual.headerTimeout(),
                usual.requestTimeout(),
                usual.idleTimeout(),
                usual.streamTimeout(),
                usual.responseTimeout(),
                usual.upstreamIdleTimeout(),
                usual.upstreamIdle(),
                usual.headerBytes(),
                usual.headerCount(),
                10,
                usual.streams(),
                usual.streamWindow(),
                usual.connectionWindow(),
                usual.via(),
                usual.forwarded(),
                usual.connectPorts(),
                usual.accessLog(),
                usual.http3(),
                usual.advertisesHttp3(),
                new MinimumRate(0, usual.streamTimeout()));
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    private static void await(BooleanSupplier condition) {
        long limit = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < limit, "in 30 seconds");
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void endsAConnectionOnWhichNothingIsSaid() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            await(() -> proxy.accepted.get() == 1);
            pass(Duration.ofSeconds(11));
            assertEquals("", client.rest());
        }
    }

    @Test
    void answersAHeadThatDoesNotComeToAnEnd() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n");
            await(() -> proxy.accepted.get() == 1);
            client.send("X-B: 2\r\n");
            // The bytes have to be there before the clock turns, or nothing of a request is.
            await(() -> proxy.bytesRead.get() >= 41);
            pass(Duration.ofSeconds(11));
            String answer = client.rest();
            assertTrue(answer.startsWith("HTTP/1.1 408 Request Timeout\r\n"), answer);
            assertTrue(answer.contains("culvert-reason: HTTP_TIMEOUT\r\n"), answer);
        }
        assertEquals(1, proxy.proxy.refusals(Reason.HTTP_TIMEOUT));
    }

    @Test
    void answersABodyThatDoesNotComeToAnEnd() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1");
            try (Script origin = behind.accept()) {
                origin.head();
                assertEquals("1", origin.read(1));
                for (int i = 0; i < 4; i++) {
                    pass(Duration.ofMinutes(1));
                    client.send("x");
                    assertEquals("x", origin.read(1));
                }
                pass(Duration.ofSeconds(61));
                String answer = client.rest();
                assertTrue(answer.contains("culvert-reason: HTTP_TIMEOUT\r\n"), answer);
                assertEquals("", origin.rest(), "and the server is let go");
            }
        }
    }

    @Test
    void letsARequestGoOnForWhichTheAnswerHasBegun() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1");
            try (Script origin = behind.accept()) {
                origin.head();
                assertEquals("1", origin.read(1));
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1");
                String _ = client.head();
                assertEquals("1", client.read(1));
                for (int i = 2; i <= 5; i++) {
                    try (Script silent = Script.connect(proxy.address())) {
                        int connections = i;
                        await(() -> proxy.accepted.get() == connections);
                        pass(Duration.ofMinutes(2));
                        assertEquals("", silent.rest(), "the gateway has looked at the time");
                    }
                    client.send("x");
                    assertEquals("x", origin.read(1));
                }
                origin.send("2345");
                assertEquals("2345", client.read(4));
            }
        }
    }

    @Test
    void answersForAServerThatIsSilent() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                pass(Duration.ofSeconds(61));
                String answer = client.head();
                assertTrue(answer.startsWith("HTTP/1.1 504 Gateway Timeout\r\n"), answer);
                assertTrue(answer.contains("culvert-reason: UPSTREAM_TIMEOUT\r\n"), answer);
                assertEquals("", origin.rest());
            }
        }
        assertEquals("[TIMEOUT]", proxy.failures.toString());
        assertEquals(0, proxy.live.get());
    }

    @Test
    void closesAConnectionThatIsIdleOnEitherSide() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                client.head();
                assertEquals(1, proxy.proxy.pool().idle());
                pass(Duration.ofSeconds(31));
                assertEquals("", origin.rest());
                pass(Duration.ofSeconds(30));
                assertEquals("", client.rest());
            }
        }
        assertEquals(0, proxy.proxy.pool().idle());
    }

    @Test
    void endsAnExchangeInWhichNothingMoves() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1");
                client.head();
                client.read(1);
                pass(Duration.ofMinutes(6));
                assertEquals("<reset>", client.rest());
            }
        }
    }

    @Test
    void answersForAServerThatDoesNotSpeakHttp() throws IOException {
        for (String answer :
                new String[] {
                    "SSH-2.0-OpenSSH_9.2\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"
                }) {
            try (Script client = Script.connect(proxy.address())) {
                // Not idempotent, or it would be tried again.
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
                try (Script origin = behind.accept()) {
                    origin.head();
                    origin.send(answer);
                    String told = client.head();
                    assertTrue(told.startsWith("HTTP/1.1 502 Bad Gateway\r\n"), told);
                    assertTrue(told.contains("culvert-reason: UPSTREAM_PROTOCOL\r\n"), told);
                }
            }
        }
    }

    @Test
    void refusesABodyThatIsTooLong() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
            String answer = client.rest();
            assertTrue(answer.startsWith("HTTP/1.1 413 Content Too Large\r\n"), answer);
        }
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            client.send("b\r\n12345678901\r\n");
            String answer = client.rest();
            assertTrue(answer.contains("culvert-reason: HTTP_BODY_TOO_LONG\r\n"), answer);
        }
    }

    @Test
    void letsTheServerGoWhereTheClientHasGone() throws IOException {
        Script client = Script.connect(proxy.address());
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        try (Script origin = behind.accept()) {
            origin.head();
            client.close();
            assertEquals("", origin.rest());
        }
        await(() -> proxy.exchanges.contains("0 " + Reason.HTTP_CLIENT_GONE));
        assertEquals(0, proxy.live.get());
    }
}
