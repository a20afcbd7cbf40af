package io.culvert.gateway.http;

import static io.culvert.gateway.http.Http2Case.bytes;
import static io.culvert.gateway.http.Http2Case.endsConnection;
import static io.culvert.gateway.http.Http2Case.joined;
import static io.culvert.gateway.http.Http2Case.sees;
import static io.netty.handler.codec.http2.Http2Error.COMPRESSION_ERROR;
import static io.netty.handler.codec.http2.Http2Flags.END_HEADERS;
import static io.netty.handler.codec.http2.Http2Flags.END_STREAM;
import static io.netty.handler.codec.http2.Http2FrameTypes.HEADERS;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** RFC 7541: each representation of a field reaches the server, and what is none ends it all. */
final class HpackCases {
    /** {@code GET / HTTP/2} at {@code a}, by indices of the static table (appendix A). */
    private static final byte[] GET = bytes(0x82, 0x86, 0x84, 0x01, 1, 'a');

    private static final String VALUE = "custom-value";

    /** The same and its name in appendix C.4.3's Huffman code, length first. */
    private static final byte[] CODED_VALUE =
            bytes(0x89, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf);

    private static final byte[] CODED_NAME =
            bytes(0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f);

    private HpackCases() {}

    static List<Http2Case> all() {
        List<Http2Case> all = new ArrayList<>();
        all.add(
                sees(
                        "HPACK 6.1: an indexed field",
                        client -> send(client, 1, GET),
                        "HEADERS 1 :status=200",
                        "DATA 1 END hello"));
        // 58 in the static table is user-agent; appendix A.
        literals(all, "6.2.1: a literal that is indexed", bytes(0x7a), bytes(0x40));
        literals(all, "6.2.2: a literal that is not indexed", bytes(0x0f, 0x2b), bytes(0x00));
        literals(all, "6.2.3: a literal that is never indexed", bytes(0x1f, 0x2b), bytes(0x10));
        all.addAll(List.of(tableOfNoSize(), sizesSetTwice(), refersToTheTable()));
        all.addAll(errors());
        return all;
    }

    private static void literals(List<Http2Case> all, String what, byte[] known, byte[] named) {
        byte[] name = text("custom-key");
        byte[] value = text(VALUE);
        all.add(literal(what + ", of a known name", known, value));
        all.add(literal(what + ", of a known name, coded", known, CODED_VALUE));
        all.add(literal(what + ", of a new name", named, name, value));
        all.add(literal(what + ", of a new name, coded", named, CODED_NAME, CODED_VALUE));
    }

    private static Http2Case literal(String what, byte[]... field) {
        return sees(
                "HPACK " + what,
                client -> send(client, 1, joined(GET, joined(field))),
                "HEADERS 1 :status=200",
                "DATA 1 END " + VALUE);
    }

    private static Http2Case tableOfNoSize() {
        return sees(
                "HPACK 6.3: the table's size changes",
                client -> send(client, 1, joined(bytes(0x20), GET)),
                "HEADERS 1 :status=200",
                "DATA 1 END hello");
    }

    /** Section 4.2: the smallest one, and then the last one. */
    private static Http2Case sizesSetTwice() {
        return sees(
                "HPACK 6.3: the table's size changes twice",
                client -> send(client, 1, joined(bytes(0x20, 0x3f, 0xe1, 0x1f), GET)),
                "HEADERS 1 :status=200",
                "DATA 1 END hello");
    }

    private static Http2Case refersToTheTable() {
        return sees(
                "HPACK 2.3.3: a field of the request before",
                client -> {
                    byte[] field = joined(bytes(0x40), text("custom-key"), text(VALUE));
                    send(client, 1, joined(GET, field));
                    String _ = client.until("DATA 1 END " + VALUE);
                    send(client, 3, joined(GET, bytes(0x80 | 62)));
                },
                "HEADERS 3 :status=200",
                "DATA 3 END " + VALUE);
    }

    private static List<Http2Case> errors() {
        return List.of(
                breaks("2.3.3: an index beyond the table", bytes(0x80 | 70)),
                breaks(
                        "2.3.3: a literal whose name has an index beyond the table",
                        joined(bytes(0x7f, 0x07), text(VALUE))),
                breaks("4.2: the table's size changes at the end of a block", bytes(0x20)),
                // Appendix B: 00011 is the letter a, behind which bits of 1 fill the last byte.
                breaks("5.2: padding of more than seven bits", value(0x82, 0x1f, 0xff)),
                breaks("5.2: padding of zeros", value(0x81, 0x18)),
                breaks("5.2: the symbol EOS", value(0x84, 0xff, 0xff, 0xff, 0xff)),
                breaks("6.1: the index 0", bytes(0x80)),
                endsConnection(
                        "HPACK 6.3: a table larger than SETTINGS allows",
                        COMPRESSION_ERROR,
                        client -> send(client, 1, joined(bytes(0x3f, 0xe2, 0x1f), GET))));
    }

    private static byte[] value(int... coded) {
        return joined(bytes(0x00), text("x"), bytes(coded));
    }

    private static Http2Case breaks(String what, byte[] field) {
        return endsConnection(
                "HPACK " + what, COMPRESSION_ERROR, client -> send(client, 1, joined(GET, field)));
    }

    private static void send(FrameScript client, int stream, byte[] block) throws IOException {
        client.frame(HEADERS, END_STREAM | END_HEADERS, stream, block);
    }

    private static byte[] text(String text) {
        return joined(bytes(text.length()), text.getBytes(StandardCharsets.US_ASCII));
    }
}
