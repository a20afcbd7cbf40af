package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.AsciiString;

/** Writes heads and chunks of HTTP/1 (RFC 9112). */
final class Http1Writer {
    private static final AsciiString VERSION = AsciiString.cached("HTTP/1.1 ");
    private static final AsciiString OK = AsciiString.cached("HTTP/1.1 200 OK\r\n");
    private static final AsciiString REQUEST_END = AsciiString.cached(" HTTP/1.1\r\nHost: ");
    private static final AsciiString LENGTH = AsciiString.cached("Content-Length: ");
    private static final AsciiString CHUNKED = AsciiString.cached("Transfer-Encoding: chunked\r\n");
    private static final AsciiString CLOSE = AsciiString.cached("Connection: close\r\n");
    private static final AsciiString KEEP_ALIVE = AsciiString.cached("Connection: keep-alive\r\n");
    private static final AsciiString UPGRADE =
            AsciiString.cached("Connection: Upgrade\r\nUpgrade: ");
    private static final AsciiString EXPECT = AsciiString.cached("Expect: 100-continue\r\n");
    private static final AsciiString TRAILERS =
            AsciiString.cached("TE: trailers\r\nConnection: TE\r\n");
    private static final AsciiString KEY = AsciiString.cached("Sec-WebSocket-Key: ");
    private static final AsciiString LAST_CHUNK = AsciiString.cached("0\r\n");

    /** How the body that follows a head is written. */
    enum Body {
        NONE,
        PLAIN,
        CHUNKED
    }

    private Http1Writer() {}

    private static void text(ByteBuf out, CharSequence text) {
        ByteBufUtil.writeAscii(out, text);
    }

    private static void end(ByteBuf out) {
        out.writeShort(Fields.CRLF);
    }

    /**
     * @param webSocketKey of a client that has none; null for none
     */
    static Body request(ByteBuf out, RequestHead head, String webSocketKey) {
        text(out, head.method);
        out.writeByte(' ');
        text(out, head.target);
        text(out, REQUEST_END);
        text(out, head.authority);
        end(out);
        head.fields.writeLines(out);
        if (head.upgrade != null) {
            text(out, UPGRADE);
            text(out, head.upgrade);
            end(out);
            if (webSocketKey != null) {
                text(out, KEY);
                text(out, webSocketKey);
                end(out);
            }
        } else if (head.takesTrailers) {
            text(out, TRAILERS);
        }
        if (head.expectsContinue) {
            text(out, EXPECT);
        }
        Body body = Body.NONE;
        if (head.contentLength < 0) {
            text(out, CHUNKED);
            body = Body.CHUNKED;
        } else if (head.contentLength > 0 || hasMeaningfulBody(head.method)) {
            length(out, head.contentLength);
            body = Body.PLAIN;
        }
        end(out);
        return body;
    }

    /** RFC 9110 section 8.6: whether a length of 0 is to be said. */
    private static boolean hasMeaningfulBody(String method) {
        return switch (method) {
            case "POST", "PUT", "PATCH" -> true;
            default -> false;
        };
    }

    private static void length(ByteBuf out, long length) {
        text(out, LENGTH);
        decimal(out, length);
        end(out);
    }

    static void informational(ByteBuf out, ResponseHead head) {
        status(out, head);
        head.fields.writeLines(out);
        end(out);
    }

    /**
     * @param minorVersion the client's
     * @param keepAlive whether the connection goes on where it can
     * @param tunnel whether HTTP ends with the head
     */
    static Body response(
            ByteBuf out, ResponseHead head, int minorVersion, boolean keepAlive, boolean tunnel) {
        status(out, head);
        head.fields.writeLines(out);
        Body body = Body.PLAIN;
        if (head.status == 101) {
            text(out, UPGRADE);
            text(out, head.upgrade == null ? "" : head.upgrade);
            end(out);
            end(out);
            return body;
        }
        if (tunnel) {
            end(out);
            return body;
        }
        boolean stays = keepAlive;
        if (head.contentLength >= 0) {
            if (head.status != 204) {
                length(out, head.contentLength);
            }
        } else if (!head.bodiless) {
            if (minorVersion > 0) {
                text(out, CHUNKED);
                body = Body.CHUNKED;
            } else {
                stays = false;
            }
        }
        if (!stays) {
            text(out, CLOSE);
        } else if (minorVersion == 0) {
            text(out, KEEP_ALIVE);
        }
        end(out);
        return head.bodiless ? Body.NONE : body;
    }

    private static void status(ByteBuf out, ResponseHead head) {
        if (head.status == 200 && head.phrase.equals("OK")) {
            text(out, OK);
            return;
        }
        text(out, VERSION);
        decimal(out, head.status);
        out.writeByte(' ');
        text(out, head.phrase);
        end(out);
    }

    /** What stands before a chunk of some length above 0. */
    static void chunk(ByteBuf out, int length) {
        int digits = (35 - Integer.numberOfLeadingZeros(length)) / 4;
        for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
            out.writeByte(Character.forDigit((length >>> shift) & 0xf, 16));
        }
        end(out);
    }

    static void chunkEnd(ByteBuf out) {
        end(out);
    }

    static void lastChunk(ByteBuf out, Fields trailers) {
        text(out, LAST_CHUNK);
        if (trailers != null) {
            trailers.writeLines(out);
        }
        end(out);
    }

    private static void decimal(ByteBuf out, long number) {
        long power = 1;
        while (number / power >= 10) {
            power *= 10;
        }
        for (; power > 0; power /= 10) {
            out.writeByte((int) ('0' + number / power % 10));
        }
    }
}
