package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class EchoMessageTest {
    private static final int AT = 3;
    private static final IpAddress A = IpAddress.parse("10.0.0.1");
    private static final IpAddress B = IpAddress.parse("192.0.2.2");
    private static final IpAddress A6 = IpAddress.parse("2001:db8::1");
    private static final IpAddress B6 = IpAddress.parse("2001:db8::2");

    private final ByteBuffer into = ByteBuffer.allocate(70_000);

    @Test
    void buildsAnIpv4ReplyAndRequest() {
        String header = Hex.of("4500001f 00004000 40016edb c0000202 0a000001");

        assertEquals(31, write(false, B, A, Hex.bytes("00 616263"), 1, 3));
        assertEquals(header + Hex.of("0000 2962 1234 0007 616263"), Hex.of(into, AT, 31));
        assertEquals(31, write(true, B, A, Hex.bytes("00 616263"), 1, 3));
        assertEquals(header + Hex.of("0800 2162 1234 0007 616263"), Hex.of(into, AT, 31));
    }

    @Test
    void buildsAnIpv6ReplyAndRequest() {
        String header =
                Hex.of("60000000 000b 3a 40 20010db8000000000000000000000002")
                        + Hex.of("20010db8000000000000000000000001");

        assertEquals(51, write(false, B6, A6, Hex.bytes("616263"), 0, 3));
        assertEquals(header + Hex.of("8100 4ca7 1234 0007 616263"), Hex.of(into, AT, 51));
        assertEquals(51, write(true, B6, A6, Hex.bytes("616263"), 0, 3));
        assertEquals(header + Hex.of("8000 4da7 1234 0007 616263"), Hex.of(into, AT, 51));
    }

    @Test
    void takesAPayloadThatIsInPlace() {
        into.put(AT + EchoMessage.payloadOffset(A.high(), A.low()), Hex.bytes("616263").array());

        assertEquals(31, write(false, B, A, into, AT + 28, 3));
        assertEquals(Hex.of("0000 2962 1234 0007 616263"), Hex.of(into, AT + 20, 11));
    }

    @Test
    void buildsNothingTooLongForAPacket() {
        ByteBuffer payload = ByteBuffer.allocate(65_536);

        assertEquals(65_535, write(false, B, A, payload, 0, 65_507));
        assertEquals(0, write(false, B, A, payload, 0, 65_508));
        assertEquals(65_575, write(false, B6, A6, payload, 0, 65_527));
        assertEquals(0, write(false, B6, A6, payload, 0, 65_528));
    }

    private int write(
            boolean request,
            IpAddress from,
            IpAddress to,
            ByteBuffer payload,
            int start,
            int length) {
        return EchoMessage.write(
                request,
                from.high(),
                from.low(),
                to.high(),
                to.low(),
                0x1234,
                7,
                64,
                0,
                payload,
                start,
                length,
                into,
                AT);
    }
}
