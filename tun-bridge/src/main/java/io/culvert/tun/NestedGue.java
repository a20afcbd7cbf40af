package io.culvert.tun;

import java.nio.ByteBuffer;

/**
 * How many times a packet is in GUE already. Where the way to a tunnel's peer leads back into that
 * tunnel, or into another that leads back into it, each round puts the packet into GUE once more.
 * RFC 2473 section 6.6 stops that by an option in the outer header; UDP has no such place, so we
 * look at the packet.
 *
 * <p>Plain headers alone are seen, UDP right behind IP and no fragments: such as a tunnel makes.
 * Whatever else goes round is stopped by the MTU, since it grows each time. Stateless.
 */
final class NestedGue {
    private static final int IPV4_HEADER = 20;
    private static final int IPV4_PROTOCOL = 9;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_FRAGMENT_MASK = 0x3fff;
    private static final int IPV6_HEADER = 40;
    private static final int IPV6_NEXT_HEADER = 6;
    private static final int DESTINATION_PORT = 2;
    private static final int VARIANT_MASK = 0xc0;
    private static final int DIRECT = 0x40;
    private static final int WORDS = 0x1f;
    private static final int NO_UDP = -1;

    private NestedGue() {}

    /**
     * The layers of GUE in a packet, {@link GuePeer#DEEPEST} + 1 for more.
     *
     * @param port that GUE packets go to, besides {@link GueHeader#PORT}
     */
    static int depth(Packet packet, int port) {
        ByteBuffer bytes = packet.bytes();
        int end = Packet.OFFSET + packet.length();
        int at = Packet.OFFSET;
        for (int depth = 0; depth <= GuePeer.DEEPEST; depth++) {
            int udp = udp(bytes, at, end);
            if (udp == NO_UDP) {
                return depth;
            }
            int to = bytes.getShort(udp + DESTINATION_PORT) & 0xffff;
            int inside = udp + UpperLayer.UDP_HEADER;
            if ((to != GueHeader.PORT && to != port) || inside >= end) {
                return depth;
            }
            int first = bytes.get(inside) & 0xff;
            at = inside;
            if ((first & VARIANT_MASK) == 0) {
                at += GueHeader.LENGTH + (first & WORDS) * Integer.BYTES;
            } else if ((first & VARIANT_MASK) != DIRECT) {
                return depth;
            }
        }
        return GuePeer.DEEPEST + 1;
    }

    /** Where the UDP header of the packet is that begins there; or {@link #NO_UDP}. */
    private static int udp(ByteBuffer bytes, int at, int end) {
        if (at + IPV4_HEADER > end) {
            return NO_UDP;
        }
        int first = bytes.get(at) & 0xff;
        int udp;
        int protocol;
        if (first >> 4 == 4) {
            boolean fragment = (bytes.getShort(at + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) != 0;
            protocol = fragment ? 0 : bytes.get(at + IPV4_PROTOCOL) & 0xff;
            udp = at + (first & 0xf) * Integer.BYTES;
        } else {
            protocol = first >> 4 == 6 ? bytes.get(at + IPV6_NEXT_HEADER) & 0xff : 0;
            udp = at + IPV6_HEADER;
        }
        return protocol == UpperLayer.UDP && udp + UpperLayer.UDP_HEADER <= end ? udp : NO_UDP;
    }
}
