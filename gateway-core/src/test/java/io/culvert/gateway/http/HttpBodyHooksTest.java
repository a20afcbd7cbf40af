package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.BodyVerdict;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * Plugins see bodies piece by piece, refuse and change them: the test is the client and the server.
 */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class HttpBodyHooksTest {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: example.test\r\n\r\n";

    @AutoClose private final HookedProxy proxy = new HookedProxy();

    /** Collects a body, and refuses it at a word. */
    private static final class Scanner implements HttpHook {
        final StringBuilder read = new StringBuilder();
        final List<Boolean> lasts = new ArrayList<>();

        @Override
        public RequestVerdict request(HttpRequest request) {
            return RequestVerdict.pass().watch(HttpStage.REQUEST_BODY, HttpStage.RESPONSE_BODY);
        }

        @Override
        public synchronized BodyVerdict requestBody(
                HttpRequest request, byte[] piece, boolean last) {
            return look(piece, last);
        }

        @Override
        public synchronized BodyVerdict responseBody(
                HttpRequest request, byte[] piece, boolean last) {
            return look(piece, last);
        }

        private BodyVerdict look(byte[] piece, boolean last) {
            read.append(new String(piece, StandardCharsets.ISO_8859_1));
            lasts.add(last);
            return read.indexOf("virus") < 0 ? BodyVerdict.pass() : BodyVerdict.refuse("a virus");
        }
    }

    @Test
    void readsBodiesPieceByPieceAndPassesThemOn() throws Exception {
        Scanner scanner = new Scanner();
        proxy.use(scanner);
        String body = "0123456789".repeat(50_000);
        try (Script client = proxy.connect()) {
            Thread sender =
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try {
                                            client.send(
                                                    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length:"
                                                            + " 500000\r\n\r\n"
                                                            + body);
                                        } catch (IOException e) {
                                            throw new AssertionError(e);
                                        }
                                    });
            try (Script origin = proxy.accept()) {
                assertTrue(origin.head().contains("Content-Length: 500000\r\n"));
                assertEquals(body, origin.read(500_000));
                origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                origin.send("2\r\nhi\r\n0\r\nX-End: 1\r\n\r\n");
                client.head();
                assertEquals("2\r\nhi\r\n0\r\nX-End: 1\r\n\r\n", client.read(22));
            }
            sender.join();
        }
        assertEquals(body + "hi", scanner.read.toString());
        assertEquals(2, scanner.lasts.stream().filter(last -> last).count());
    }

    @Test
    void refusesABodyInItsMiddle() throws Exception {
        proxy.use(new Scanner());
        try (Script client = proxy.connect()) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                client.send("3\r\nabc\r\n");
                assertEquals("3\r\nabc\r\n", origin.read(8));
                client.send("5\r\nvirus\r\n0\r\n\r\n");
                String head = client.head();
                assertTrue(head.startsWith("HTTP/1.1 403 "), head);
                assertFalse(origin.rest().contains("virus"));
            }
        }
    }

    @Test
    void cutsAnAnswerOffInItsMiddle() throws Exception {
        proxy.use(new Scanner());
        try (Script client = proxy.connect()) {
            client.send(GET);
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
                client.head();
                assertEquals("abc", client.read(3));
                origin.send("a virus");
                assertFalse(client.rest().contains("virus"));
            }
        }
    }

    /** Writes what it sees in capitals, without dashes, and an end behind it. */
    private static final class Capitals implements HttpHook {
        @Override
        public RequestVerdict request(HttpRequest request) {
            return RequestVerdict.pass().changeBody().watch(HttpStage.RESPONSE);
        }

        @Override
        public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
            return ResponseVerdict.pass().changeBody();
        }

        @Override
        public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last) {
            return capitals(piece, last);
        }

        @Override
        public BodyVerdict responseBody(HttpRequest request, byte[] piece, boolean last) {
            return capitals(piece, last);
        }

        private static BodyVerdict capitals(byte[] piece, boolean last) {
            String text = new String(piece, StandardCharsets.ISO_8859_1);
            String other = text.toUpperCase(Locale.ROOT).replace("-", "") + (last ? "!" : "");
            return BodyVerdict.replace(other.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void changesBothBodiesWhoseLengthsAndDigestsAreNotSaidAnyMore() throws Exception {
        proxy.use(new Capitals());
        try (Script client = proxy.connect()) {
            client.send(
                    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nContent-MD5: x\r\n"
                            + "Repr-Digest: x\r\n\r\nab");
            try (Script origin = proxy.accept()) {
                assertEquals(
                        "POST /a HTTP/1.1\r\nHost: a\r\nvia: 1.1 culvert\r\n"
                                + "Transfer-Encoding: chunked\r\n\r\n",
                        origin.head());
                assertEquals("2\r\nAB\r\n", origin.read(7));
                client.send("--");
                client.send("c-");
                assertEquals("1\r\nC\r\n", origin.read(6));
                client.send("---");
                assertEquals("1\r\n!\r\n0\r\n\r\n", origin.read(11));
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDigest: x\r\n\r\nok");
                assertEquals(
                        "HTTP/1.1 200 OK\r\nvia: 1.1 culvert\r\nTransfer-Encoding: chunked\r\n\r\n",
                        client.head());
                assertEquals("3\r\nOK!\r\n0\r\n\r\n", client.read(13));
                client.send(GET);
                assertTrue(origin.head().startsWith("GET /a "), "both connections go on");
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                client.head();
            }
        }
    }

    @Test
    void addsToTheEndOfABodyThatHasTrailersAndTakesDigestsOutOfThem() throws Exception {
        proxy.use(new Capitals());
        try (Script client = proxy.connect()) {
            client.send(
                    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "1\r\na\r\n0\r\nX-End: 1\r\nContent-Digest: x\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                assertEquals("1\r\nA\r\n1\r\n!\r\n0\r\nX-End: 1\r\n\r\n", origin.read(27));
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                client.head();
            }
        }
    }

    @Test
    void saysNoLengthOfWhatHeadAndNotModifiedLeaveOut() throws Exception {
        proxy.use(new Capitals());
        try (Script client = proxy.connect()) {
            client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
                assertEquals("HTTP/1.1 200 OK\r\nvia: 1.1 culvert\r\n\r\n", client.head());
                client.send(GET);
                origin.head();
                origin.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n");
                assertEquals(
                        "HTTP/1.1 304 Not Modified\r\nvia: 1.1 culvert\r\n\r\n", client.head());
                client.send(GET);
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                assertEquals(
                        "HTTP/1.1 200 OK\r\nvia: 1.1 culvert\r\nContent-Length: 0\r\n\r\n",
                        client.head());
            }
        }
    }

    @Test
    void endsTheConnectionOfAClientThatKnowsNoChunks() throws Exception {
        proxy.use(new Capitals());
        try (Script client = proxy.connect()) {
            client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                String head = client.head();
                assertTrue(head.contains("Connection: close\r\n"), head);
                assertEquals("OK!", client.rest());
            }
        }
    }

    @Test
    void doesNotChangeAPart() throws Exception {
        proxy.use(new Capitals());
        try (Script client = proxy.connect()) {
            client.send("GET /a HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send(
                        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\n"
                                + "Content-Length: 2\r\n\r\nok");
                String head = client.head();
                assertTrue(head.startsWith("HTTP/1.1 503 "), head);
                assertTrue(head.contains("culvert-reason: HOOK_FAILED\r\n"), head);
            }
        }
    }

    @Test
    void doesNotChangeABodyThatItHasNotSaidItChanges() throws Exception {
        proxy.use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        return RequestVerdict.pass().watch(HttpStage.REQUEST_BODY);
                    }

                    @Override
                    public BodyVerdict requestBody(
                            HttpRequest request, byte[] piece, boolean last) {
                        return BodyVerdict.replace(piece);
                    }
                });
        try (Script client = proxy.connect()) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na");
            try (Script origin = proxy.accept()) {
                origin.head();
                String head = client.head();
                assertTrue(head.contains("culvert-reason: HOOK_FAILED\r\n"), head);
            }
        }
    }

    /** Puts a letter before each piece. */
    private record Letter(String letter) implements HttpHook {
        @Override
        public RequestVerdict request(HttpRequest request) {
            return RequestVerdict.pass().changeBody().watch(HttpStage.RESPONSE);
        }

        @Override
        public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
            return ResponseVerdict.pass().changeBody();
        }

        @Override
        public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last) {
            return put(piece);
        }

        @Override
        public BodyVerdict responseBody(HttpRequest request, byte[] piece, boolean last) {
            return put(piece);
        }

        private BodyVerdict put(byte[] piece) {
            String text = letter + new String(piece, StandardCharsets.ISO_8859_1);
            return BodyVerdict.replace(text.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void passesRequestsFromTheFirstToTheLastAndAnswersBack() throws Exception {
        proxy.use(
                HookedProxy.plugin("a", HttpFilter.ALL, new Letter("a"), false),
                HookedProxy.plugin("b", HttpFilter.ALL, new Letter("b"), false));
        try (Script client = proxy.connect()) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n_");
            try (Script origin = proxy.accept()) {
                origin.head();
                assertEquals("3\r\nba_\r\n0\r\n\r\n", origin.read(13));
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n_");
                client.head();
                assertEquals("3\r\nab_\r\n0\r\n\r\n", client.read(13));
            }
        }
    }

    /** Lets a piece go when the test says so. */
    private static final class Slow implements HttpHook {
        volatile Thread thread;
        final CountDownLatch asked = new CountDownLatch(1);
        final CountDownLatch answered = new CountDownLatch(1);

        @Override
        public RequestVerdict request(HttpRequest request) {
            return RequestVerdict.pass().watch(HttpStage.REQUEST_BODY);
        }

        @Override
        public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last)
                throws InterruptedException {
            if (thread == null) {
                thread = Thread.currentThread();
            }
            asked.countDown();
            answered.await();
            return BodyVerdict.pass();
        }
    }

    @Test
    void aPieceThatWaitsWhileItsServerFailsGoesToTheNextOne() throws Exception {
        Slow hook = new Slow();
        proxy.use(hook);
        CompletableFuture<Void> dial = new CompletableFuture<>();
        try (Script client = proxy.connect()) {
            client.send("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                client.send("ab");
                hook.asked.await();
                proxy.proxy().gate = dial;
            }
            proxy.proxy().dials.acquire(2);
            hook.answered.countDown();
            hook.thread.join();
            proxy.proxy().settle();
            dial.complete(null);
            try (Script next = proxy.accept()) {
                next.head();
                client.send("cd");
                assertEquals("abcd", next.read(4));
                next.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 204 "));
            }
        }
    }
}
