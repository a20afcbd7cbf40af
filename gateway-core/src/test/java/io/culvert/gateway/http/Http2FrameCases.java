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
import static io.netty.handler.codec.http2.Http2Error.FLOW_CONTROL_ERROR;
import static io.netty.handler.codec.http2.Http2Error.FRAME_SIZE_ERROR;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Flags.ACK;
import static io.netty.handler.codec.http2.Http2Flags.END_HEADERS;
import static io.netty.handler.codec.http2.Http2Flags.END_STREAM;
import static io.netty.handler.codec.http2.Http2Flags.PADDED;
import static io.netty.handler.codec.http2.Http2FrameTypes.CONTINUATION;
import static io.netty.handler.codec.http2.Http2FrameTypes.DATA;
import static io.netty.handler.codec.http2.Http2FrameTypes.GO_AWAY;
import static io.netty.handler.codec.http2.Http2FrameTypes.HEADERS;
import static io.netty.handler.codec.http2.Http2FrameTypes.PING;
import static io.netty.handler.codec.http2.Http2FrameTypes.PRIORITY;
import static io.netty.handler.codec.http2.Http2FrameTypes.RST_STREAM;
import static io.netty.handler.codec.http2.Http2FrameTypes.SETTINGS;

import io.netty.handler.codec.http2.Http2Flags;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** RFC 9113 sections 6 and 7: each type of frame, but for what windows are about, and codes. */
final class Http2FrameCases {
    private static final byte[] TEST = bytes('t', 'e', 's', 't');
    private static final String ANSWERED = "HEADERS 1 :status=200";

    private Http2FrameCases() {}

    static List<Http2Case> all() {
        return Stream.of(
                        data(),
                        headers(),
                        priority(),
                        reset(),
                        settings(),
                        pingAndGoAway(),
                        continuation())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Http2Case> data() {
        return List.of(
                sees(
                        "6.1: DATA",
                        client -> {
                            client.headers(1, false, ECHO);
                            client.data(1, true, "test");
                        },
                        ANSWERED,
                        "DATA 1 END test"),
                sees(
                        "6.1: several DATA",
                        client -> {
                            client.headers(1, false, ECHO);
                            client.data(1, false, "te");
                            client.data(1, true, "st");
                        },
                        ANSWERED,
                        "DATA 1 END test"),
                sees(
                        "6.1: DATA with padding",
                        client -> {
                            client.headers(1, false, ECHO);
                            client.frame(
                                    DATA,
                                    END_STREAM | PADDED,
                                    1,
                                    joined(bytes(6), TEST, new byte[6]));
                        },
                        ANSWERED,
                        "DATA 1 END test"),
                endsConnection(
                        "6.1: DATA on stream 0",
                        PROTOCOL_ERROR,
                        client -> client.data(0, true, "test")),
                endsConnection(
                        "6.1: DATA with more padding than there is",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.frame(DATA, END_STREAM | PADDED, 1, joined(bytes(5), TEST));
                        }));
    }

    private static List<Http2Case> headers() {
        byte[] block = FrameScript.block(GET);
        return List.of(
                answers("6.2: HEADERS", client -> client.headers(1, true, GET)),
                answers(
                        "6.2: HEADERS with padding",
                        client ->
                                client.frame(
                                        HEADERS,
                                        END_STREAM | END_HEADERS | PADDED,
                                        1,
                                        joined(bytes(6), block, new byte[6]))),
                answers(
                        "6.2: HEADERS with a priority",
                        client ->
                                client.frame(
                                        HEADERS,
                                        END_STREAM | END_HEADERS | Http2Flags.PRIORITY,
                                        1,
                                        joined(bytes(0, 0, 0, 0, 255), block))),
                endsConnection(
                        "6.2: HEADERS on stream 0",
                        PROTOCOL_ERROR,
                        client -> client.headers(0, true, GET)),
                endsConnection(
                        "6.2: HEADERS with more padding than there is",
                        PROTOCOL_ERROR,
                        client ->
                                client.frame(
                                        HEADERS,
                                        END_STREAM | END_HEADERS | PADDED,
                                        1,
                                        joined(bytes(block.length + 1), block))));
    }

