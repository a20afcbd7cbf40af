package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;

class GueHeaderTest {
    private static final String IPV4 =
            "4500001c00014000401100000a0000010a000002" + "0001000200080000";
    private static final String IPV6 =
            "6000000000083a40"
                    + "20010db8000000000000000000000001"
                    + "20010db8000000000000000000000002"
                    + "8000000000010001";

    /** A TCP segment whose checksum holds the pseudo-header's sum only. */
    private static final String UNFINISHED =
            "4500002800014000400626cd0a0000010a000002" + "1000005000000001000000005002ffff141d0000";

    private final GueHeader header = new GueHeader();
    private final Packet packet = new Packet();

    @Test
    void takesWhatLinuxSends() {
        assertEquals(GueOutcome.PACKET, wrap("00040000" + IPV4));
        assertEquals(4, header.length());
        assertEquals(4, header.protocol());
        assertEquals(0, header.privateDataLength());
        assertEquals(IPV4, unwrapped());
        assertFalse(packet.checksumPartial());

        assertEquals(GueOutcome.PACKET, wrap("00290000" + IPV6));
        assertEquals(41, header.protocol());
        assertEquals(IPV6, unwrapped());
    }

    @Test
    void takesPacketsWithoutAHeader() {
        assertEquals(GueOutcome.PACKET, wrap(IPV4));
        assertEquals(0, header.length());
        assertEquals(4, header.protocol());
        assertEquals(IPV4, unwrapped());

        assertEquals(GueOutcome.PACKET, wrap(IPV6));
        assertEquals(41, header.protocol());
        assertEquals(IPV6, unwrapped());
    }

    @Test
    void leavesAnOffloadedChecksumUnfinishedAndPutsItRightLater() {
        assertEquals(GueOutcome.PACKET, wrap("02040001 80000000 00140024" + UNFINISHED));
        assertEquals(12, header.length());
        assertEquals(0, header.privateDataLength());
        assertEquals(UNFINISHED, unwrapped());
        assertTrue(packet.checksumPartial());
        assertEquals(20, packet.checksumStart());
        assertEquals(16, packet.checksumOffset());

        assertTrue(PartialChecksum.complete(packet));
        assertEquals(
                0xffff,
                OnesComplement.fold(
                        // 10.0.0.1 and 10.0.0.2, protocol 6, 20 bytes
                        0x0a00
                                + 0x0001
                                + 0x0a00
                                + 0x0002
                                + 6
                                + 20
                                + OnesComplement.sum(packet.bytes(), Packet.OFFSET + 20, 20)));
    }

    /** Whoever finishes such a checksum would write over an address. */
    @ParameterizedTest
    @CsvSource({
        "0000000c, the source address",
        "00140010, an offset before its start",
        "0014001a, UDP's place in a TCP segment",
        "00180028, a start that is not the segment's",
        "0014fffe, beyond the packet",
        "ffffffff, far beyond the packet",
    })
    void refusesAnOffloadedChecksumThatIsNone(String field, String why) {
        assertEquals(GueOutcome.PACKET, wrap("02040001 80000000" + field + UNFINISHED), why);
        assertEquals(GueOutcome.MISPLACED_CHECKSUM, header.unwrap(packet), why);
        assertFalse(packet.checksumPartial());
    }

    @Test
    void refusesAnOffloadedChecksumOfAProtocolWithoutOne() {
        assertEquals(GueOutcome.PACKET, wrap("02290001 80000000 0028002a" + IPV6));
        assertEquals(GueOutcome.MISPLACED_CHECKSUM, header.unwrap(packet));
    }

    @Test
    void showsPrivateDataBehindTheFields() {
        assertEquals(GueOutcome.PACKET, wrap("02040000 74656e616e743d61" + IPV4));
        assertEquals("tenant=a", privateData());
        assertEquals(IPV4, unwrapped());

        assertEquals(
                GueOutcome.PACKET,
                wrap("04040001 80000000 00140024 74656e616e743d61" + UNFINISHED));
        assertEquals("tenant=a", privateData());
        assertEquals(UNFINISHED, unwrapped());
        assertTrue(packet.checksumPartial());

        assertEquals(GueOutcome.PACKET, wrap("02290001 00000000 6b3d7600" + IPV6));
        assertEquals("k=v\0", privateData());
    }

