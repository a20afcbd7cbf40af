package io.culvert.gateway.http;

import io.culvert.hook.Reason;

import org.junit.jupiter.params.provider.Arguments;

import java.util.List;
import java.util.stream.Stream;

/** Heads of requests that HTTP/2 and HTTP/3 call malformed alike, RFC 9113 and RFC 9114. */
final class MalformedHeads {
    private MalformedHeads() {}

    /** The reason, and the head, its fields divided by bars. */
    static Stream<Arguments> of(String scheme) {
        String good = good(scheme);
        return List.of(
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good.replace("|:path /", "")),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good.replace("|:scheme " + scheme, "")),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good.replace(":method GET|", "")),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good + "|:path /b"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good + "|:status 200"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good + "|:other 1"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good + "|:protocol websocket"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good.replace(":path /", ":path ")),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good.replace(":path /", ":path a")),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, good.replace(":path /", ":path /\r\nx: 1")),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD,
                        good.replace(":method GET", ":method GET / HTTP/1.1")),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, good + "|connection close"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, good + "|keep-alive 5"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, good + "|proxy-connection close"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, good + "|transfer-encoding chunked"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, good + "|upgrade h2c"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, good + "|te trailers, deflate"),
                Arguments.of(Reason.HTTP_SYNTAX, good + "|X-Upper 1"),
                Arguments.of(Reason.HTTP_SYNTAX, good + "|x 1\r\nhost: b"),
                Arguments.of(Reason.HTTP_SYNTAX, good + "|x 1\nhost: b"),
                Arguments.of(Reason.HTTP_SYNTAX, good + "|x 1\u0000"),
                Arguments.of(Reason.HTTP_SYNTAX, good + "|x: 1"),
                Arguments.of(
                        Reason.HTTP_LENGTH_INVALID, good + "|content-length 0|content-length 1"),
                Arguments.of(Reason.HTTP_LENGTH_INVALID, good + "|content-length 5"),
                Arguments.of(Reason.HTTP_LENGTH_INVALID, good + "|content-length 0x5"))
                .stream();
    }

    /** One with which nothing is wrong. */
    static String good(String scheme) {
        return ":method GET|:scheme " + scheme + "|:path /|:authority a";
    }
}