    private static List<Http2Case> priority() {
        return List.of(
                prioritized("6.3: PRIORITY of weight 1", 0, 0, 0, 0, 0),
                prioritized("6.3: PRIORITY of weight 256", 0, 0, 0, 0, 255),
                prioritized("6.3: PRIORITY with a dependency", 0, 0, 0, 5, 15),
                prioritized("6.3: PRIORITY with an exclusive dependency", 128, 0, 0, 5, 15),
                sees(
                        "6.3: PRIORITY of an idle stream, and HEADERS of a lower one",
                        client -> {
                            client.frame(PRIORITY, 0, 5, bytes(0, 0, 0, 0, 255));
                            client.headers(3, true, GET);
                        },
                        "HEADERS 3 :status=200",
                        "DATA 3 END hello"),
                endsConnection(
                        "6.3: PRIORITY on stream 0",
                        PROTOCOL_ERROR,
                        client -> client.frame(PRIORITY, 0, 0, new byte[5])),
                resetsStream(
                        "6.3: PRIORITY of another length",
                        FRAME_SIZE_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.frame(PRIORITY, 0, 1, new byte[4]);
                        }));
    }

    private static Http2Case prioritized(String name, int... payload) {
        return answers(
                name,
                client -> {
                    client.frame(PRIORITY, 0, 1, bytes(payload));
                    client.headers(1, true, GET);
                });
    }

    private static List<Http2Case> reset() {
        return List.of(
                goesOn(
                        "6.4: RST_STREAM",
                        client -> {
                            client.headers(1, false, HELD);
                            client.reset(1);
                        }),
                endsConnection(
                        "6.4: RST_STREAM on stream 0", PROTOCOL_ERROR, client -> client.reset(0)),
                endsConnection(
                        "6.4: RST_STREAM of an idle stream",
                        PROTOCOL_ERROR,
                        client -> client.reset(1)),
                endsConnection(
                        "6.4: RST_STREAM of another length",
                        FRAME_SIZE_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.frame(RST_STREAM, 0, 1, new byte[3]);
                        }));
    }

    private static List<Http2Case> settings() {
        return List.of(
                sees(
                        "6.5: SETTINGS are acknowledged",
                        client -> {
                            String _ = client.until("SETTINGS 0 ACK");
                            client.setting(3, 100);
                        },
                        "SETTINGS 0 ACK"),
                endsConnection(
                        "6.5: an acknowledgment with a payload",
                        FRAME_SIZE_ERROR,
                        client -> client.frame(SETTINGS, ACK, 0, new byte[6])),
                endsConnection(
                        "6.5: SETTINGS on a stream",
                        PROTOCOL_ERROR,
                        client -> client.frame(SETTINGS, 0, 1, new byte[0])),
                endsConnection(
                        "6.5: SETTINGS of another length",
                        FRAME_SIZE_ERROR,
                        client -> client.frame(SETTINGS, 0, 0, new byte[5])),
                endsConnection(
                        "6.5.2: ENABLE_PUSH is neither 0 nor 1",
                        PROTOCOL_ERROR,
                        client -> client.setting(2, 2)),
                endsConnection(
                        "6.5.2: INITIAL_WINDOW_SIZE beyond 2^31 - 1",
                        FLOW_CONTROL_ERROR,
                        client -> client.setting(4, 0x8000_0000)),
                endsConnection(
                        "6.5.2: MAX_FRAME_SIZE below 2^14",
                        PROTOCOL_ERROR,
                        client -> client.setting(5, 16_383)),
                endsConnection(
                        "6.5.2: MAX_FRAME_SIZE beyond 2^24 - 1",
                        PROTOCOL_ERROR,
                        client -> client.setting(5, 16_777_216)),
                sees(
                        "6.5.2: a setting without a meaning is passed over",
                        client -> {
                            String _ = client.until("SETTINGS 0 ACK");
                            client.setting(0xff, 1);
                        },
                        "SETTINGS 0 ACK"));
    }

    private static List<Http2Case> pingAndGoAway() {
        return List.of(
                sees("6.7: PING is answered", client -> client.ping(7), "PING 0 ACK 7"),
                sees(
                        "6.7: PING that is an answer is not",
                        client -> {
                            client.frame(PING, ACK, 0, bytes(0, 0, 0, 0, 0, 0, 0, 7));
                            client.ping(8);
                        },
                        "PING 0 ACK 8"),
                endsConnection(
                        "6.7: PING on a stream",
                        PROTOCOL_ERROR,
                        client -> client.frame(PING, 0, 1, new byte[8])),
                endsConnection(
                        "6.7: PING of another length",
                        FRAME_SIZE_ERROR,
                        client -> client.frame(PING, 0, 0, new byte[6])),
                answers(
                        "6.8: GOAWAY lets what was asked for be answered",
                        client -> {
                            client.headers(1, true, GET);
                            client.frame(GO_AWAY, 0, 0, new byte[8]);
                        }),
                endsConnection(
                        "6.8: GOAWAY on a stream",
                        PROTOCOL_ERROR,
                        client -> client.frame(GO_AWAY, 0, 1, new byte[8])),
                goesOn(
                        "7: GOAWAY with an unknown code",
                        client -> client.frame(GO_AWAY, 0, 0, bytes(0, 0, 0, 0, 0, 0, 0, 0xff))),
                goesOn(
                        "7: RST_STREAM with an unknown code",
                        client -> {
                            client.headers(1, false, HELD);
                            client.frame(RST_STREAM, 0, 1, bytes(0, 0, 0, 0xff));
                        }));
    }

    private static List<Http2Case> continuation() {
        return List.of(
                answers(
                        "6.10: CONTINUATION",
                        client -> {
                            half(client, END_STREAM);
                            rest(client, 1);
                        }),
                answers(
                        "6.10: several CONTINUATION",
                        client -> {
                            half(client, END_STREAM);
                            client.frame(CONTINUATION, 0, 1, new byte[0]);
                            rest(client, 1);
                        }),
                endsConnection(
                        "6.10: DATA where CONTINUATION has to come",
                        PROTOCOL_ERROR,
                        client -> {
                            half(client, 0);
                            client.data(1, true, "test");
                        }),
                endsConnection(
                        "6.10: CONTINUATION on stream 0",
                        PROTOCOL_ERROR,
                        client -> {
                            half(client, END_STREAM);
                            rest(client, 0);
                        }),
                endsConnection(
                        "6.10: CONTINUATION behind HEADERS that were whole",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            rest(client, 1);
                        }),
                endsConnection(
                        "6.10: CONTINUATION behind one that was the last",
                        PROTOCOL_ERROR,
                        client -> {
                            half(client, END_STREAM);
                            rest(client, 1);
                            rest(client, 1);
                        }),
                endsConnection(
                        "6.10: CONTINUATION behind DATA",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.data(1, false, "test");
                            rest(client, 1);
                        }));
    }

    /** The first half of a request's field block. */
    private static void half(FrameScript client, int flags) throws IOException {
        byte[] block = FrameScript.block(GET);
        client.frame(HEADERS, flags, 1, Arrays.copyOf(block, block.length / 2));
    }

    /** The second one, and the block's end. */
    private static void rest(FrameScript client, int stream) throws IOException {
        byte[] block = FrameScript.block(GET);
        client.frame(
                CONTINUATION,
                END_HEADERS,
                stream,
                Arrays.copyOfRange(block, block.length / 2, block.length));
    }
}
