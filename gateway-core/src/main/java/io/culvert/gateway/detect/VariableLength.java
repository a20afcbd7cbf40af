package io.culvert.gateway.detect;

/**
 * Reads bytes with QUIC's integers of one, two, four or eight bytes among them, RFC 9000 section
 * 16. What goes over the end is broken from then on, and reads as 0.
 */
final class VariableLength {
    private final byte[] bytes;
    private final int end;
    private int at;
    private boolean broken;

    VariableLength(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        at = from;
        end = to;
    }

    byte[] bytes() {
        return bytes;
    }

    boolean hasMore() {
        return !broken && at < end;
    }

    boolean isBroken() {
        return broken;
    }

    int at() {
        return at;
    }

    /** 0 to 2^62 - 1. */
    long next() {
        if (broken || at == end) {
            broken = true;
            return 0;
        }
        int length = 1 << ((bytes[at] & 0xff) >>> 6);
        if (length > end - at) {
            broken = true;
            return 0;
        }
        long value = bytes[at] & 0x3f;
        for (int i = 1; i < length; i++) {
            value = (value << 8) | (bytes[at + i] & 0xff);
        }
        at += length;
        return value;
    }

    /** An integer that is a length of what follows: never more than is left. */
    int length() {
        long length = next();
        if (length > end - at) {
            broken = true;
            return 0;
        }
        return (int) length;
    }

    /** One byte's value. */
    int octet() {
        int from = take(1);
        return broken ? 0 : bytes[from] & 0xff;
    }

    /** Goes over so many bytes. */
    void skip(int length) {
        int unused = take(length);
    }

    /** Goes over so many bytes, and answers where they begin. */
    int take(int length) {
        if (broken || length > end - at) {
            broken = true;
            return 0;
        }
        int from = at;
        at += length;
        return from;
    }
}
