package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;

class GreHeaderTest {
    static final String IPV4 = "4500001c00014000401100000a0000010a0000020001000200080000";
    static final String IPV6 =
            "6000000000083a40"
                    + "20010db8000000000000000000000001"
                    + "20010db8000000000000000000000002"
                    + "8000000000010001";

    private final GreHeader header = new GreHeader();
    private final Packet packet = new Packet();

    /** Key 42 is what {@code ip tunnel add mode gre key 42} sends; the sums were made elsewhere. */
    @ParameterizedTest
    @CsvSource({
        "false, false, false, false, 00000800",
        "false, false, false, true,  10000800 01020304",
        "false, false, true,  false, 20000800 0000002a",
        "false, false, true,  true,  30000800 0000002a 01020304",
        "false, true,  false, false, 80000800 9ec20000",
        "false, true,  false, true,  90000800 8abc0000 01020304",
        "false, true,  true,  false, a0000800 7e980000 0000002a",
        "false, true,  true,  true,  b0000800 6a920000 0000002a 01020304",
        "true,  false, false, false, 000086dd",
        "true,  false, false, true,  100086dd 01020304",
        "true,  false, true,  false, 200086dd 0000002a",
        "true,  false, true,  true,  300086dd 0000002a 01020304",
        "true,  true,  false, false, 800086dd 83610000",
        "true,  true,  false, true,  900086dd 6f5b0000 01020304",
        "true,  true,  true,  false, a00086dd 63370000 0000002a",
        "true,  true,  true,  true,  b00086dd 4f310000 0000002a 01020304",
    })
    @Tag("rfc2784-2.2")
    @Tag("rfc2784-2.3-b")
    @Tag("rfc2784-2.3.1")
    @Tag("rfc2784-2.6")
    @Tag("rfc2784-3")
    void readsAndWritesEveryCombinationOfFields(
            boolean ipv6, boolean checksum, boolean key, boolean sequence, String hex) {
        String inside = ipv6 ? IPV6 : IPV4;
        String bare = hex.replace(" ", "");

        assertEquals(GreOutcome.PACKET, wrap(hex + inside));
        assertEquals(bare.length() / 2, header.length());
        assertEquals(checksum, header.hasChecksum());
        assertEquals(key ? 42 : GreFields.NO_KEY, header.key());
        assertEquals(sequence, header.hasSequenceNumber());
        if (checksum) {
            assertTrue(header.checksumRight());
        }
        if (sequence) {
            assertEquals(0x01020304, header.sequenceNumber());
        }
        header.unwrap(packet);
        assertEquals(inside, Bytes.hex(packet));

        GreFields fields = new GreFields(key ? 42 : GreFields.NO_KEY, checksum, sequence);
        assertEquals(bare.length() / 2, fields.length());
        // What was there before must not matter.
        ByteBuffer bytes = ByteBuffer.wrap(Bytes.of("ff".repeat(fields.length()), inside));
        GreHeader.write(bytes, 0, ipv6, fields, 0x01020304);
        if (checksum) {
            GreHeader.seal(bytes, 0, bytes.capacity());
        }
        assertEquals(bare + inside, HexFormat.of().formatHex(bytes.array()));
    }

    @ParameterizedTest
    @CsvSource({
        "'', TOO_SHORT",
        "000008, TOO_SHORT",
        "20000800, TOO_SHORT",
        "b0000800 00000000 00000000 000000, TOO_SHORT",
        "00000800, INNER_TOO_SHORT",
        "00000800 45, INNER_TOO_SHORT",
        "000086dd 60, INNER_TOO_SHORT",
        // RFC 2637 section 4.1: key, sequence and acknowledgment, and PPP inside
        "3081880b 00040001 00000000 00000000 ff03c021, POINT_TO_POINT",
        "0002 0800, UNKNOWN_VERSION",
        "0007 0800, UNKNOWN_VERSION",
        "40000800 00000000, SOURCE_ROUTE",
        "08000800, RESERVED_FLAG",
        "04000800, RESERVED_FLAG",
        "0c000800, RESERVED_FLAG",
        "00000000, KEEPALIVE_ANSWER",
        "20000000 0000002a, KEEPALIVE_ANSWER",
        "00006558 ffffffffffff 020000000001 0806, ETHERNET",
        "0000883e 00000000 45000014, WEB_CACHE",
        "0000880b ff03c021, UNKNOWN_PROTOCOL",
        "00008847 00010140, UNKNOWN_PROTOCOL",
        "00002000, UNKNOWN_PROTOCOL",
        "00000800 60000000, WRONG_INNER_VERSION",
        "000086dd 45000000, WRONG_INNER_VERSION",
        "00000800 00000000, WRONG_INNER_VERSION",
    })
    @Tag("rfc2784-2.3-a")
    @Tag("rfc2784-2.3.1")
    @Tag("rfc2784-2.4")
    void namesWhatIsWrong(String hex, GreOutcome outcome) {
        assertEquals(outcome, wrap(hex));
    }

