package io.culvert.gateway.http;

import static io.culvert.gateway.http.Http2Case.GET;
import static io.culvert.gateway.http.Http2Case.HELD;
import static io.culvert.gateway.http.Http2Case.answers;
import static io.culvert.gateway.http.Http2Case.endsConnection;
import static io.culvert.gateway.http.Http2Case.goesOn;
import static io.culvert.gateway.http.Http2Case.resetsStream;
import static io.culvert.gateway.http.Http2Case.sees;
import static io.netty.handler.codec.http2.Http2Error.FLOW_CONTROL_ERROR;
import static io.netty.handler.codec.http2.Http2Error.FRAME_SIZE_ERROR;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2FrameTypes.SETTINGS;
import static io.netty.handler.codec.http2.Http2FrameTypes.WINDOW_UPDATE;

import io.netty.buffer.Unpooled;

import java.io.IOException;
import java.util.List;

/** RFC 9113 section 6.9, and what section 6.5.3 says of the setting that windows begin with. */
final class Http2WindowCases {
    private static final int INITIAL_WINDOW_SIZE = 4;
    private static final int WHOLE = Integer.MAX_VALUE;

    private Http2WindowCases() {}

    static List<Http2Case> all() {
        return List.of(
                answers(
                        "6.9: WINDOW_UPDATE of the connection",
                        client -> {
                            client.windowUpdate(0, 1);
                            client.headers(1, true, GET);
                        }),
                answers(
                        "6.9: WINDOW_UPDATE of a stream that is half-closed",
                        client -> {
                            client.setting(INITIAL_WINDOW_SIZE, 0);
                            client.headers(1, true, GET);
                            client.windowUpdate(1, 5);
                        }),
                endsConnection(
                        "6.9: WINDOW_UPDATE of the connection by nothing",
                        PROTOCOL_ERROR,
                        client -> client.windowUpdate(0, 0)),
                resetsStream(
                        "6.9: WINDOW_UPDATE of a stream by nothing",
                        PROTOCOL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.windowUpdate(1, 0);
                        }),
                endsConnection(
                        "6.9: WINDOW_UPDATE of another length",
                        FRAME_SIZE_ERROR,
                        client -> client.frame(WINDOW_UPDATE, 0, 0, new byte[3])),
                sees(
                        "6.9.1: no more is sent than a window of one byte",
                        client -> {
                            client.setting(INITIAL_WINDOW_SIZE, 1);
                            client.headers(1, true, GET);
                        },
                        "HEADERS 1 :status=200",
                        "DATA 1 h"),
                endsConnection(
                        "6.9.1: the connection's window beyond 2^31 - 1",
                        FLOW_CONTROL_ERROR,
                        client -> client.windowUpdate(0, WHOLE)),
                resetsStream(
                        "6.9.1: a stream's window beyond 2^31 - 1",
                        FLOW_CONTROL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.windowUpdate(1, WHOLE);
                        }),
                sees(
                        "6.9.2: windows of open streams grow with the setting",
                        client -> {
                            client.setting(INITIAL_WINDOW_SIZE, 0);
                            client.headers(1, true, GET);
                            String _ = client.until("HEADERS 1");
                            client.setting(INITIAL_WINDOW_SIZE, 1);
                        },
                        "DATA 1 h"),
                sees(
                        "6.9.2: windows become negative, and are reckoned on from there",
                        client -> {
                            client.setting(INITIAL_WINDOW_SIZE, 3);
                            client.headers(1, true, GET);
                            String _ = client.until("DATA 1 hel");
                            client.setting(INITIAL_WINDOW_SIZE, 2);
                            client.windowUpdate(1, 2);
                        },
                        "DATA 1 l"),
                // The section has a connection error; Netty ends each such stream.
                resetsStream(
                        "6.9.2: a setting that takes an open stream's window beyond 2^31 - 1",
                        FLOW_CONTROL_ERROR,
                        client -> {
                            client.headers(1, false, HELD);
                            client.windowUpdate(1, 1);
                            client.setting(INITIAL_WINDOW_SIZE, WHOLE);
                        }),
                sees(
                        "6.5.3: of several values the last one counts",
                        Http2WindowCases::setsTwice,
                        "HEADERS 1 :status=200",
                        "DATA 1 h"),
                goesOn(
                        "6.9: WINDOW_UPDATE of a stream that was answered",
                        client -> {
                            client.headers(1, true, GET);
                            String _ = client.until("DATA 1 END");
                            client.windowUpdate(1, 5);
                        }));
    }

    private static void setsTwice(FrameScript client) throws IOException {
        client.frame(
                SETTINGS,
                0,
                0,
                Unpooled.buffer(12)
                        .writeShort(INITIAL_WINDOW_SIZE)
                        .writeInt(100)
                        .writeShort(INITIAL_WINDOW_SIZE)
                        .writeInt(1)
                        .array());
        client.headers(1, true, GET);
    }
}
