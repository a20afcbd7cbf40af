package io.culvert.wire;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Literal packets: hexadecimal with spaces where a reader wants them. */
public final class Hex {
    private Hex() {}

    /** A buffer that is exactly these bytes, so that reading beyond them throws. */
    public static ByteBuffer bytes(String... hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(String.join("", hex).replace(" ", "")));
    }

    public static String of(ByteBuffer bytes, int start, int length) {
        byte[] part = new byte[length];
        bytes.get(start, part);
        return HexFormat.of().formatHex(part);
    }

    public static String of(String... hex) {
        return String.join("", hex).replace(" ", "");
    }
}
