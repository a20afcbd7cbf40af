package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;

/** Whole packets for tests: an IP header around a literal payload. */
public final class Packets {
    public static final String V6_ADDRESSES =
            "20010db8000000000000000000000001 20010db8000000000000000000000002";

    private Packets() {}

    /** From 10.0.0.1 to 192.0.2.2, whole, with a true header checksum. */
    public static ByteBuffer v4(int protocol, String payload) {
        return v4("0000", protocol, "0a000001 c0000202", payload);
    }

    /**
     * @param fragment the word of flags and offset
     */
    public static ByteBuffer v4(String fragment, int protocol, String addresses, String payload) {
        int length = 20 + Hex.of(payload).length() / 2;
        String lengthAndId = "%04x 1c46".formatted(length);
        String rest = "40%02x 0000".formatted(protocol);
        ByteBuffer bytes = Hex.bytes("4500", lengthAndId, fragment, rest, addresses, payload);
        int sum = InternetChecksum.sum(bytes, 0, 20);
        return bytes.putShort(10, (short) InternetChecksum.complement(sum));
    }

    /** From 2001:db8::1 to 2001:db8::2. */
    public static ByteBuffer v6(int nextHeader, String payload) {
        return v6(nextHeader, V6_ADDRESSES, payload);
    }

    public static ByteBuffer v6(int nextHeader, String addresses, String payload) {
        int length = Hex.of(payload).length() / 2;
        String fixed = "60000000 %04x %02x 40".formatted(length, nextHeader);
        return Hex.bytes(fixed, addresses, payload);
    }

    /** A view of a packet that is as it should be. */
    public static IpPacket wrapped(ByteBuffer bytes) {
        IpPacket packet = new IpPacket();
        assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
        return packet;
    }
}
