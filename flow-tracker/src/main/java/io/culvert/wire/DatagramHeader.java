package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * The IP header of a datagram that is put together from its fragments (RFC 791 section 3.2, RFC
 * 8200 section 4.5): the first fragment's, with its options or with the extension headers before
 * the fragment header, less what made it a fragment.
 */
public final class DatagramHeader {
    /** RFC 791 section 3.1, Total Length; RFC 8200 section 3, Payload Length. */
    public static final int LONGEST = 65_535;

    private static final int CONGESTION_EXPERIENCED = 3;

    private DatagramHeader() {}

    /** Bytes of the header, of which each fragment has one. */
    public static int length(IpPacket fragment) {
        int before = fragment.fragmentDataOffset() - fragment.start();
        return fragment.version() == 4 ? before : before - Ipv6Header.FRAGMENT_LENGTH;
    }

    /** How many of them the length field counts, that {@link #LONGEST} is the most of. */
    public static int countedLength(IpPacket fragment) {
        int length = length(fragment);
        return fragment.version() == 4 ? length : length - Ipv6Header.LENGTH;
    }

    /** What the fragment says that the datagram's data begins with. */
    public static int nextHeader(IpPacket fragment) {
        return fragment.version() == 4
                ? fragment.protocol()
                : fragment.bytes().get(fragment.ipv6().fragmentHeader()) & 0xff;
    }

    /**
     * Takes the header out of the first fragment.
     *
     * @param into {@link #length} bytes are enough
     */
    public static void copy(IpPacket first, byte[] into) {
        first.bytes().get(first.start(), into, 0, length(first));
        if (first.version() == 6) {
            into[first.ipv6().fragmentNextHeaderField() - first.start()] = (byte) nextHeader(first);
        }
    }

    /**
     * Makes a copied header that of the whole: lengths, fragment field, checksum.
     *
     * @param at absolute index of the header
     * @param length of the header
     * @param data bytes of the datagram behind it
     * @param dontFragment RFC 6864 section 4.3: nobody on the way may clear DF
     * @param congestionExperienced RFC 3168 section 5.3: sets the codepoint CE
     */
    public static void complete(
            ByteBuffer bytes,
            int at,
            int length,
            int data,
            boolean dontFragment,
            boolean congestionExperienced) {
        if (bytes.get(at) >>> 4 == 4) {
            complete4(bytes, at, length, data, dontFragment);
            if (congestionExperienced) mark(bytes, at + 1, CONGESTION_EXPERIENCED);
            Ipv4Header.renewChecksum(bytes, at, length);
        } else {
            int payload = length - Ipv6Header.LENGTH + data;
            bytes.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) payload);
            if (congestionExperienced) mark(bytes, at + 1, CONGESTION_EXPERIENCED << 4);
        }
    }

    private static void complete4(
            ByteBuffer bytes, int at, int length, int data, boolean dontFragment) {
        bytes.putShort(at + Ipv4Header.TOTAL_LENGTH, (short) (length + data));
        // RFC 1812 section 5.2.5: a reserved bit is passed on as it came.
        int reserved = bytes.getShort(at + Ipv4Header.FRAGMENT) & Ipv4Header.RESERVED_BIT;
        int flags = dontFragment ? Ipv4Header.DONT_FRAGMENT_BIT : 0;
        bytes.putShort(at + Ipv4Header.FRAGMENT, (short) (reserved | flags));
    }

    private static void mark(ByteBuffer bytes, int at, int bits) {
        bytes.put(at, (byte) (bytes.get(at) | bits));
    }
}
