package io.culvert.tun;

import java.nio.ByteBuffer;

/**
 * Finds the transport header of a packet behind IPv4 options and IPv6 extension headers, as far as
 * offloads need it: fragments have none. Answers one {@code int}, so that nothing is allocated.
 */
final class UpperLayer {
    /** The packet is too short or lies about its lengths, is a fragment, or hides the header. */
    static final int NONE = -1;

    static final int TCP = 6;
    static final int UDP = 17;

    /** RFC 9293 section 3.1, RFC 768. */
    static final int TCP_HEADER = 20;

    static final int UDP_HEADER = 8;
    static final int TCP_CHECKSUM = 16;
    static final int UDP_CHECKSUM = 6;
    private static final int TCP_DATA_OFFSET = 12;

    /** RFC 791 section 3.1. */
    private static final int IPV4_HEADER = 20;

    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_FRAGMENT_MASK = 0x3fff;
    private static final int IPV4_PROTOCOL = 9;

    /** RFC 8200 sections 3 and 4. */
    private static final int IPV6_HEADER = 40;

    private static final int IPV6_NEXT_HEADER = 6;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int DESTINATION_OPTIONS = 60;

    private UpperLayer() {}

    /** 4, 6, or whatever the first four bits are; 0 for an empty packet. */
    static int version(Packet packet) {
        return packet.length() == 0 ? 0 : packet.bytes().get(Packet.OFFSET) >> 4 & 0xf;
    }

    /** For {@link #start} and {@link #protocol}; or {@link #NONE}. */
    static int find(Packet packet) {
        return switch (version(packet)) {
            case 4 -> ipv4(packet.bytes(), packet.length());
            case 6 -> ipv6(packet.bytes(), packet.length());
            default -> NONE;
        };
    }

    /** Bytes from the IP header's first to the transport header's. */
    static int start(int found) {
        return found >>> 8;
    }

    static int protocol(int found) {
        return found & 0xff;
    }

    /**
     * Bytes of IP and transport header together, all inside the packet; {@link #NONE} where the
     * transport is neither TCP nor UDP or the header is cut off.
     */
    static int headerLength(Packet packet, int found) {
        int start = start(found);
        int room = packet.length() - start;
        if (protocol(found) == UDP) {
            return room < UDP_HEADER ? NONE : start + UDP_HEADER;
        }
        if (protocol(found) != TCP || room < TCP_HEADER) {
            return NONE;
        }
        int words = packet.bytes().get(Packet.OFFSET + start + TCP_DATA_OFFSET) >> 4 & 0xf;
        int length = words * Integer.BYTES;
        return length < TCP_HEADER || length > room ? NONE : start + length;
    }

    private static int ipv4(ByteBuffer bytes, int length) {
        int headerLength = (bytes.get(Packet.OFFSET) & 0xf) * Integer.BYTES;
        if (headerLength < IPV4_HEADER
                || headerLength > length
                || (bytes.getShort(Packet.OFFSET + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) != 0) {
            return NONE;
        }
        return headerLength << 8 | (bytes.get(Packet.OFFSET + IPV4_PROTOCOL) & 0xff);
    }

    private static int ipv6(ByteBuffer bytes, int length) {
        if (length < IPV6_HEADER) {
            return NONE;
        }
        int at = IPV6_HEADER;
        int next = bytes.get(Packet.OFFSET + IPV6_NEXT_HEADER) & 0xff;
        while (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION_OPTIONS) {
            if (at + Long.BYTES > length) {
                return NONE;
            }
            next = bytes.get(Packet.OFFSET + at) & 0xff;
            // RFC 8200 section 4.2: in units of eight bytes, the first not counted.
            at += ((bytes.get(Packet.OFFSET + at + 1) & 0xff) + 1) * Long.BYTES;
        }
        return at > length ? NONE : at << 8 | next;
    }
}
