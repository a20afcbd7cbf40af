package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Bytes with others around them that nobody may read or write. */
final class Guarded {
    static final int START = 61;

    private static final int BEHIND = 70;

    final ByteBuffer buffer;
    final int length;
    private final byte guard;

    Guarded(byte[] bytes, int guard) {
        this.guard = (byte) guard;
        byte[] all = new byte[START + bytes.length + BEHIND];
        Arrays.fill(all, this.guard);
        buffer = ByteBuffer.wrap(all).put(START, bytes);
        length = bytes.length;
    }

    byte[] bytes() {
        byte[] bytes = new byte[length];
        buffer.get(START, bytes);
        return bytes;
    }

    void restore(byte[] bytes) {
        buffer.put(START, bytes);
    }

    void assertUntouchedAround() {
        for (int i = 0; i < buffer.limit(); i++) {
            if (i < START || i >= START + length) {
                assertEquals(guard, buffer.get(i), "a byte outside the packet, at " + (i - START));
            }
        }
    }
}
