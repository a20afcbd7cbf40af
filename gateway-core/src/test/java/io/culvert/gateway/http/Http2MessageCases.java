package io.culvert.gateway.http;

import static io.culvert.gateway.http.Http2Case.ECHO;
import static io.culvert.gateway.http.Http2Case.GET;
import static io.culvert.gateway.http.Http2Case.HELD;
import static io.culvert.gateway.http.Http2Case.answers;
import static io.culvert.gateway.http.Http2Case.bytes;
import static io.culvert.gateway.http.Http2Case.endsConnection;
import static io.culvert.gateway.http.Http2Case.joined;
import static io.culvert.gateway.http.Http2Case.resetsStream;
import static io.culvert.gateway.http.Http2Case.sees;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Flags.END_HEADERS;
import static io.netty.handler.codec.http2.Http2FrameTypes.PUSH_PROMISE;

import java.util.List;

/** RFC 9113 section 8: requests, their answers, and what is none. */
final class Http2MessageCases {
    private static final String ANSWERED = "HEADERS 1 :status=200";

    private Http2MessageCases() {}

    static List<Http2Case> all() {
        return List.of(
                answers("8.1: GET", client -> client.headers(1, true, GET)),
                sees(
                        "8.1: HEAD",
                        client -> client.headers(1, true, GET.replace("GET", "HEAD")),
                        "HEADERS 1 END :status=200"),
                sees(
                        "8.1: POST",
                        client -> {
                            client.headers(1, false, ECHO + "|content-length 4");
                            client.data(1, true, "test");
                        },
                        ANSWERED,
                        "DATA 1 END test"),
                sees(
                        "8.1: POST with trailers",
                        client -> {
                            client.headers(1, false, ECHO + "|trailer x-trailer");
                            client.data(1, false, "test");
                            client.headers(1, true, "x-trailer yes");
                        },
                        ANSWERED,
                        "DATA 1 END test[x-trailer: yes]"),
                resetsStream(
                        "8.1: HEADERS in the middle",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.headers(1, false, "x-trailer yes");
                        }),
                resetsStream(
                        "8.1.1: DATA of another length than was said",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD + "|content-length 1");
                            client.data(1, true, "test");
                        }),
                resetsStream(
                        "8.1.1: several DATA of another length than was said",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD + "|content-length 1");
                            client.data(1, false, "te");
                            client.data(1, true, "st");
                        }),
                malformed("8.2.1: a name in upper case", GET + "|X-UPPER 1"),
                malformed("8.2.2: a field of the connection", GET + "|connection keep-alive"),
                malformed("8.2.2: TE that is not trailers", GET + "|te trailers, deflate"),
                malformed("8.3: an unknown pseudo field", GET + "|:test ok"),
                malformed("8.3: a pseudo field of answers", GET + "|:status 200"),
                resetsStream(
                        "8.3: a pseudo field in trailers",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.headers(1, true, ":method GET");
                        }),
                malformed("8.3: a pseudo field behind another field", "x-test ok|" + GET),
                malformed("8.3.1: an empty :path", ":method GET|:scheme http|:path |:authority a"),
                malformed("8.3.1: no :method", ":scheme http|:path /|:authority a"),
                malformed("8.3.1: no :scheme", ":method GET|:path /|:authority a"),
                malformed("8.3.1: no :path", ":method GET|:scheme http|:authority a"),
                malformed("8.3.1: :method twice", GET + "|:method GET"),
                malformed("8.3.1: :scheme twice", GET + "|:scheme http"),
                malformed("8.3.1: :path twice", GET + "|:path /"),
                endsConnection(
                        "8.4: PUSH_PROMISE",
                        PROTOCOL_ERROR,
                        client ->
                                client.frame(
                                        PUSH_PROMISE,
                                        END_HEADERS,
                                        1,
                                        joined(bytes(0, 0, 0, 2), FrameScript.block(GET)))));
    }

    private static Http2Case malformed(String name, String head) {
        return resetsStream(name, PROTOCOL_ERROR, client -> client.headers(1, true, head));
    }
}
