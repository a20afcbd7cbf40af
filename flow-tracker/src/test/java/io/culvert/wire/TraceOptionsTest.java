package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;

class TraceOptionsTest {
    private static final int ADDRESS = 0xc0000008;
    private static final long NOW = 0x1234_5678L * 1_000_000;

    /** A packet of 8 bytes of UDP with options, its header checksum true. */
    private static ByteBuffer packet(String options) {
        int length = Hex.of(options).length() / 2;
        ByteBuffer bytes =
                Hex.bytes(
                        "%02x0000%02x 00000000 40110000 0a000001 c0000202 %s 0001000200080000"
                                .formatted(0x40 | 5 + length / 4, 28 + length, options));
        Ipv4Header.renewChecksum(bytes, 0, 20 + length);
        return bytes;
    }

    private static boolean enter(ByteBuffer bytes) {
        boolean sound = TraceOptions.enter(Packets.wrapped(bytes), ADDRESS, NOW);
        // Wrapping checks the header's checksum.
        Packets.wrapped(bytes);
        return sound;
    }

    private static String options(ByteBuffer bytes) {
        return Hex.of(bytes, 20, ((bytes.get(0) & 0xf) - 5) * 4);
    }

    /** Before; after. */
    @ParameterizedTest
    @CsvSource({
        // The first of two places, the second, and none.
        "07 0b 04 00000000 00000000 00, 07 0b 08 c0000008 00000000 00",
        "01 07 0b 08 0a000009 00000000, 01 07 0b 0c 0a000009 c0000008",
        "07 07 08 0a000009 00, 07 07 08 0a000009 00",
    })
    @Tag("rfc1812-5.3.13.5")
    void recordsTheRouterOnTheRoute(String before, String after) {
        ByteBuffer bytes = packet(before);

        assertTrue(enter(bytes));
        assertEquals(Hex.of(after), options(bytes));
    }

    @ParameterizedTest
    @CsvSource({
        // Times alone; with addresses; full; for routers that the sender has named.
        "44 0c 05 00 00000000 00000000, 44 0c 09 00 92345678 00000000",
        "44 0c 05 01 00000000 00000000, 44 0c 0d 01 c0000008 92345678",
        "44 08 09 20 01020304, 44 08 09 30 01020304",
        "44 0c 05 03 0a000009 00000000, 44 0c 05 03 0a000009 00000000",
    })
    @Tag("rfc1812-5.3.13.6")
    void leavesATimestamp(String before, String after) {
        ByteBuffer bytes = packet(before);

        assertTrue(enter(bytes));
        assertEquals(Hex.of(after), options(bytes));
    }

    /** RFC 791 section 3.1: room for a part of an entry, a pointer before the first; overflow. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "07 06 04 000000 0000",
                "07 07 03 00000000 00",
                "07 02 00 00",
                "44 06 05 00 0000 0000",
                "44 08 05 01 00000000",
                "44 08 04 00 00000000",
                "44 03 00 00",
                "44 08 09 f0 01020304",
            })
    @Tag("rfc1812-5.3.13.5")
    @Tag("rfc1812-5.3.13.6")
    void findsFaultWithAnOptionThatContradictsItself(String options) {
        assertFalse(enter(packet(options)));
    }

    @Test
    void leavesEveryOtherPacketAsItIs() {
        for (String options : new String[] {"", "94040000", "01010100", "5e041234"}) {
            ByteBuffer bytes = packet(options);
            ByteBuffer before =
                    ByteBuffer.allocate(bytes.capacity()).put(0, bytes, 0, bytes.capacity());
            assertTrue(enter(bytes));
            assertEquals(before, bytes);
        }
        ByteBuffer six = Packets.v6(17, "0001 0002 0008 ffff");
        ByteBuffer before = ByteBuffer.allocate(six.capacity()).put(0, six, 0, six.capacity());
        assertTrue(TraceOptions.enter(Packets.wrapped(six), ADDRESS, NOW));
        assertEquals(before, six);
    }
}
