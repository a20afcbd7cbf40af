package com.example.formscan;

import java.util.Arrays;

/** Bytes that were read, and more. */
final class Bytes {
    private Bytes() {}

    static byte[] concat(byte[] first, byte[] second, int from, int to) {
        byte[] all = Arrays.copyOf(first, first.length + to - from);
        System.arraycopy(second, from, all, first.length, to - from);
        return all;
    }

    /** The end of them. */
    static byte[] last(byte[] bytes, int length) {
        return Arrays.copyOfRange(bytes, Math.max(0, bytes.length - length), bytes.length);
    }

    /** Where some stand in others, at or behind an index; negative where they do not. */
    static int find(byte[] in, byte[] what, int from) {
        for (int at = from; at <= in.length - what.length; at++) {
            if (Arrays.equals(in, at, at + what.length, what, 0, what.length)) {
                return at;
            }
        }
        return -1;
    }
}
