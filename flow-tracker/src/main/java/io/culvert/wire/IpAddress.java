package io.culvert.wire;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.regex.Pattern;

/**
 * An address of either family: 16 bytes in two longs, an IPv4 one in mapped form (RFC 4291 section
 * 2.5.5.2).
 *
 * @param high the first eight bytes; 0 for IPv4
 * @param low the last eight bytes; 0000ffffxxxxxxxx for IPv4
 */
public record IpAddress(long high, long low) {
    private static final long MAPPED = 0xffff;

    private static final Pattern IPV4 =
            Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:]*:[0-9a-fA-F:.]*");

    public static IpAddress of(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return bytes.remaining() == 4
                ? ofIpv4(bytes.getInt(0))
                : new IpAddress(bytes.getLong(0), bytes.getLong(8));
    }

    /** The address of 32 bits as they stand in a header, big-endian. */
    public static IpAddress ofIpv4(int address) {
        return new IpAddress(0, (MAPPED << 32) | (address & 0xffff_ffffL));
    }

    /**
     * Reads dotted decimal without leading zeros, or any form of RFC 4291 section 2.2. Names are
     * never looked up.
     *
     * @throws IllegalArgumentException if it is anything else
     */
    public static IpAddress parse(String text) {
        // The patterns keep out what the JDK takes beyond that: 10.1, 010.0.0.1, zones.
        if (!IPV4.matcher(text).matches() && !IPV6.matcher(text).matches()) {
            throw new IllegalArgumentException("no IP address: " + text);
        }
        try {
            return of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("no IP address: " + text, e);
        }
    }

    public static boolean isIpv4(long high, long low) {
        return high == 0 && low >>> 32 == MAPPED;
    }

    /**
     * Whether one host could have the address. Not so: multicast, the unspecified address, for IPv4
     * all of 0/8 (RFC 1122 section 3.2.1.3) and of 240/4, the limited broadcast among it (RFC 1812
     * sections 4.2.2.11 and 5.3.7). {@link #isLoopback} is another question.
     */
    public static boolean isOneHost(long high, long low) {
        if (isIpv4(high, low)) {
            int first = (int) (low >>> 24) & 0xff;
            return first != 0 && first < 224;
        }
        return high >>> 56 != 0xff && (high | low) != 0;
    }

    /** 127/8 (RFC 1122 section 3.2.1.3) and ::1 (RFC 4291 section 2.5.3). */
    public static boolean isLoopback(long high, long low) {
        return isIpv4(high, low) ? ((low >>> 24) & 0xff) == 127 : high == 0 && low == 1;
    }

    /** 169.254/16 (RFC 3927 section 7) and fe80::/10 (RFC 4291 section 2.5.6). */
    public static boolean isLinkLocal(long high, long low) {
        return isIpv4(high, low) ? ((low >>> 16) & 0xffff) == 0xa9fe : high >>> 54 == 0x3fa;
    }

    /** 224/4 and ff00::/8. */
    public static boolean isMulticast(long high, long low) {
        return isIpv4(high, low) ? ((low >>> 28) & 0xf) == 0xe : high >>> 56 == 0xff;
    }

    public boolean isIpv4() {
        return isIpv4(high, low);
    }

    /** See {@link #isOneHost(long, long)}. */
    public boolean isOneHost() {
        return isOneHost(high, low);
    }

    public boolean isLoopback() {
        return isLoopback(high, low);
    }

    public boolean isMulticast() {
        return isMulticast(high, low);
    }

    /** The 32 bits of an IPv4 address, big-endian. */
    public int toIpv4() {
        return (int) low;
    }

    public InetAddress toInetAddress() {
        try {
            if (isIpv4()) {
                return InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(toIpv4()).array());
            }
            byte[] bytes = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
            return Inet6Address.getByAddress(null, bytes, -1);
        } catch (UnknownHostException e) {
            throw new AssertionError("four or sixteen bytes are an address", e);
        }
    }

    /** Dotted decimal, or the canonical form of RFC 5952 section 4. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        if (isIpv4()) {
            for (int shift = 24; shift >= 0; shift -= 8) {
                text.append((toIpv4() >>> shift) & 0xff).append(shift == 0 ? "" : ".");
            }
            return text.toString();
        }
        int zeros = longestZeros();
        for (int i = 0; i < 8; i++) {
            if (i == zeros) {
                text.append("::");
                while (i < 7 && group(i + 1) == 0) i++;
            } else {
                if (i > 0 && text.charAt(text.length() - 1) != ':') text.append(':');
                text.append(Integer.toHexString(group(i)));
            }
        }
        return text.toString();
    }

    private int group(int index) {
        long half = index < 4 ? high : low;
        return (int) (half >>> (48 - 16 * (index & 3))) & 0xffff;
    }

    /** RFC 5952 section 4.2: the first of the longest runs of two or more zero groups, or -1. */
    private int longestZeros() {
        int best = -1;
        int longest = 1;
        for (int i = 0, run = 0; i < 8; i++) {
            run = group(i) == 0 ? run + 1 : 0;
            if (run > longest) {
                longest = run;
                best = i - run + 1;
            }
        }
        return best;
    }
}
