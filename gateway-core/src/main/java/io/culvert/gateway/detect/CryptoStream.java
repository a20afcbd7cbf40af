package io.culvert.gateway.detect;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The handshake's bytes of one QUIC flight, which come in any order, twice and in pieces (RFC 9000
 * section 19.6). What overlaps has to be the same; else it is no flight of an honest client, and a
 * server might read the other half.
 *
 * <p>Confined to one thread.
 */
final class CryptoStream {
    private final BitSet has = new BitSet();
    private byte[] bytes = new byte[0];

    /**
     * Takes a piece in.
     *
     * @param from where it is in {@code source}
     * @param at where it belongs
     * @return whether it fits, by its place and by what is there already
     */
    boolean put(byte[] source, int from, int length, long at) {
        if (at + length > FirstBytes.MOST) {
            return false;
        }
        int place = (int) at;
        int end = place + length;
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, 2 * bytes.length));
        }
        for (int i = has.nextSetBit(place); i >= 0 && i < end; i = has.nextSetBit(i + 1)) {
            if (bytes[i] != source[from + i - place]) {
                return false;
            }
        }
        System.arraycopy(source, from, bytes, place, length);
        has.set(place, end);
        return true;
    }

    /** What is there from the first byte on without a gap. */
    ByteBuffer beginning() {
        return ByteBuffer.wrap(bytes, 0, has.nextClearBit(0));
    }
}