    /** RFC 2784 section 2.3: reserved for future use, to be sent as zero and not looked at. */
    @Test
    @Tag("rfc2784-2.3-c")
    void ignoresBitsSixToTwelve() {
        assertEquals(GreOutcome.PACKET, wrap("03f80800" + IPV4));
        assertEquals(4, header.length());
        assertEquals(GreOutcome.PACKET, wrap("23f80800 0000002a" + IPV4));
        assertEquals(42, header.key());
    }

    @Test
    void knowsKeysOfAll32Bits() {
        assertEquals(GreOutcome.PACKET, wrap("20000800 ffffffff" + IPV4));
        assertEquals(4_294_967_295L, header.key());
        assertEquals(GreOutcome.PACKET, wrap("20000800 00000000" + IPV4));
        assertEquals(0, header.key());
        ByteBuffer bytes = ByteBuffer.allocate(8);
        GreHeader.write(bytes, 0, false, GreFields.NONE.withKey(4_294_967_295L), 0);
        assertEquals("20000800ffffffff", HexFormat.of().formatHex(bytes.array()));
        assertThrows(IllegalArgumentException.class, () -> GreFields.NONE.withKey(1L << 32));
        assertThrows(IllegalArgumentException.class, () -> GreFields.NONE.withKey(-2));
    }

    @ParameterizedTest
    @CsvSource({
        "80000800 9ec30000, in the checksum",
        "80000800 9ec20001, in Reserved1",
        "a0000800 7e980000 0000002b, in the key",
        "80000800 00000000, no sum at all",
    })
    void noticesAChecksumThatIsWrong(String hex, String where) {
        assertEquals(GreOutcome.PACKET, wrap(hex + IPV4), where);
        assertFalse(header.checksumRight(), where);
    }

    /** The sum is over the payload too, also where that has an odd length. */
    @Test
    void sumsUpAnOddNumberOfBytes() {
        ByteBuffer bytes = ByteBuffer.wrap(Bytes.of("ff".repeat(8), IPV4, "a5"));
        GreHeader.write(bytes, 0, false, GreFields.NONE.withChecksum(), 0);
        GreHeader.seal(bytes, 0, bytes.capacity());
        assertEquals(GreOutcome.PACKET, header.wrap(bytes, 0, bytes.capacity()));
        assertTrue(header.checksumRight());
        bytes.put(bytes.capacity() - 1, (byte) 0xa4);
        assertFalse(header.checksumRight());
    }

    @Test
    void demandsAWholeInnerHeaderAndNoMore() {
        assertEquals(GreOutcome.INNER_TOO_SHORT, wrap("00000800 45" + "00".repeat(18)));
        assertEquals(GreOutcome.PACKET, wrap("00000800 45" + "00".repeat(19)));
        assertEquals(GreOutcome.INNER_TOO_SHORT, wrap("000086dd 60" + "00".repeat(38)));
        assertEquals(GreOutcome.PACKET, wrap("000086dd 60" + "00".repeat(39)));
    }

    /** Every pair of first bytes, of a few lengths, with IPv4 inside. */
    @Test
    void namesAnOutcomeForEveryStart() {
        Set<GreOutcome> seen = EnumSet.noneOf(GreOutcome.class);
        for (int length : new int[] {3, 4, 15, 16, 36}) {
            // No byte outside may be read.
            ByteBuffer bytes = ByteBuffer.allocate(length);
            for (int first = 0; first < 1 << 16; first++) {
                for (int i = 2; i < length; i++) {
                    bytes.put(i, (byte) 0x45);
                }
                bytes.putShort(0, (short) first);
                if (length > 3) {
                    bytes.putShort(2, (short) 0x0800);
                }
                GreOutcome outcome = header.wrap(bytes, 0, length);
                seen.add(outcome);
                if (outcome == GreOutcome.PACKET) {
                    assertEquals(0, first & 0x4c07);
                    assertEquals(4 + 4 * Integer.bitCount(first & 0xb000), header.length());
                }
            }
        }
        assertEquals(
                EnumSet.of(
                        GreOutcome.PACKET,
                        GreOutcome.TOO_SHORT,
                        GreOutcome.POINT_TO_POINT,
                        GreOutcome.UNKNOWN_VERSION,
                        GreOutcome.SOURCE_ROUTE,
                        GreOutcome.RESERVED_FLAG,
                        GreOutcome.INNER_TOO_SHORT),
                seen);
    }

    private GreOutcome wrap(String hex) {
        byte[] payload = Bytes.of(hex);
        // Somewhere in a buffer that ends with the packet.
        ByteBuffer bytes = ByteBuffer.allocate(7 + payload.length).put(7, payload);
        return header.wrap(bytes, 7, payload.length);
    }
}
