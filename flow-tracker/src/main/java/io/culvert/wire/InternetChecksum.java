package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * <p>A <em>sum</em> here is the ones-complement sum of 16-bit words, folded to 16 bits; the
 * <em>checksum</em> in a header is its complement. A <em>partial</em> checksum is what a device
 * with checksum offload finishes: the field holds the sum of the pseudo-header, not complemented.
 *
 * <p>In ones-complement arithmetic 0000 and ffff are both zero. A sum is 0000 only where every word
 * was; so a checksum is ffff only there, and what RFC 1624's equation 3 answers agrees with that.
 */
public final class InternetChecksum {
    private InternetChecksum() {}

    /**
     * The folded sum of {@code length} bytes, an odd last one padded with zero (RFC 1071 section
     * 1). {@code start} counts as even wherever it is.
     *
     * @param bytes big-endian
     * @return 0 to ffff; over data that holds its own true checksum, ffff
     */
    public static int sum(ByteBuffer bytes, int start, int length) {
        // RFC 1071 section 2 (C): wider words sum to the same; halves of 32 bits leave the upper
        // half of the long for 2^32 carries.
        long sum = 0;
        int at = start;
        int end = start + length;
        for (int last = end - 32; at <= last; at += 32) {
            long a = bytes.getLong(at);
            long b = bytes.getLong(at + 8);
            long c = bytes.getLong(at + 16);
            long d = bytes.getLong(at + 24);
            sum += (a >>> 32) + (a & 0xffff_ffffL) + (b >>> 32) + (b & 0xffff_ffffL);
            sum += (c >>> 32) + (c & 0xffff_ffffL) + (d >>> 32) + (d & 0xffff_ffffL);
        }
        for (int last = end - 8; at <= last; at += 8) {
            long a = bytes.getLong(at);
            sum += (a >>> 32) + (a & 0xffff_ffffL);
        }
        if (end - at >= 4) {
            sum += bytes.getInt(at) & 0xffff_ffffL;
            at += 4;
        }
        if (end - at >= 2) {
            sum += bytes.getShort(at) & 0xffff;
            at += 2;
        }
        if (end > at) sum += (bytes.get(at) & 0xff) << 8;
        return fold(sum);
    }

    /** The sum of two sums. */
    public static int add(int sum, int other) {
        int total = sum + other;
        return (total & 0xffff) + (total >>> 16);
    }

    /** What belongs in a checksum field whose header and data, pseudo-header included, sum so. */
    public static int complement(int sum) {
        return ~sum & 0xffff;
    }

    /**
     * The sum of a pseudo-header: RFC 9293 section 3.1 and RFC 768 for IPv4, RFC 8200 section 8.1
     * for IPv6. One formula serves both, for the mapped form adds ffff to an IPv4 address, and that
     * is zero.
     *
     * @param length bytes of transport header and payload
     */
    public static int pseudoHeader(
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int protocol,
            int length) {
        long sum = halves(sourceHigh) + halves(sourceLow);
        sum += halves(destinationHigh) + halves(destinationLow);
        return fold(sum + protocol + length);
    }

    /**
     * The checksum after a 16-bit word it covers has changed: RFC 1624 section 3, equation 3, HC' =
     * ~(~HC + ~m + m').
     */
    public static int replace(int checksum, int oldWord, int newWord) {
        return ~foldInt((~checksum & 0xffff) + (~oldWord & 0xffff) + (newWord & 0xffff)) & 0xffff;
    }

    /** As {@link #replace}, of a 32-bit value at an even offset. */
    public static int replace32(int checksum, int oldValue, int newValue) {
        return ~foldInt((~checksum & 0xffff) + words(~oldValue) + words(newValue)) & 0xffff;
    }

    /** As {@link #replace}, of a 64-bit value at an even offset. */
    public static int replace64(int checksum, long oldValue, long newValue) {
        return ~fold((~checksum & 0xffff) + halves(~oldValue) + halves(newValue)) & 0xffff;
    }

    /** A partial checksum after a 32-bit value of the pseudo-header has changed. */
    public static int replacePartial32(int partial, int oldValue, int newValue) {
        return foldInt((partial & 0xffff) + words(~oldValue) + words(newValue));
    }

    /** A partial checksum after a 64-bit value of the pseudo-header has changed. */
    public static int replacePartial64(int partial, long oldValue, long newValue) {
        return fold((partial & 0xffff) + halves(~oldValue) + halves(newValue));
    }

    private static int words(int value) {
        return (value >>> 16) + (value & 0xffff);
    }

    private static long halves(long value) {
        return (value >>> 32) + (value & 0xffff_ffffL);
    }

    static int fold(long sum) {
        long half = (sum >>> 32) + (sum & 0xffff_ffffL);
        long word = (half >>> 32) + ((half >>> 16) & 0xffff) + (half & 0xffff);
        return foldInt((int) word);
    }

    private static int foldInt(int sum) {
        int once = (sum >>> 16) + (sum & 0xffff);
        return (once >>> 16) + (once & 0xffff);
    }
}
