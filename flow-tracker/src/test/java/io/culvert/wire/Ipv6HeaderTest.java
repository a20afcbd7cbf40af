package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;

class Ipv6HeaderTest {
    private static final String ADDRESSES =
            "20010db8000000000000000000000001 20010db8000000010002000300040005";

    private final Ipv6Header header = new Ipv6Header();

    @Test
    void readsEveryField() {
        ByteBuffer bytes = Hex.bytes("ffff 6b8abcde 0004 3b 40", ADDRESSES, "01020304");

        assertEquals(Defect.NONE, header.wrap(bytes, 2, 44));
        assertEquals(0xb8, header.trafficClass());
        assertEquals(0xabcde, header.flowLabel());
        assertEquals(4, header.payloadLength());
        assertEquals(59, header.nextHeader());
        assertEquals(59, header.protocol());
        assertEquals(64, header.hopLimit());
        assertEquals(0x20010db800000000L, header.sourceHigh());
        assertEquals(1, header.sourceLow());
        assertEquals(0x20010db800000001L, header.destinationHigh());
        assertEquals(0x0002000300040005L, header.destinationLow());
        assertEquals(42, header.transportOffset());
        assertEquals(46, header.end());
        assertEquals(-1, header.fragmentHeader());
    }

    @Test
    void setsFieldsAndLeavesTheirNeighbours() {
        ByteBuffer bytes = Hex.bytes("6b8abcde 0000 3b 40", ADDRESSES);
        assertEquals(Defect.NONE, header.wrap(bytes, 0, 40));

        header.trafficClass(0x01).payloadLength(0xfedc).hopLimit(255);
        header.sourceAddress(1, 2).destinationAddress(3, 4);

        assertEquals(
                Hex.of("601abcde fedc 3b ff", "0000000000000001 0000000000000002")
                        + Hex.of("0000000000000003 0000000000000004"),
                Hex.of(bytes, 0, 40));
    }

    /** Next header, then extension headers. */
    @ParameterizedTest
    @CsvSource({
        // hop-by-hop, destination options, routing type 4, fragment, authentication, mobility
        "00, 3c00010400000000 2b00050200000000 2c00040000000000 3300000000000001"
                + " 8702000000000000 0000000000000000 3b00000000000000, 59",
        "2c, 3c00000800000001 ffffffffffffffff, 60", // not the first: what follows is data
        "2c, 3c00000100000001 0600010400000000, 6", // the first
        "32, 0000000000000000, 50", // ESP hides the rest
        "fd, 0000000000000000, 253",
        "06, 0000000000000000, 6",
    })
    @Tag("rfc8200-4-c")
    @Tag("rfc8200-4.1-a")
    @Tag("rfc8200-4.2-a")
    @Tag("rfc8200-4.4-a")
    void findsTheTransportBehindTheExtensions(String next, String extensions, int protocol) {
        ByteBuffer bytes = packet(next, extensions);

        assertEquals(Defect.NONE, header.wrap(bytes, 0, bytes.limit()));
        assertEquals(protocol, header.protocol());
    }

    @Test
    void locatesTheFragmentHeader() {
        ByteBuffer bytes = packet("00", "2c00010400000000 1100052912345678 0011223344556677");

        assertEquals(Defect.NONE, header.wrap(bytes, 0, bytes.limit()));
        assertEquals(48, header.fragmentHeader());
        assertEquals(0x528, header.fragmentOffset());
        assertTrue(header.moreFragments());
        assertEquals(0x12345678, header.fragmentIdentification());
        assertEquals(56, header.transportOffset());
        assertEquals(17, header.protocol());
    }

    @ParameterizedTest
    @CsvSource({
        "EXTENSION_TRUNCATED, 00, ''",
        "EXTENSION_TRUNCATED, 00, 3b000104000000",
        "EXTENSION_TRUNCATED, 00, 3b01010400000000",
        "EXTENSION_TRUNCATED, 33, 3b01000000000000",
        "EXTENSION_TRUNCATED, 2c, 3c00000000000001 3b000000",
        "FRAGMENT_TINY, 2c, 3c00000100000001 3b01010400000000",
        "FRAGMENT_REPEATED, 2c, 2c00000100000001 1100000100000002 0011223344556677",
        "EXTENSION_OPTION_LENGTH, 00, 3b00010500000000",
        "EXTENSION_OPTION_LENGTH, 3c, 3b00010300000001",
        "HOP_BY_HOP_NOT_FIRST, 3c, 0000010400000000 3b00010400000000",
        "HOP_BY_HOP_NOT_FIRST, 00, 0000010400000000 3b00010400000000",
        "ROUTING_TYPE_ZERO, 2b, 3b00000000000000",
        "ROUTING_TYPE_ZERO, 00, 2b00010400000000 3b02000100000000 00000000000000000000000000000000",
    })
    void namesTheDefect(Defect defect, String next, String extensions) {
        ByteBuffer bytes = packet(next, extensions);

        assertEquals(defect, header.wrap(bytes, 0, bytes.limit()));
    }

    @Test
    void namesTheDefectOfTheFixedHeader() {
        ByteBuffer bytes = Hex.bytes("60000000 0001 3b 40", ADDRESSES);

        assertEquals(Defect.TRUNCATED_HEADER, header.wrap(bytes, 0, 39));
        assertEquals(Defect.LENGTH_BEYOND_END, header.wrap(bytes, 0, 40));
        assertEquals(Defect.NONE, header.wrapQuoted(bytes, 0, 40));
        assertEquals(Defect.WRONG_VERSION, header.wrap(bytes.put(0, (byte) 0x50), 0, 40));
    }

    @Test
    @Tag("rfc8200-4.1-b")
    void walksEightExtensionHeadersAndNoMore() {
        String seven = "3c00010400000000".repeat(7);
        ByteBuffer eight = packet("3c", seven + "3b00010400000000");
        ByteBuffer nine = packet("3c", seven + "3c00010400000000" + "3b00010400000000");

        assertEquals(Defect.NONE, header.wrap(eight, 0, eight.limit()));
        assertEquals(Defect.TOO_MANY_EXTENSIONS, header.wrap(nine, 0, nine.limit()));
    }

    @Test
    @Tag("rfc8200-4.2-a")
    void walksThirtyTwoOptionsOfAPacketAndNoMore() {
        // Six options of one byte each in a header: five of them are 30, and two more.
        String six = "3c00000000000000".repeat(5);
        ByteBuffer enough = packet("3c", six + "3b00050200000100");
        ByteBuffer tooMany = packet("3c", six + "3b00050100000000");

        assertEquals(Defect.NONE, header.wrap(enough, 0, enough.limit()));
        assertEquals(Defect.TOO_MANY_EXTENSIONS, header.wrap(tooMany, 0, tooMany.limit()));
    }

    private static ByteBuffer packet(String nextHeader, String payload) {
        int length = Hex.of(payload).length() / 2;
        return Hex.bytes(
                "60000000", "%04x".formatted(length), nextHeader, "40", ADDRESSES, payload);
    }
}
