package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.util.List;

/** Requests that two readers could understand differently, and what a client is told of them. */
class HttpRefusalsTest {
    @AutoClose private static final ScriptedProxy BEHIND = new ScriptedProxy();
    private static final ProxyUnderTest PROXY = BEHIND.proxy();

    static List<Arguments> heads() {
        String host = "Host: a\r\n";
        return List.of(
                refused(
                        Reason.HTTP_LENGTH_CONFLICT,
                        400,
                        post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
                refused(
                        Reason.HTTP_LENGTH_CONFLICT,
                        400,
                        post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")),
                refused(
                        Reason.HTTP_LENGTH_REPEATED,
                        400,
                        post("Content-Length: 5\r\nContent-Length: 6\r\n")),
                refused(
                        Reason.HTTP_LENGTH_REPEATED,
                        400,
                        post("Content-Length: 5\r\nContent-Length: 5\r\n")),
                refused(Reason.HTTP_LENGTH_REPEATED, 400, post("Content-Length: 5, 5\r\n")),
                refused(Reason.HTTP_LENGTH_INVALID, 400, post("Content-Length: +5\r\n")),
                refused(Reason.HTTP_LENGTH_INVALID, 400, post("Content-Length: 0x5\r\n")),
                refused(Reason.HTTP_LENGTH_INVALID, 400, post("Content-Length: -1\r\n")),
                refused(
                        Reason.HTTP_LENGTH_INVALID,
                        400,
                        post("Content-Length: 99999999999999999999\r\n")),
                refused(Reason.HTTP_TRANSFER_CODING, 400, post("Transfer-Encoding: gzip\r\n")),
                refused(
                        Reason.HTTP_TRANSFER_CODING,
                        400,
                        post("Transfer-Encoding: chunked, gzip\r\n")),
                refused(
                        Reason.HTTP_TRANSFER_CODING,
                        400,
                        post("Transfer-Encoding: gzip, chunked\r\n")),
                refused(Reason.HTTP_TRANSFER_CODING, 400, post("Transfer-Encoding: xchunked\r\n")),
                refused(
                        Reason.HTTP_TRANSFER_CODING,
                        400,
                        post("Transfer-Encoding: \"chunked\"\r\n")),
                refused(
                        Reason.HTTP_TRANSFER_CODING,
                        400,
                        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")),
                refused(
                        Reason.HTTP_TRANSFER_CODING,
                        400,
                        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
                refused(Reason.HTTP_SYNTAX, 400, post("Transfer-Encoding: \u000bchunked\r\n")),
                refused(Reason.HTTP_FOLDED_FIELD, 400, get(host + "X-A: 1\r\n 2\r\n")),
                refused(Reason.HTTP_FOLDED_FIELD, 400, get(host + "X-A: 1\r\n\t2\r\n")),
                refused(Reason.HTTP_FOLDED_FIELD, 400, get(" " + host)),
                refused(Reason.HTTP_BARE_LINE_FEED, 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_BARE_LINE_FEED, 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
                refused(Reason.HTTP_BARE_LINE_FEED, 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
                refused(Reason.HTTP_SYNTAX, 400, get(host + "X-A: 1\rX-B: 2\r\n")),
                refused(Reason.HTTP_SYNTAX, 400, get(host + "X-A: 1\u0000\r\n")),
                refused(Reason.HTTP_SPACE_BEFORE_COLON, 400, post("Content-Length : 5\r\n")),
                refused(
                        Reason.HTTP_SPACE_BEFORE_COLON,
                        400,
                        post("Transfer-Encoding\t: chunked\r\n")),
                refused(Reason.HTTP_SYNTAX, 400, get(host + ": nothing\r\n")),
                refused(Reason.HTTP_SYNTAX, 400, get(host + "no colon\r\n")),
                refused(Reason.HTTP_SYNTAX, 400, get(host + "X\u00e9: 1\r\n")),
                refused(Reason.HTTP_SYNTAX, 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_SYNTAX, 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_SYNTAX, 400, "GET /\u0001 HTTP/1.1\r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_SYNTAX, 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_SYNTAX, 400, "GET relative HTTP/1.1\r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_SYNTAX, 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_SYNTAX, 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_VERSION, 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
                refused(Reason.HTTP_HOST, 400, get("")),
                refused(Reason.HTTP_HOST, 400, get("Host: a\r\nHost: b\r\n")),
                refused(Reason.HTTP_HOST, 400, get("Host: a\r\nHost: a\r\n")),
                refused(Reason.HTTP_HOST, 400, get("Host: a b\r\n")),
                refused(Reason.HTTP_HOST, 400, get("Host: user@a\r\n")),
                refused(Reason.HTTP_HOST, 400, get("Host: a/b\r\n")),
                refused(Reason.HTTP_HOST, 400, "GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
                refused(
                        Reason.HTTP_TARGET_TOO_LONG,
                        414,
                        "GET /" + "a".repeat(70_000) + " HTTP/1.1\r\nHost: a\r\n\r\n"),
                refused(
                        Reason.HTTP_FIELDS_TOO_LONG,
                        431,
                        get(host + "X-A: " + "a".repeat(70_000) + "\r\n")),
                refused(Reason.HTTP_FIELDS_TOO_LONG, 431, get(host + "X: 1\r\n".repeat(100))));
    }

    private static Arguments refused(Reason reason, int status, String request) {
        return Arguments.of(reason, status, request);
    }

    private static String post(String fields) {
        return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    }

    private static String get(String fields) {
        return "GET / HTTP/1.1\r\n" + fields + "\r\n";
    }

    @Test
    void refusesATunnelToAPortThatIsNotAllowedAndKeepsTheConnection() throws IOException {
        try (Script client = Script.connect(PROXY.address())) {
            for (int i = 0; i < 2; i++) {
                client.send("CONNECT b:22 HTTP/1.1\r\nHost: b:22\r\nAccept: text/json\r\n\r\n");
                String answer = client.head();
                assertTrue(answer.startsWith("HTTP/1.1 403 Forbidden\r\n"), answer);
                assertTrue(answer.contains("culvert-reason: HTTP_CONNECT\r\n"), answer);
                int length =
                        Integer.parseInt(answer.replaceAll("(?s).*Content-Length: (\\d+).*", "$1"));
                assertTrue(client.read(length).startsWith("{\"status\":403,"));
            }
        }
    }

    /** The reason, and chunks behind a head that is in order. */
    static List<Arguments> chunks() {
        return List.of(
                Arguments.of(Reason.HTTP_CHUNK, "x\r\n"),
                Arguments.of(Reason.HTTP_CHUNK, "\r\n"),
                Arguments.of(Reason.HTTP_CHUNK, "-1\r\n"),
                Arguments.of(Reason.HTTP_CHUNK, "0x1\r\na\r\n"),
                Arguments.of(Reason.HTTP_CHUNK, "1 \r\na\r\n"),
                Arguments.of(Reason.HTTP_CHUNK, "fffffffffffffffff\r\n"),
                Arguments.of(Reason.HTTP_CHUNK, "1;a\u0001\r\na\r\n"),
                Arguments.of(Reason.HTTP_CHUNK, "1\r\nab\r\n0\r\n\r\n"),
                Arguments.of(Reason.HTTP_BARE_LINE_FEED, "1\na\r\n"),
                Arguments.of(Reason.HTTP_BARE_LINE_FEED, "1;a\nX: 1\r\na\r\n"),
                Arguments.of(Reason.HTTP_BARE_LINE_FEED, "1\r\na\n0\r\n\r\n"),
                Arguments.of(Reason.HTTP_CHUNK_EXTENSION, "1;" + "a".repeat(5000) + "\r\na\r\n"),
                Arguments.of(
                        Reason.HTTP_CHUNK_EXTENSION,
                        ("1;" + "a".repeat(500) + "\r\na\r\n").repeat(40)),
                Arguments.of(
                        Reason.HTTP_FIELDS_TOO_LONG, "0\r\n" + "X: 1\r\n".repeat(101) + "\r\n"),
                Arguments.of(Reason.HTTP_SPACE_BEFORE_COLON, "0\r\nX : 1\r\n\r\n"),
                Arguments.of(Reason.HTTP_FOLDED_FIELD, "0\r\nX: 1\r\n 2\r\n\r\n"));
    }

    @ParameterizedTest
    @MethodSource("chunks")
    void endsARequestWhoseChunksAreNotInOrder(Reason reason, String body) throws IOException {
        long before = PROXY.proxy.refusals(reason);
        try (Script client = Script.connect(PROXY.address())) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
            try (Script origin = BEHIND.accept()) {
                String all = origin.rest();
                assertFalse(all.endsWith("0\r\n\r\n"), "the server sees no whole request: " + all);
            }
            String answer = client.rest();
            assertTrue(answer.contains("\r\nculvert-reason: " + reason + "\r\n"), answer);
        }
        assertEquals(before + 1, PROXY.proxy.refusals(reason));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void isRefusedCountedAndSaid(Reason reason, int status, String request) throws IOException {
        long before = PROXY.proxy.refusals(reason);
        long dials = PROXY.proxy.pool().dials();
        try (Script client = Script.connect(PROXY.address())) {
            client.send(request);
            String answer = client.rest();
            assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
            assertTrue(answer.contains("\r\nculvert-reason: " + reason + "\r\n"), answer);
            assertTrue(answer.contains("\r\nConnection: close\r\n"), answer);
        }
        assertEquals(before + 1, PROXY.proxy.refusals(reason));
        assertEquals(dials, PROXY.proxy.pool().dials(), "nothing of it comes to a server");
    }
}
