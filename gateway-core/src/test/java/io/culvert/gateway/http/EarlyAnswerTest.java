package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;
import io.culvert.hook.BodyVerdict;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.RequestVerdict;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * A server answers before it has read a request's body, which a plugin judges: the test is the
 * client and the server.
 */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class EarlyAnswerTest {
    private static final String POST =
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    private HookedProxy proxy;

    private void begin(Protocol protocol) throws Exception {
        proxy = new HookedProxy(protocol);
        proxy.use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        return RequestVerdict.pass().watch(HttpStage.REQUEST_BODY);
                    }

                    @Override
                    public BodyVerdict requestBody(
                            HttpRequest request, byte[] piece, boolean last) {
                        return new String(piece, StandardCharsets.ISO_8859_1).contains("virus")
                                ? BodyVerdict.refuse("a virus")
                                : BodyVerdict.pass();
                    }
                });
    }

    @AfterEach
    void end() throws IOException {
        proxy.close();
    }

    @Test
    void replacesAnAnswerThatIsThereBeforeTheBodyIsRefused() throws Exception {
        begin(Protocol.HTTP1);
        try (Script client = proxy.connect()) {
            client.send(POST);
            try (Script origin = proxy.accept()) {
                origin.head();
                client.send("3\r\nabc\r\n");
                assertEquals("3\r\nabc\r\n", origin.read(8));
                origin.send("HTTP/1.1 200 OK\r\nX-Taken: 1\r\nContent-Length: 0\r\n\r\n");
                assertEquals("", origin.rest(), "the answer was read, the connection is closed");
            }
            client.send("5\r\nvirus\r\n0\r\n\r\n");
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 403 "), head);
            assertTrue(head.contains("culvert-reason: HOOK_REFUSED\r\n"), head);
            assertFalse((head + client.rest()).contains("X-Taken"));
        }
    }

    @Test
    void replacesTheHeadOfOneThatHasNotEnded() throws Exception {
        begin(Protocol.HTTP1);
        try (Script client = proxy.connect()) {
            client.send(POST);
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nta");
                client.send("3\r\nabc\r\n");
                assertEquals("3\r\nabc\r\n", origin.read(8), "the body goes on meanwhile");
                client.send("5\r\nvirus\r\n");
                String head = client.head();
                assertTrue(head.startsWith("HTTP/1.1 403 "), head);
                assertFalse(origin.rest().contains("virus"));
            }
        }
    }

    @Test
    void passesAnAnswerOnOnceTheWholeBodyIsJudged() throws Exception {
        begin(Protocol.HTTP1);
        try (Script client = proxy.connect()) {
            client.send(POST);
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
                assertEquals("", origin.rest());
            }
            client.send("3\r\nabc\r\n");
            proxy.proxy().settle();
            assertEquals(0, client.socket.getInputStream().available(), "more may come");
            client.send("3\r\ndef\r\n0\r\n\r\n");
            assertTrue(client.head().startsWith("HTTP/1.1 201 "));
        }
    }

    @Test
    void goesOnWithAnAnswerWhoseBodyComesWhenTheRequestIsJudged() throws Exception {
        begin(Protocol.HTTP1);
        try (Script client = proxy.connect()) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nta");
                assertEquals("ab", origin.read(2));
                client.send("cd");
                assertEquals("cd", origin.read(2));
                assertTrue(client.head().startsWith("HTTP/1.1 200 "));
                assertEquals("ta", client.read(2));
                origin.send("ken");
                assertEquals("ken", client.read(3));
                client.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
                assertTrue(origin.head().startsWith("GET /b "), "both connections go on");
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                client.head();
            }
        }
    }

    /** RFC 9112 section 9.5: the rest is judged and goes nowhere. */
    @Test
    void sendsNoMoreToAServerThatHasRefused() throws Exception {
        begin(Protocol.HTTP1);
        try (Script client = proxy.connect()) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nab");
            try (Script origin = proxy.accept()) {
                origin.head();
                assertEquals("ab", origin.read(2));
                origin.send("HTTP/1.1 413 Too Long\r\nContent-Length: 3\r\n\r\nno!");
                proxy.proxy().settle();
                client.send("c".repeat(999_998));
                assertTrue(client.head().startsWith("HTTP/1.1 413 "));
                assertEquals("no!", client.read(3));
            }
        }
    }

    @Test
    void doesNotWaitForABodyThatTheServerDoesNotAskFor() throws Exception {
        begin(Protocol.HTTP1);
        try (Script client = proxy.connect()) {
            client.send(
                    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                            + "Expect: 100-continue\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 401 "));
            }
        }
    }

    @Test
    void waitsForABodyThatTheServerAsksFor() throws Exception {
        begin(Protocol.HTTP1);
        try (Script client = proxy.connect()) {
            client.send(
                    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                            + "Expect: 100-continue\r\n\r\n");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 100 Continue\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 100 "));
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                assertEquals("", origin.rest());
                client.send("virus");
                assertTrue(client.head().startsWith("HTTP/1.1 403 "));
            }
        }
    }

    @Test
    void letsBothSidesOfACallOfGrpcTalkByTurns() throws Exception {
        begin(Protocol.HTTP2);
        try (FrameScript client = FrameScript.connect(proxy.proxy().address())) {
            client.headers(
                    1,
                    false,
                    ":method POST|:scheme http|:authority a|:path /a"
                            + "|content-type application/grpc+proto");
            client.data(1, false, "one");
            try (Script origin = proxy.accept()) {
                origin.head();
                assertEquals("3\r\none\r\n", origin.read(8));
                origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n");
                assertTrue(client.until("HEADERS 1").contains(":status=200 "));
                assertEquals("DATA 1 1", client.until("DATA 1"));
                client.data(1, false, "two");
                assertEquals("3\r\ntwo\r\n", origin.read(8));
                client.data(1, false, "virus");
                assertTrue(client.until("RST_STREAM 1").contains("INTERNAL_ERROR"));
                assertFalse(origin.rest().contains("virus"));
            }
        }
    }

    @Test
    void replacesTheAnswerOfAStreamThatItsServerHasEnded() throws Exception {
        begin(Protocol.HTTP2);
        try (FrameScript client = FrameScript.connect(proxy.proxy().address())) {
            client.headers(1, false, ":method POST|:scheme http|:authority a|:path /a");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken");
                assertEquals("", origin.rest());
            }
            proxy.proxy().settle();
            client.data(1, false, "abc");
            client.data(1, true, "virus");
            String head = client.until("HEADERS 1");
            assertTrue(head.contains(":status=403 "), head);
            client.headers(3, true, ":method GET|:scheme http|:authority a|:path /b");
            try (Script origin = proxy.accept()) {
                origin.head();
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.until("HEADERS 3").contains(":status=204 "));
            }
        }
    }
}
