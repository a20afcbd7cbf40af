package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.HttpTimes;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Plugins are asked about requests: the test is the client and the server. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class HttpHooksTest {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: example.test\r\nX-One: 1\r\n\r\n";

    @AutoClose private final HookedProxy proxy = new HookedProxy();

    @Test
    void changesARequestAndItsAnswer() throws Exception {
        BlockingQueue<HttpSummary> over = new LinkedBlockingQueue<>();
        proxy.use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        String user =
                                request.context().get(HookedProxy.User.class).orElseThrow().name();
                        return RequestVerdict.pass()
                                .fields(
                                        request.fields()
                                                .without("x-one")
                                                .with("X-User", user)
                                                .with("Content-Length", "99"))
                                .target("/b?c")
                                .watch(HttpStage.RESPONSE, HttpStage.END)
                                .with("note");
                    }

                    @Override
                    public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
                        return ResponseVerdict.pass()
                                .fields(
                                        head.fields()
                                                .with(
                                                        "X-Note",
                                                        request.context()
                                                                .get(String.class)
                                                                .orElseThrow()));
                    }

                    @Override
                    public void over(HttpSummary summary) {
                        over.add(summary);
                    }
                });
        try (Script client = proxy.connect()) {
            client.send(GET);
            try (Script origin = proxy.accept()) {
                assertEquals(
                        "GET /b?c HTTP/1.1\r\nHost: example.test\r\nX-User: alice\r\n"
                                + "via: 1.1 culvert\r\n\r\n",
                        origin.head());
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                assertEquals(
                        "HTTP/1.1 200 OK\r\nX-Note: note\r\nvia: 1.1 culvert\r\n"
                                + "Content-Length: 5\r\n\r\n",
                        client.head());
                assertEquals("hello", client.read(5));
            }
        }
        HttpSummary summary = over.poll(15, TimeUnit.SECONDS);
        assertEquals(200, summary.status());
        assertEquals(1, summary.version());
        assertEquals(1, summary.attempts());
        assertFalse(summary.reused());
        assertEquals(5, summary.responseBytes());
        assertEquals("/b?c", summary.request().target());
        HttpTimes times = summary.times();
        assertTrue(times.total().compareTo(times.firstByte().orElseThrow()) >= 0);
        assertTrue(times.firstByte().get().compareTo(times.connect().orElseThrow()) >= 0);
    }

    @Test
    void answersByItselfAndKeepsTheConnection() throws Exception {
        proxy.use(
                request ->
                        request.path().equals("/a")
                                ? RequestVerdict.answer(HttpAnswer.text(418, "short and stout"))
                                : RequestVerdict.answer(
                                        HttpAnswer.redirect("https://example.test/")));
        try (Script client = proxy.connect()) {
            client.send(GET);
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 418 "), head);
            assertTrue(head.contains("Content-Length: 15\r\n"), head);
            assertEquals("short and stout", client.read(15));
            client.send("GET /b HTTP/1.1\r\nHost: example.test\r\n\r\n");
            head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 307 "), head);
            assertTrue(head.contains("location: https://example.test/\r\n"), head);
            assertTrue(head.contains("Content-Length: 0\r\n"), head);
        }
    }

    @Test
    void refusesWithTheReason() throws Exception {
        proxy.use(_ -> RequestVerdict.refuse("I do not like it"));
        try (Script client = proxy.connect()) {
            client.send(GET);
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 403 "), head);
            assertTrue(head.contains("culvert-reason: HOOK_REFUSED\r\n"), head);
        }
    }

    @Test
    void costsOneRequestWhereItFails() throws Exception {
        proxy.use(
                request -> {
                    switch (request.path()) {
                        case "/throws" -> throw new IllegalStateException("on purpose");
                        case "/null" -> {
                            return null;
                        }
                        case "/nowhere" -> {
                            return RequestVerdict.pass().upstream("nobody");
                        }
                        case "/odd" -> {
                            return RequestVerdict.pass().target("no slash");
                        }
                        default -> {}
                    }
                    return RequestVerdict.answer(HttpAnswer.text(200, "ok"));
                });
        for (String path : List.of("throws", "null", "nowhere", "odd")) {
            try (Script client = proxy.connect()) {
                client.send("GET /" + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
                String head = client.head();
                assertTrue(head.startsWith("HTTP/1.1 503 "), path + head);
                assertTrue(head.contains("culvert-reason: HOOK_FAILED\r\n"), path + head);
            }
        }
        try (Script client = proxy.connect()) {
            client.send(GET);
            assertTrue(client.head().startsWith("HTTP/1.1 200 "));
        }
    }

    @Test
    void costsOneRequestWhereItHangs() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        proxy.useHastily(
                _ -> {
                    never.await();
                    return RequestVerdict.pass();
                });
        try (Script client = proxy.connect()) {
            client.send(GET);
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 503 "), head);
            assertTrue(head.contains("culvert-reason: HOOK_TIMEOUT\r\n"), head);
        }
    }

    @Test
    void goesOnWithoutOneThatMayFailAndWithTheNext() throws Exception {
        proxy.use(
                HookedProxy.plugin(
                        "broken",
                        HttpFilter.ALL,
                        _ -> {
                            throw new IOException("on purpose");
                        },
                        true),
                HookedProxy.plugin(
                        "unasked",
                        HttpFilter.methods("POST"),
                        _ -> RequestVerdict.refuse("never"),
                        false),
                HookedProxy.plugin(
                        "last",
                        HttpFilter.ALL,
                        request ->
                                RequestVerdict.pass().fields(request.fields().and("X-Last", "1")),
                        false));
        try (Script client = proxy.connect()) {
            client.send(GET);
            try (Script origin = proxy.accept()) {
                String head = origin.head();
                assertTrue(head.contains("X-One: 1\r\nX-Last: 1\r\n"), head);
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 204 "));
            }
        }
    }

    @Test
    void replacesAnAnswer() throws Exception {
        proxy.use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        return RequestVerdict.pass().watch(HttpStage.RESPONSE);
                    }

                    @Override
                    public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
                        return head.status() == 500
                                ? ResponseVerdict.answer(HttpAnswer.text(502, "sorry"))
                                : ResponseVerdict.pass();
                    }
                });
        try (Script client = proxy.connect()) {
            client.send(GET);
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\nsecrets");
                assertTrue(client.head().startsWith("HTTP/1.1 502 "));
                assertEquals("sorry", client.read(5));
            }
        }
    }

    @Test
    void asksAnotherServerOnceMore() throws Exception {
        proxy.use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        return RequestVerdict.pass().watch(HttpStage.RESPONSE);
                    }

                    @Override
                    public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
                        return head.status() == 500
                                ? ResponseVerdict.retry()
                                : ResponseVerdict.pass();
                    }
                });
        try (Script client = proxy.connect()) {
            client.send(GET);
            try (Script first = proxy.accept()) {
                first.head();
                first.send("HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\nsecrets");
                try (Script second = proxy.accept()) {
                    assertTrue(second.head().startsWith("GET /a "));
                    second.send("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nagain");
                    assertTrue(client.head().startsWith("HTTP/1.1 500 "));
                    assertEquals("again", client.read(5));
                }
            }
        }
    }

    /** Has a page of its own for whatever the gateway answers by itself. */
    private static final class Pages implements HttpHook {
        final BlockingQueue<HttpSummary> over = new LinkedBlockingQueue<>();

        @Override
        public RequestVerdict request(HttpRequest request) {
            return RequestVerdict.pass().watch(HttpStage.ERROR, HttpStage.END);
        }

        @Override
        public HttpAnswer error(HttpRequest request, Reason reason, HttpAnswer own) {
            if (request.path().equals("/broken")) {
                throw new IllegalStateException("on purpose");
            }
            return HttpAnswer.of(
                    own.status(), own.fields().with("X-Page", reason.name()), new byte[] {'!'});
        }

        @Override
        public void over(HttpSummary summary) {
            over.add(summary);
        }
    }

    @Test
    void replacesWhatTheGatewayAnswersWhereNobodyElseDoes() throws Exception {
        Pages pages = new Pages();
        proxy.use(pages);
        proxy.refuse();
        try (Script client = proxy.connect()) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 502 Bad Gateway\r\n"), head);
            assertTrue(head.contains("X-Page: DIAL_REFUSED\r\n"), head);
            assertTrue(head.contains("Content-Length: 1\r\n"), head);
            assertEquals("!", client.read(1));
        }
        HttpSummary summary = pages.over.poll(15, TimeUnit.SECONDS);
        assertEquals(502, summary.status());
        assertEquals(Optional.of(Reason.DIAL_REFUSED), summary.reason());
        assertEquals(2, summary.attempts());
        assertEquals(Optional.empty(), summary.times().connect());
        try (Script client = proxy.connect()) {
            client.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
            String head = client.head();
            assertTrue(head.contains("culvert-reason: DIAL_REFUSED\r\n"), head);
            assertFalse(head.contains("X-Page"), "what there is has to do");
        }
    }

    @Test
    void asksNobodyAboutAnAnswerToARequestThatBreaksTheRules() throws Exception {
        proxy.use(new Pages());
        try (Script client = proxy.connect()) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                client.send("no chunk\r\n");
                String head = client.head();
                assertTrue(head.startsWith("HTTP/1.1 400 "), head);
                assertFalse(head.contains("X-Page"), head);
            }
        }
    }
}
