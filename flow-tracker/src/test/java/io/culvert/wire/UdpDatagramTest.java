package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class UdpDatagramTest {
    private static final int AT = 3;
    private static final IpAddress A = IpAddress.parse("10.0.0.1");
    private static final IpAddress B = IpAddress.parse("192.0.2.2");
    private static final IpAddress A6 = IpAddress.parse("2001:db8::1");
    private static final IpAddress B6 = IpAddress.parse("2001:db8::2");

    private final ByteBuffer into = ByteBuffer.allocate(70_000);

    @Test
    void buildsAnIpv4Packet() {
        assertEquals(31, write(B, A, Hex.bytes("00 616263 00"), 1, 3, false));
        assertEquals(
                Hex.of("45b8001f 00004000 3f116f13 c0000202 0a000001")
                        + Hex.of("0035 c001 000b af3b 616263"),
                Hex.of(into, AT, 31));
    }

    @Test
    void buildsAnIpv6Packet() {
        assertEquals(51, write(B6, A6, Hex.bytes("616263"), 0, 3, false));
        assertEquals(
                Hex.of("6b800000 000b 11 3f 20010db8000000000000000000000002")
                        + Hex.of("20010db8000000000000000000000001 0035 c001 000b 1fca 616263"),
                Hex.of(into, AT, 51));
    }

    @Test
    void leavesAPartialChecksumToTheDevice() {
        assertEquals(31, write(B, A, Hex.bytes("616263"), 0, 3, true));
        assertEquals("cc1f", Hex.of(into, AT + 26, 2));
        assertEquals(51, write(B6, A6, Hex.bytes("616263"), 0, 3, true));
        assertEquals("5b91", Hex.of(into, AT + 46, 2));
    }

    @Test
    void sendsAChecksumOfZeroAsAllOnes() {
        assertEquals(30, write(B, A, Hex.bytes("73a0"), 0, 2, false));
        assertEquals("ffff", Hex.of(into, AT + 26, 2));
        assertEquals(50, write(B6, A6, Hex.bytes("e42e"), 0, 2, false));
        assertEquals("ffff", Hex.of(into, AT + 46, 2));
    }

    @Test
    void takesAPayloadFromWhereverItIs() {
        int length = write(B, A, Hex.bytes("616263"), 0, 3, false);
        String expected = Hex.of(into, AT, length);

        int place = AT + UdpDatagram.payloadOffset(A.high(), A.low());
        into.put(place, Hex.bytes("616263").array());
        write(B, A, into, place, 3, false);
        assertEquals(expected, Hex.of(into, AT, length), "in place");

        into.put(AT + 1, Hex.bytes("616263").array());
        write(B, A, into, AT + 1, 3, false);
        assertEquals(expected, Hex.of(into, AT, length), "where the headers go");
    }

    @Test
    void buildsTheLongestPacketAndNoneBeyond() {
        ByteBuffer payload = ByteBuffer.allocate(65_536);

        assertEquals(65_535, write(B, A, payload, 0, 65_507, false));
        assertTrue(wrapped(65_535).transportChecksumValid());
        assertEquals(0, write(B, A, payload, 0, 65_508, false));
        assertEquals(65_575, write(B6, A6, payload, 0, 65_527, false));
        assertTrue(wrapped(65_575).transportChecksumValid());
        assertEquals(0, write(B6, A6, payload, 0, 65_528, false));
        assertEquals(28, write(B, A, payload, 0, 0, false));
        assertTrue(wrapped(28).transportChecksumValid());
    }

    private IpPacket wrapped(int length) {
        IpPacket packet = new IpPacket();
        assertEquals(Defect.NONE, packet.wrap(into, AT, length));
        return packet;
    }

    private int write(
            IpAddress from,
            IpAddress to,
            ByteBuffer payload,
            int start,
            int length,
            boolean partial) {
        return UdpDatagram.write(
                from.high(),
                from.low(),
                53,
                to.high(),
                to.low(),
                0xc001,
                63,
                0xb8,
                payload,
                start,
                length,
                partial,
                into,
                AT);
    }
}
