package io.culvert.gateway.detect;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes ClientHellos, right ones and wrong ones. */
final class Hello {
    private final ByteArrayOutputStream extensions = new ByteArrayOutputStream();
    private int sessionId = 32;

    /** Bytes of numbers, texts and byte arrays, one after the other; a number is one byte. */
    static byte[] bytes(Object... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Object part : parts) {
            switch (part) {
                case Integer octet -> all.write(octet);
                case String text -> all.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
                case byte[] more -> all.writeBytes(more);
                default -> throw new IllegalArgumentException(part.toString());
            }
        }
        return all.toByteArray();
    }

    /** With its length before it, in so many bytes. */
    static byte[] sized(int octets, byte[] what) {
        byte[] all = new byte[octets + what.length];
        for (int i = 0; i < octets; i++) {
            all[i] = (byte) (what.length >>> (8 * (octets - 1 - i)));
        }
        System.arraycopy(what, 0, all, octets, what.length);
        return all;
    }

    Hello sessionId(int length) {
        sessionId = length;
        return this;
    }

    Hello extension(int type, byte[] data) {
        extensions.writeBytes(bytes(type >>> 8, type & 0xff, sized(2, data)));
        return this;
    }

    Hello serverName(String name) {
        return extension(0, sized(2, bytes(0, sized(2, bytes(name)))));
    }

    Hello alpn(String... names) {
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        for (String name : names) {
            list.writeBytes(sized(1, bytes(name)));
        }
        return extension(16, sized(2, list.toByteArray()));
    }

    Hello versions(int... versions) {
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        for (int version : versions) {
            list.writeBytes(bytes(version >>> 8, version & 0xff));
        }
        return extension(43, sized(1, list.toByteArray()));
    }

    /** The handshake message. */
    byte[] message() {
        byte[] body =
                bytes(
                        3,
                        3,
                        new byte[32],
                        sized(1, new byte[sessionId]),
                        sized(2, bytes(0x13, 0x01, 0x13, 0x02)),
                        sized(1, bytes(0)),
                        sized(2, extensions.toByteArray()));
        return bytes(1, sized(3, body));
    }

    /** In one record. */
    byte[] record() {
        return record(message());
    }

    static byte[] record(byte[] fragment) {
        return bytes(22, 3, 1, sized(2, fragment));
    }
}
