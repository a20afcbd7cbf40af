package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Clients that move, but slowly, with a clock that the test turns. */
class HttpPaceTest {
    /** More than fits into any buffer on the way. */
    private static final int MUCH = 40_000_000;

    private static final String GET = ":method GET|:scheme http|:authority a|:path /";

    private final AtomicLong clock = new AtomicLong();
    private ServerSocket server;
    private ProxyUnderTest proxy;

    @BeforeEach
    void begin() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        server.setSoTimeout(30_000);
        proxy =
                new ProxyUnderTest(
                        HttpSettings.DEFAULT,
                        (InetSocketAddress) server.getLocalSocketAddress(),
                        Protocol.HTTP1,
                        1,
                        0,
                        clock::get);
    }

    @AfterEach
    void end() throws IOException {
        proxy.close();
        server.close();
        assertEquals(0, proxy.live.get(), "every pick was released");
    }

    /** Turns the clock, but no faster than the gateway looks at it. */
    private void passUntil(BooleanSupplier condition) {
        long limit = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < limit, "in 30 seconds");
            clock.addAndGet(Duration.ofMillis(50).toNanos());
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** Turns the clock by ten seconds and more, and returns when the gateway has looked at it. */
    private void passTenSeconds() throws IOException {
        int before = proxy.accepted.get();
        try (Script silent = Script.connect(proxy.address())) {
            passUntil(() -> proxy.accepted.get() > before);
            clock.addAndGet(Duration.ofSeconds(11).toNanos());
            assertEquals("", silent.rest(), "the gateway has looked at the time");
        }
    }

    private static CompletableFuture<Void> answers(Script origin, int length) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        origin.send("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
                        origin.send(new byte[length]);
                    } catch (SocketException e) {
                        // Nobody wants it any more.
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
    }

    private boolean isRefused() {
        return proxy.proxy.refusals(Reason.HTTP_TOO_SLOW) == 1;
    }

    @Test
    void endsAnAnswerThatTheClientDoesNotTake() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = new Script(server.accept())) {
                origin.head();
                CompletableFuture<Void> sent = answers(origin, MUCH);
                client.head();
                passUntil(this::isRefused);
                assertTrue(client.rest().endsWith("<reset>"));
                sent.join();
            }
        }
        assertEquals("[200 HTTP_TOO_SLOW]", proxy.exchanges.toString());
        assertEquals("[]", proxy.failures.toString(), "that is not held against the server");
    }

    @Test
    void letsAClientTakeAnAnswerSlowly() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = new Script(server.accept())) {
                origin.head();
                CompletableFuture<Void> sent = answers(origin, MUCH);
                client.head();
                int left = MUCH;
                for (int i = 0; i < 9; i++) {
                    left -= client.read(1_000_000).length();
                    passTenSeconds();
                }
                assertEquals(left, client.read(left).length());
                sent.join();
            }
        }
        assertEquals(0, proxy.proxy.refusals(Reason.HTTP_TOO_SLOW));
    }

    @Test
    void endsAConnectionWhoseClientDoesNotTakeTheRestOfItsAnswer() throws IOException {
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(proxy.address());
            Script client = new Script(socket);
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            try (Script origin = new Script(server.accept())) {
                origin.head();
                answers(origin, 90_000).join();
                client.head();
                passUntil(() -> proxy.exchanges.size() == 1);
                assertEquals("[200 ]", proxy.exchanges.toString(), "the server has said it all");
                passUntil(this::isRefused);
            }
        }
    }

    @Test
    void answersABodyThatComesTooSlowly() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n");
            try (Script origin = new Script(server.accept())) {
                origin.head();
                for (int i = 0; i < 2; i++) {
                    client.send("x");
                    assertEquals("x", origin.read(1));
                    passTenSeconds();
                }
                passUntil(this::isRefused);
                String answer = client.rest();
                assertTrue(answer.startsWith("HTTP/1.1 408 Request Timeout\r\n"), answer);
                assertTrue(answer.contains("culvert-reason: HTTP_TOO_SLOW\r\n"), answer);
                assertEquals("", origin.rest(), "and the server is let go");
            }
        }
        assertEquals("[]", proxy.failures.toString(), "that is not held against the server");
    }

    @Test
    void letsABodyComeThatIsFastEnough() throws IOException {
        String piece = "x".repeat(6_000);
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 54000\r\n\r\n");
            try (Script origin = new Script(server.accept())) {
                origin.head();
                for (int i = 0; i < 9; i++) {
                    client.send(piece);
                    assertEquals(piece, origin.read(piece.length()));
                    passTenSeconds();
                }
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                String answer = client.head();
                assertTrue(answer.startsWith("HTTP/1.1 204 "), answer);
            }
        }
    }

    @Test
    void doesNotMeasureACallOfGrpc() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(
                    1,
                    false,
                    ":method POST|:scheme http|:authority a|:path /|content-type application/grpc");
            try (Script origin = new Script(server.accept())) {
                origin.head();
                for (int i = 0; i < 6; i++) {
                    passTenSeconds();
                }
                client.data(1, true, "late");
                assertEquals("4\r\nlate\r\n", origin.read(9));
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                String answer = client.until("HEADERS 1");
                assertTrue(answer.contains(":status=200"), answer);
            }
        }
    }

    @Test
    void doesNotMeasureABodyThatTheServerDoesNotTake() throws IOException {
        try (Script client = Script.connect(proxy.address())) {
            client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + MUCH + "\r\n\r\n");
            try (Script origin = new Script(server.accept())) {
                origin.head();
                CompletableFuture<Void> sent =
                        CompletableFuture.runAsync(
                                () -> {
                                    try {
                                        client.send(new byte[MUCH]);
                                    } catch (IOException e) {
                                        throw new AssertionError(e);
                                    }
                                });
                int first = 1_000_000;
                assertEquals(first, origin.read(first).length());
                for (int i = 0; i < 6; i++) {
                    passTenSeconds();
                }
                assertEquals(MUCH - first, origin.read(MUCH - first).length());
                sent.join();
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                String answer = client.head();
                assertTrue(answer.startsWith("HTTP/1.1 204 "), answer);
            }
        }
    }

    @Test
    void resetsAStreamWhoseWindowStaysShut() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, GET);
            try (Script origin = new Script(server.accept())) {
                origin.head();
                CompletableFuture<Void> sent = answers(origin, MUCH);
                passUntil(this::isRefused);
                assertEquals("RST_STREAM 1 INTERNAL_ERROR", client.until("RST_STREAM"));
                sent.join();
            }
        }
        assertEquals("[200 HTTP_TOO_SLOW]", proxy.exchanges.toString());
    }

    @Test
    void resetsAStreamWhoseClientDoesNotTakeTheRestOfTheAnswer() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, GET);
            try (Script origin = new Script(server.accept())) {
                origin.head();
                // The window is 65,535 bytes.
                answers(origin, 70_000).join();
                passUntil(() -> proxy.exchanges.size() == 1);
                assertEquals("[200 ]", proxy.exchanges.toString(), "the server has said it all");
                passUntil(this::isRefused);
                assertEquals("RST_STREAM 1 CANCEL", client.until("RST_STREAM"));
            }
        }
    }

    @Test
    void letsAStreamsWindowOpenSlowly() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, GET);
            try (Script origin = new Script(server.accept())) {
                origin.head();
                int rounds = 6;
                int more = 6_000;
                answers(origin, 65_535 + rounds * more).join();
                for (int i = 0; i < rounds; i++) {
                    passTenSeconds();
                    client.windowUpdate(0, more);
                    client.windowUpdate(1, more);
                }
                String last = client.until("DATA 1 END");
                assertTrue(last.startsWith("DATA 1 END"), last);
            }
        }
        assertEquals(0, proxy.proxy.refusals(Reason.HTTP_TOO_SLOW));
    }
}