    @ParameterizedTest
    @CsvSource({
        "'', TOO_SHORT",
        "00, TOO_SHORT",
        "000400, TOO_SHORT",
        "00040000, INNER_TOO_SHORT",
        "0004000045, INNER_TOO_SHORT",
        "45000014, INNER_TOO_SHORT",
        "60000000, INNER_TOO_SHORT",
        "80040000, UNKNOWN_VARIANT",
        "c0040000, UNKNOWN_VARIANT",
        "20040000, CONTROL_MESSAGE",
        "20000000, CONTROL_MESSAGE",
        "0104000045, HEADER_BEYOND_END",
        "1f04000045, HEADER_BEYOND_END",
        "00048000, UNKNOWN_FLAG",
        "00040002, UNKNOWN_FLAG",
        "0204000100000001 00000000, UNKNOWN_FLAG",
        "00040001, FIELD_MISSING",
        "0104000180000000, FIELD_MISSING",
        "002f0000, UNKNOWN_PROTOCOL",
        "003b0000, UNKNOWN_PROTOCOL",
        "00000000, UNKNOWN_PROTOCOL",
        "00040000 60000000, WRONG_INNER_VERSION",
        "00290000 45000000, WRONG_INNER_VERSION",
        "00040000 00000000, WRONG_INNER_VERSION",
        "50000000, WRONG_INNER_VERSION",
        "70000000, WRONG_INNER_VERSION",
    })
    void namesWhatIsWrong(String hex, GueOutcome outcome) {
        assertEquals(outcome, wrap(hex));
    }

    @Test
    void demandsAWholeInnerHeaderAndNoMore() {
        assertEquals(GueOutcome.INNER_TOO_SHORT, wrap("00040000 45" + "00".repeat(18)));
        assertEquals(GueOutcome.PACKET, wrap("00040000 45" + "00".repeat(19)));
        assertEquals(GueOutcome.INNER_TOO_SHORT, wrap("00290000 60" + "00".repeat(38)));
        assertEquals(GueOutcome.PACKET, wrap("00290000 60" + "00".repeat(39)));
    }

    /** Every pair of first bytes, short, as long as a packet, and with the longest header. */
    @Test
    void namesAnOutcomeForEveryStartAndAcceptsExactlyThePackets() {
        int[] lengths = {3, 44, 4 + 31 * 4 + 40};
        Set<GueOutcome> seen = EnumSet.noneOf(GueOutcome.class);
        for (int length : lengths) {
            // No byte outside the datagram may be read.
            ByteBuffer bytes = ByteBuffer.allocate(length);
            for (int first = 0; first < 1 << 16; first++) {
                bytes.putShort(0, (short) first);
                GueOutcome outcome = header.wrap(bytes, 0, length);
                seen.add(outcome);
                if (outcome == GueOutcome.PACKET) {
                    seen.add(header.unwrap(packet));
                    // All else is zero, so that only variant 1 has a version inside.
                    int version = first >> 12;
                    assertTrue(version == 4 || version == 6, () -> "accepted with " + length);
                    assertEquals(length, packet.length());
                }
                assertTrue(
                        header.privateDataLength() >= 0 || outcome != GueOutcome.PACKET,
                        outcome::toString);
            }
        }
        assertEquals(
                EnumSet.of(
                        GueOutcome.PACKET,
                        GueOutcome.TOO_SHORT,
                        GueOutcome.UNKNOWN_VARIANT,
                        GueOutcome.CONTROL_MESSAGE,
                        GueOutcome.HEADER_BEYOND_END,
                        GueOutcome.UNKNOWN_PROTOCOL,
                        GueOutcome.WRONG_INNER_VERSION,
                        GueOutcome.INNER_TOO_SHORT),
                seen);
    }

    @Test
    void writesWhatLinuxTakes() {
        ByteBuffer bytes = ByteBuffer.allocate(4);
        GueHeader.write(bytes, 0, false);
        assertEquals("00040000", HexFormat.of().formatHex(bytes.array()));
        GueHeader.write(bytes, 0, true);
        assertEquals("00290000", HexFormat.of().formatHex(bytes.array()));
    }

    @Test
    void padsPrivateDataToWords() {
        ByteBuffer bytes = ByteBuffer.allocate(12).putLong(4, -1);
        byte[] data = "k=vv\n".getBytes(StandardCharsets.UTF_8);
        assertEquals(12, GueHeader.write(bytes, 0, true, data));
        assertEquals("022900006b3d76760a000000", HexFormat.of().formatHex(bytes.array()));
        assertEquals(4, GueHeader.write(bytes, 0, false, new byte[0]));
        assertEquals(128, GueHeader.write(ByteBuffer.allocate(128), 0, false, new byte[124]));
        assertThrows(
                IllegalArgumentException.class,
                () -> GueHeader.write(bytes, 0, false, new byte[125]));
    }

    private GueOutcome wrap(String hex) {
        byte[] payload = Bytes.of(hex);
        // Somewhere in a buffer that ends with the datagram.
        ByteBuffer bytes = ByteBuffer.allocate(7 + payload.length).put(7, payload);
        return header.wrap(bytes, 7, payload.length);
    }

    private String unwrapped() {
        assertEquals(GueOutcome.PACKET, header.unwrap(packet));
        return Bytes.hex(packet);
    }

    private String privateData() {
        byte[] data = new byte[header.privateDataLength()];
        header.bytes().get(header.privateData(), data);
        return new String(data, StandardCharsets.UTF_8);
    }
}
