package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;

/** What clients of gRPC hear where the gateway answers by itself. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class GrpcAnswerTest {
    private static final String CALL =
            ":method POST|:scheme http|:authority a|:path /a|te trailers|content-type ";

    private HookedProxy proxy;

    @BeforeEach
    void begin() throws IOException {
        proxy = new HookedProxy();
    }

    @AfterEach
    void end() throws IOException {
        proxy.close();
    }

    private FrameScript connect() throws IOException {
        return FrameScript.connect(proxy.proxy().address());
    }

    @ParameterizedTest
    @CsvSource({"application/grpc", "application/grpc+proto", "Application/GRPC;x=y"})
    void aServerThatCannotBeReachedIsUnavailable(String type) throws Exception {
        proxy.refuse();
        try (FrameScript client = connect()) {
            client.headers(1, true, CALL + type);
            String head = client.until("HEADERS 1");
            assertTrue(head.startsWith("HEADERS 1 END "), "nothing follows: " + head);
            assertTrue(head.contains(":status=200 "), head);
            assertTrue(head.contains("content-type=application/grpc "), head);
            assertTrue(head.contains("culvert-reason=DIAL_REFUSED "), head);
            assertTrue(head.contains("grpc-status=14 "), head);
            assertTrue(head.contains("grpc-message=502 Bad Gateway: "), head);
            assertTrue(head.contains(" (DIAL_REFUSED)"), head);
            assertFalse(head.contains("content-length"), head);
        }
    }

    @ParameterizedTest
    @CsvSource({"application/grpc-web", "application/grpcx", "text/plain"})
    void othersGetTheStatusOfHttp(String type) throws Exception {
        proxy.refuse();
        try (FrameScript client = connect()) {
            client.headers(1, true, CALL + type);
            String head = client.until("HEADERS 1");
            assertTrue(head.contains(":status=502 "), head);
            assertFalse(head.contains("grpc-status"), head);
        }
    }

    @Test
    void thereIsNoneOverTheFirstVersion() throws Exception {
        proxy.refuse();
        try (Script client = proxy.connect()) {
            client.send(
                    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n"
                            + "Content-Length: 0\r\n\r\n");
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 502 "), head);
            assertFalse(head.contains("grpc-status"), head);
        }
    }

    @Test
    void whatAPluginRefusesIsDenied() throws Exception {
        proxy.use(_ -> RequestVerdict.refuse("I do not like it"));
        try (FrameScript client = connect()) {
            client.headers(1, true, CALL + "application/grpc");
            String head = client.until("HEADERS 1");
            assertTrue(head.contains("culvert-reason=HOOK_REFUSED "), head);
            assertTrue(head.contains("grpc-status=7 "), head);
        }
    }

    @Test
    void whatAPluginSaysInItsPlaceIsTold() throws Exception {
        proxy.refuse();
        proxy.use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        return RequestVerdict.pass().watch(HttpStage.ERROR);
                    }

                    @Override
                    public HttpAnswer error(HttpRequest request, Reason reason, HttpAnswer own) {
                        assertEquals(502, own.status(), "of HTTP, as with every client");
                        return switch (request.path()) {
                            case "/text" -> HttpAnswer.text(503, "99 % there, c'est bientôt\n");
                            case "/page" ->
                                    HttpAnswer.of(
                                            503,
                                            HttpFields.NONE.and("content-type", "text/html"),
                                            new byte[] {'<'});
                            default ->
                                    HttpAnswer.of(
                                            200,
                                            HttpFields.NONE
                                                    .and("content-type", "application/grpc")
                                                    .and("grpc-status", "8"),
                                            new byte[0]);
                        };
                    }
                });
        try (FrameScript client = connect()) {
            assertEquals("14 99 %25 there, c'est bient%C3%B4t", told(client, 1, "/text"));
            assertEquals("14 503 Service Unavailable", told(client, 3, "/page"));
            client.headers(5, true, CALL.replace("/a", "/own") + "application/grpc");
            String head = client.until("HEADERS 5");
            assertTrue(head.startsWith("HEADERS 5 END "), head);
            assertTrue(head.contains("grpc-status=8 "), head);
            assertFalse(head.contains("content-length"), head);
        }
    }

    private static String told(FrameScript client, int stream, String path) throws IOException {
        client.headers(stream, true, CALL.replace("/a", path) + "application/grpc");
        String head = client.until("HEADERS " + stream);
        String from = head.substring(head.indexOf("grpc-status=") + 12);
        return from.substring(0, from.indexOf(" date="))
                .replace("grpc-message=", "")
                .stripTrailing();
    }

    @ParameterizedTest
    @CsvSource({
        "400, 13", "401, 16", "403, 7", "404, 12", "408, 2", "413, 2", "429, 14", "500, 2",
        "502, 14", "503, 14", "504, 14"
    })
    void theStatusIsTheOneThatClientsWouldMakeOfHttps(int status, String code) {
        HttpAnswer answer = GrpcAnswer.of(HttpAnswer.text(status, "why"));
        assertEquals(200, answer.status());
        assertEquals(code, answer.fields().first("grpc-status").orElseThrow());
        assertEquals("why", answer.fields().first("grpc-message").orElseThrow());
    }

    @Test
    void longTextsAreCut() {
        HttpAnswer answer = GrpcAnswer.of(HttpAnswer.text(503, "é".repeat(10_000)));
        int length = answer.fields().first("grpc-message").orElseThrow().length();
        assertTrue(length <= 1030, "" + length);
        assertEquals(0, length % 6, "no half of a letter");
    }

    /** The connection is as good as before, and so are others of HTTP/2. */
    @Test
    void theConnectionGoesOn() throws Exception {
        proxy.use(
                request ->
                        request.path().equals("/a")
                                ? RequestVerdict.refuse("on purpose")
                                : RequestVerdict.pass());
        try (FrameScript client = connect()) {
            client.headers(1, false, CALL + "application/grpc");
            client.data(1, false, "a message");
            assertTrue(client.until("HEADERS 1").contains("grpc-status=7 "));
            assertTrue(client.until("RST_STREAM 1").contains("NO_ERROR"));
            client.headers(3, true, ":method GET|:scheme http|:authority a|:path /b");
            try (Script origin = proxy.accept()) {
                assertTrue(origin.head().startsWith("GET /b "));
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.until("HEADERS 3").contains(":status=204 "));
            }
        }
    }
}
