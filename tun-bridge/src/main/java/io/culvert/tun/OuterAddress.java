package io.culvert.tun;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/** An address as two longs, IPv4 in mapped form (RFC 4291 section 2.5.5.2), made of Java's own. */
final class OuterAddress {
    private static final long MAPPED = 0xffff_0000_0000L;

    /** RFC 791 section 3.1, RFC 8200 section 3. */
    private static final int IPV4_DESTINATION = 16;

    private static final int IPV6_DESTINATION = 24;

    private OuterAddress() {}

    static long high(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == Integer.BYTES ? 0 : ByteBuffer.wrap(bytes).getLong();
    }

    static long low(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == Integer.BYTES
                ? MAPPED | Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt())
                : ByteBuffer.wrap(bytes).getLong(Long.BYTES);
    }

    /** Whether a packet, which has a whole IP header, is sent there. */
    static boolean isDestination(Packet packet, long high, long low) {
        ByteBuffer bytes = packet.bytes();
        if (UpperLayer.version(packet) == 6) {
            int at = Packet.OFFSET + IPV6_DESTINATION;
            return bytes.getLong(at) == high && bytes.getLong(at + Long.BYTES) == low;
        }
        int address = bytes.getInt(Packet.OFFSET + IPV4_DESTINATION);
        return high == 0 && low == (MAPPED | Integer.toUnsignedLong(address));
    }
}
