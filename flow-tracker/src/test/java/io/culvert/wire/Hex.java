package io.culvert.wire;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Literal packets: hexadecimal with spaces where a reader wants them. */
final class Hex {
    private Hex() {}

    /** A buffer that is exactly these bytes, so that reading beyond them throws. */
    static ByteBuffer bytes(String... hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(String.join("", hex).replace(" ", "")));
    }

    static String of(ByteBuffer bytes, int start, int length) {
        byte[] part = new byte[length];
        bytes.get(start, part);
        return HexFormat.of().formatHex(part);
    }

    static String of(String... hex) {
        return String.join("", hex).replace(" ", "");
    }
}
