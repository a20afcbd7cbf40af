package io.culvert.gateway.http;

import static io.culvert.gateway.http.Http2Case.ECHO;
import static io.culvert.gateway.http.Http2Case.GET;
import static io.culvert.gateway.http.Http2Case.HELD;
import static io.culvert.gateway.http.Http2Case.answers;
import static io.culvert.gateway.http.Http2Case.bytes;
import static io.culvert.gateway.http.Http2Case.endsConnection;
import static io.culvert.gateway.http.Http2Case.goesOn;
import static io.culvert.gateway.http.Http2Case.joined;
import static io.culvert.gateway.http.Http2Case.resetsStream;
import static io.culvert.gateway.http.Http2Case.sees;
import static io.netty.handler.codec.http2.Http2Error.COMPRESSION_ERROR;
import static io.netty.handler.codec.http2.Http2Error.FRAME_SIZE_ERROR;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Error.REFUSED_STREAM;
import static io.netty.handler.codec.http2.Http2Error.STREAM_CLOSED;
import static io.netty.handler.codec.http2.Http2Flags.END_HEADERS;
import static io.netty.handler.codec.http2.Http2Flags.END_STREAM;
import static io.netty.handler.codec.http2.Http2FrameTypes.CONTINUATION;
import static io.netty.handler.codec.http2.Http2FrameTypes.DATA;
import static io.netty.handler.codec.http2.Http2FrameTypes.HEADERS;
import static io.netty.handler.codec.http2.Http2FrameTypes.PING;
import static io.netty.handler.codec.http2.Http2FrameTypes.PRIORITY;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.handler.codec.http2.Http2Flags;

import java.io.IOException;
import java.util.List;

/** RFC 9113 sections 4 and 5: frames as such, and the states of streams. */
final class Http2StreamCases {
    private static final byte UNKNOWN_TYPE = 0x16;
    private static final int FRAME_SIZE = 16_384;
    private static final int RESERVED_BIT = 1 << 31;

    private Http2StreamCases() {}

