package io.culvert.fuzz;

import java.nio.ByteBuffer;

/** A transport's bytes behind an IP header, between addresses that could be anybody's. */
final class Segments {
    private static final byte[] IPV6_ADDRESSES =
            Seeds.hex("fd000001000000000000000000000002 fd000002000000000000000000000002");
    private static final byte[] IPV4_ADDRESSES = Seeds.hex("0a010002 0a020002");

    private Segments() {}

    static byte[] of(boolean ipv6, int protocol, byte[] transport) {
        return ipv6 ? ipv6(protocol, transport) : ipv4(protocol, transport);
    }

    static byte[] ipv4(int protocol, byte[] transport) {
        ByteBuffer packet = ByteBuffer.allocate(20 + transport.length);
        packet.put(0, (byte) 0x45).putShort(2, (short) packet.capacity());
        packet.put(8, (byte) 64).put(9, (byte) protocol).put(12, IPV4_ADDRESSES);
        packet.putShort(10, (short) ~PlainSum.of(packet.array(), 0, 20));
        return packet.put(20, transport).array();
    }

    static byte[] ipv6(int protocol, byte[] transport) {
        ByteBuffer packet = ByteBuffer.allocate(40 + transport.length);
        packet.put(0, (byte) 0x60).putShort(4, (short) transport.length);
        packet.put(6, (byte) protocol).put(7, (byte) 64).put(8, IPV6_ADDRESSES);
        return packet.put(40, transport).array();
    }
}
