package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;
import io.culvert.hook.BodyVerdict;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Plugins are asked about streams of HTTP/2, with HTTP/2 towards the server as well. */
class Http2HooksTest {
    private static final String HEAD = ":scheme http|:authority a|:path ";

    @AutoClose private final HookedProxy proxy = new HookedProxy(Protocol.HTTP2);

    private FrameScript connect() throws IOException {
        return FrameScript.connect(proxy.proxy().address());
    }

    /** Does all that a hook can do. */
    private static final class Everything implements HttpHook {
        final BlockingQueue<HttpSummary> over = new LinkedBlockingQueue<>();

        @Override
        public RequestVerdict request(HttpRequest request) {
            return switch (request.path()) {
                case "/own" -> RequestVerdict.answer(HttpAnswer.text(418, "own"));
                case "/moved" -> RequestVerdict.answer(HttpAnswer.redirect("https://b.test/"));
                case "/refused" -> RequestVerdict.refuse("on purpose");
                default ->
                        RequestVerdict.pass()
                                .fields(request.fields().with("x-hook", "1"))
                                .changeBody()
                                .watch(HttpStage.RESPONSE, HttpStage.ERROR, HttpStage.END);
            };
        }

        @Override
        public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last) {
            return capitals(piece);
        }

        @Override
        public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
            return head.status() == 500
                    ? ResponseVerdict.retry()
                    : ResponseVerdict.pass()
                            .fields(head.fields().without("server").with("x-answer", "1"))
                            .changeBody();
        }

        @Override
        public BodyVerdict responseBody(HttpRequest request, byte[] piece, boolean last) {
            return capitals(piece);
        }

        private static BodyVerdict capitals(byte[] piece) {
            String text = new String(piece, StandardCharsets.US_ASCII);
            return text.contains("virus")
                    ? BodyVerdict.refuse("a virus")
                    : BodyVerdict.replace(
                            text.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII));
        }

        @Override
        public HttpAnswer error(HttpRequest request, Reason reason, HttpAnswer own) {
            return HttpAnswer.text(own.status(), "page");
        }

        @Override
        public void over(HttpSummary summary) {
            over.add(summary);
        }
    }

    @Test
    void changesHeadsAndBodiesBothWays() throws Exception {
        Everything hook = new Everything();
        proxy.use(hook);
        try (FrameScript client = connect()) {
            client.headers(1, false, ":method POST|" + HEAD + "/a|content-length 4|digest x");
            client.data(1, false, "ab");
            try (Script origin = proxy.accept()) {
                String request = origin.head();
                assertTrue(request.contains("x-hook: 1\r\n"), request);
                assertTrue(request.contains("Transfer-Encoding: chunked\r\n"), request);
                assertFalse(request.contains("digest"), request);
                assertEquals("2\r\nAB\r\n", origin.read(7));
                client.data(1, true, "cd");
                assertEquals("2\r\nCD\r\n0\r\n\r\n", origin.read(12));
                origin.send("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\nok");
                String head = client.until("HEADERS");
                assertTrue(head.contains(":status=200 "), head);
                assertTrue(head.contains("x-answer=1 "), head);
                assertFalse(head.contains("content-length"), head);
                assertFalse(head.contains("server="), head);
                assertEquals("DATA 1 OK", client.until("DATA").replace("END ", ""));
            }
        }
        HttpSummary summary = hook.over.poll(15, TimeUnit.SECONDS);
        assertEquals(2, summary.version());
        assertEquals(4, summary.requestBytes());
        assertEquals(2, summary.responseBytes());
    }

    @Test
    void answersRedirectsAndRefusesStreamsBesideEachOther() throws Exception {
        proxy.use(new Everything());
        try (FrameScript client = connect()) {
            client.headers(1, true, ":method GET|" + HEAD + "/own");
            String own = client.until("HEADERS 1");
            assertTrue(own.contains(":status=418 "), own);
            assertEquals("DATA 1 END own", client.until("DATA 1"));
            client.headers(3, true, ":method GET|" + HEAD + "/moved");
            String moved = client.until("HEADERS 3");
            assertTrue(moved.contains(":status=307 "), moved);
            assertTrue(moved.contains("location=https://b.test/ "), moved);
            client.headers(5, true, ":method GET|" + HEAD + "/refused");
            String refused = client.until("HEADERS 5");
            assertTrue(refused.contains(":status=403 "), refused);
            assertTrue(refused.contains("culvert-reason=HOOK_REFUSED "), refused);
        }
    }

    @Test
    void asksAnotherServerOnceOneSaysThatItFails() throws Exception {
        Everything hook = new Everything();
        proxy.use(hook);
        try (FrameScript client = connect()) {
            client.headers(1, true, ":method GET|" + HEAD + "/a");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
                assertTrue(origin.head().startsWith("GET /a "), "once more");
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                String head = client.until("HEADERS 1");
                assertTrue(head.contains(":status=200 "), head);
                assertEquals(2, hook.over.poll(15, TimeUnit.SECONDS).attempts());
            }
        }
    }

    @Test
    void refusesABodyInItsMiddleAndCutsTheServersStreamOff() throws Exception {
        proxy.use(new Everything());
        try (FrameScript client = connect()) {
            client.headers(1, false, ":method POST|" + HEAD + "/a");
            try (Script origin = proxy.accept()) {
                origin.head();
                client.data(1, false, "virus");
                String head = client.until("HEADERS 1");
                assertTrue(head.contains(":status=403 "), head);
                assertEquals("DATA 1 END page", client.until("DATA 1"));
                assertFalse(origin.rest().contains("0\r\n\r\n"), "it must not look whole");
            }
        }
    }

    @Test
    void cutsAnAnswerOffInItsMiddle() throws Exception {
        proxy.use(new Everything());
        try (FrameScript client = connect()) {
            client.headers(1, true, ":method GET|" + HEAD + "/a");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
                assertEquals("DATA 1 ABC", client.until("DATA 1"));
                origin.send("virus");
                assertTrue(client.until("RST_STREAM 1").contains("INTERNAL_ERROR"));
            }
        }
    }

    @Test
    void passesOnWhatAProxyBehindItSaysOfAServerThatCannotBeReached() throws Exception {
        Everything hook = new Everything();
        proxy.use(hook);
        proxy.refuse();
        try (FrameScript client = connect()) {
            client.headers(1, true, ":method GET|" + HEAD + "/a");
            String head = client.until("HEADERS 1");
            assertTrue(head.contains(":status=502 "), head);
            assertEquals(502, hook.over.poll(15, TimeUnit.SECONDS).status());
        }
    }
}