    static List<Http2Case> all() {
        return List.of(
                goesOn(
                        "4.1: a frame of an unknown type is passed over",
                        client -> client.frame(UNKNOWN_TYPE, 0xff, 0, new byte[8])),
                sees(
                        "4.1: flags without a meaning are passed over",
                        client -> client.frame(PING, 0x16, 0, bytes(0, 0, 0, 0, 0, 0, 0, 9)),
                        "PING 0 ACK 9"),
                sees(
                        "4.1: the reserved bit is passed over",
                        client ->
                                client.frame(PING, 0, RESERVED_BIT, bytes(0, 0, 0, 0, 0, 0, 0, 9)),
                        "PING 0 ACK 9"),
                sees(
                        "4.2: DATA of 2^14 bytes is taken",
                        client -> {
                            client.headers(1, false, ECHO);
                            client.frame(DATA, END_STREAM, 1, new byte[FRAME_SIZE]);
                        },
                        "HEADERS 1 :status=200"),
                endsConnection(
                        "4.2: DATA beyond the largest frame",
                        FRAME_SIZE_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.frame(DATA, END_STREAM, 1, new byte[FRAME_SIZE + 1]);
                        }),
                endsConnection(
                        "4.2: HEADERS beyond the largest frame",
                        FRAME_SIZE_ERROR,
                        client ->
                                client.frame(
                                        HEADERS,
                                        END_STREAM | END_HEADERS,
                                        1,
                                        new byte[FRAME_SIZE + 1])),
                endsConnection(
                        "4.3: a field block that cannot be read",
                        COMPRESSION_ERROR,
                        client ->
                                client.frame(
                                        HEADERS,
                                        END_STREAM | END_HEADERS,
                                        1,
                                        bytes(0x40, 0x7f, 0x61))),
                endsConnection(
                        "4.3: PRIORITY within a field block",
                        PROTOCOL_ERROR,
                        client -> {
                            client.frame(HEADERS, END_STREAM, 1, FrameScript.block(GET));
                            client.frame(PRIORITY, 0, 1, new byte[5]);
                        }),
                endsConnection(
                        "4.3: HEADERS of another stream within a field block",
                        PROTOCOL_ERROR,
                        client -> {
                            client.frame(HEADERS, END_STREAM, 1, FrameScript.block(GET));
                            client.headers(3, true, GET);
                        }),
                goesOn(
                        "5.1: idle: PRIORITY may come",
                        client -> client.frame(PRIORITY, 0, 1, bytes(0, 0, 0, 0, 255))),
                endsConnection(
                        "5.1: idle: DATA", PROTOCOL_ERROR, client -> client.data(1, true, "test")),
                endsConnection("5.1: idle: RST_STREAM", PROTOCOL_ERROR, client -> client.reset(1)),
                endsConnection(
                        "5.1: idle: WINDOW_UPDATE",
                        PROTOCOL_ERROR,
                        client -> client.windowUpdate(1, 100)),
                endsConnection(
                        "5.1: idle: CONTINUATION",
                        PROTOCOL_ERROR,
                        client ->
                                client.frame(CONTINUATION, END_HEADERS, 1, FrameScript.block(GET))),
                answers(
                        "5.1: half-closed: PRIORITY may come",
                        client -> {
                            client.headers(1, true, GET);
                            client.frame(PRIORITY, 0, 1, bytes(0, 0, 0, 0, 255));
                        }),
                goesOn(
                        "5.1: half-closed: RST_STREAM may come",
                        client -> {
                            client.headers(1, true, HELD);
                            client.reset(1);
                        }),
                resetsStream(
                        "5.1: half-closed: DATA",
                        STREAM_CLOSED,
                        client -> {
                            client.headers(1, true, HELD);
                            client.data(1, true, "test");
                        }),
                // The section has STREAM_CLOSED; Netty counts heads before it looks at the state.
                resetsStream(
                        "5.1: half-closed: HEADERS",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, true, HELD);
                            client.headers(1, true, HELD);
                        }),
                endsConnection(
                        "5.1: half-closed: CONTINUATION",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, true, HELD);
                            client.frame(CONTINUATION, END_HEADERS, 1, FrameScript.block(GET));
                        }),
                goesOn(
                        "5.1: reset by the server: DATA and HEADERS are thrown away",
                        client -> {
                            client.headers(1, false, HELD + "|te gzip");
                            assertEquals("RST_STREAM 1 PROTOCOL_ERROR", client.until("RST_STREAM"));
                            for (int i = 0; i < 200; i++) {
                                client.data(1, false, "test");
                            }
                            client.headers(1, true, "x-trailer yes");
                        }),
                resetsStream(
                        "5.1: closed by RST_STREAM: DATA",
                        STREAM_CLOSED,
                        client -> {
                            isReset(client);
                            client.data(1, true, "test");
                        }),
                resetsStream(
                        "5.1: closed by RST_STREAM: HEADERS",
                        STREAM_CLOSED,
                        client -> {
                            isReset(client);
                            client.headers(1, true, GET);
                        }),
                endsConnection(
                        "5.1: closed by RST_STREAM: CONTINUATION",
                        PROTOCOL_ERROR,
                        client -> {
                            isReset(client);
                            client.frame(CONTINUATION, END_HEADERS, 1, FrameScript.block(GET));
                        }),
                resetsStream(
                        "5.1: closed: DATA",
                        STREAM_CLOSED,
                        client -> {
                            isAnswered(client);
                            client.data(1, true, "test");
                        }),
                resetsStream(
                        "5.1: closed: HEADERS",
                        STREAM_CLOSED,
                        client -> {
                            isAnswered(client);
                            client.headers(1, true, GET);
                        }),
                endsConnection(
                        "5.1: closed: CONTINUATION",
                        PROTOCOL_ERROR,
                        client -> {
                            isAnswered(client);
                            client.frame(CONTINUATION, END_HEADERS, 1, FrameScript.block(GET));
                        }),
                goesOn(
                        "5.1: closed: PRIORITY may come",
                        client -> {
                            isAnswered(client);
                            client.frame(PRIORITY, 0, 1, bytes(0, 0, 0, 0, 255));
                        }),
                endsConnection(
                        "5.1.1: a stream of an even number",
                        PROTOCOL_ERROR,
                        client -> client.headers(2, true, GET)),
                // The section has a connection error. Netty cannot tell it from a stream that is
                // closed, and refuses the stream alone.
                new Http2Case(
                        "5.1.1: a stream of a smaller number",
                        client -> {
                            client.headers(5, true, HELD);
                            client.headers(3, true, GET);
                        },
                        new Http2Case.StreamError(3, List.of(STREAM_CLOSED))),
                new Http2Case(
                        "5.1.2: more streams than may be open",
                        Http2StreamCases::opensOneTooMany,
                        new Http2Case.StreamError(
                                2 * HttpSettings.DEFAULT.streams() + 1, List.of(REFUSED_STREAM))),
                endsConnection(
                        "5.3.1: HEADERS of a stream that depends on itself",
                        PROTOCOL_ERROR,
                        client ->
                                client.frame(
                                        HEADERS,
                                        END_STREAM | END_HEADERS | Http2Flags.PRIORITY,
                                        1,
                                        joined(bytes(0, 0, 0, 1, 255), FrameScript.block(GET)))),
                resetsStream(
                        "5.3.1: PRIORITY of a stream that depends on itself",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.frame(PRIORITY, 0, 1, bytes(0, 0, 0, 1, 255));
                        }),
                answers(
                        "5.5: an unknown frame between two others is passed over",
                        client -> {
                            client.frame(UNKNOWN_TYPE, 0, 1, new byte[8]);
                            client.headers(1, true, GET);
                        }),
                endsConnection(
                        "5.5: an unknown frame within a field block",
                        PROTOCOL_ERROR,
                        client -> {
                            client.frame(HEADERS, END_STREAM, 1, FrameScript.block(GET));
                            client.frame(UNKNOWN_TYPE, 0, 1, new byte[8]);
                        }));
    }

    private static void isReset(FrameScript client) throws IOException {
        client.headers(1, false, HELD);
        client.reset(1);
    }

    private static void isAnswered(FrameScript client) throws IOException {
        client.headers(1, true, GET);
        String _ = client.until("DATA 1 END");
    }

    private static void opensOneTooMany(FrameScript client) throws IOException {
        for (int i = 0; i <= HttpSettings.DEFAULT.streams(); i++) {
            client.headers(2 * i + 1, true, HELD);
        }
    }
}
