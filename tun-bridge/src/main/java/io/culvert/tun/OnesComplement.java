package io.culvert.tun;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Sums for the Internet checksum (RFC 1071). A sum is any {@code long} of sixteen-bit words added
 * up; sums may be added, and {@link #fold} makes the checksum's sixteen bits of one.
 */
final class OnesComplement {
    private static final boolean SWAP = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    private static final VarHandle LONGS =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final VarHandle INTS =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle SHORTS =
            MethodHandles.byteBufferViewVarHandle(short[].class, ByteOrder.nativeOrder());

    private static final long LOW = 0xffff_ffffL;

    private OnesComplement() {}

    /**
     * The sum of {@code length} bytes from the absolute index {@code from}, below 2^16; an odd last
     * byte is padded with zero.
     */
    static int sum(ByteBuffer bytes, int from, int length) {
        // In the machine's order, eight bytes a step: RFC 1071 section 2, parts B and C. 32-bit
        // halves in a 64-bit sum have room for every carry of 2^31 steps.
        long even = 0;
        long odd = 0;
        int at = from;
        int end = from + length;
        for (; at + 2 * Long.BYTES <= end; at += 2 * Long.BYTES) {
            long first = (long) LONGS.get(bytes, at);
            long second = (long) LONGS.get(bytes, at + Long.BYTES);
            even += (first & LOW) + (first >>> 32);
            odd += (second & LOW) + (second >>> 32);
        }
        long sum = even + odd;
        for (; at + Integer.BYTES <= end; at += Integer.BYTES) {
            sum += (int) INTS.get(bytes, at) & LOW;
        }
        if (at + Short.BYTES <= end) {
            sum += (short) SHORTS.get(bytes, at) & 0xffff;
            at += Short.BYTES;
        }
        if (at < end) {
            int last = bytes.get(at) & 0xff;
            sum += SWAP ? last : last << 8;
        }
        int folded = fold(sum);
        return SWAP ? Short.reverseBytes((short) folded) & 0xffff : folded;
    }

    /** The sixteen bits of a sum, which may not be negative. */
    static int fold(long sum) {
        long folded = (sum & LOW) + (sum >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        return (int) ((folded & 0xffff) + (folded >>> 16));
    }

    /** What takes {@code word} out of a sum to which it is added. */
    static int minus(int word) {
        return ~word & 0xffff;
    }
}
