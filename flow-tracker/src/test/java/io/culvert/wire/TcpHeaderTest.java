package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;

class TcpHeaderTest {
    private static final String PORTS_AND_NUMBERS = "c001 01bb 89abcdef fedcba98";

    private final TcpHeader header = new TcpHeader();

    @Test
    void readsEveryField() {
        ByteBuffer bytes = Hex.bytes("ff", PORTS_AND_NUMBERS, "5012 8000 abcd 0000 616263");

        assertEquals(Defect.NONE, header.wrap(bytes, 1, 23));
        assertEquals(0xc001, header.sourcePort());
        assertEquals(443, header.destinationPort());
        assertEquals(0x89abcdef, header.sequenceNumber());
        assertEquals(0xfedcba98, header.acknowledgmentNumber());
        assertEquals(5, header.dataOffset());
        assertEquals(20, header.headerLength());
        assertEquals(3, header.payloadLength());
        assertEquals(TcpHeader.SYN | TcpHeader.ACK, header.flags());
        assertTrue(header.syn());
        assertTrue(header.ack());
        assertFalse(header.fin());
        assertFalse(header.rst());
        assertEquals(0x8000, header.window());
        assertEquals(0xabcd, header.checksum());
        assertEquals(-1, header.maximumSegmentSizeOffset());
    }

    /** Data offset and flags, what follows the fixed header. */
    @ParameterizedTest
    @CsvSource({
        "true, 5010, ''",
        "true, 8010, 0101080a0000000100000002",
        "false, 5010, 61", // payload
        "false, 5018, ''", // PSH
        "false, 5011, ''", // FIN
        "false, 5050, ''", // ECE
        "false, 8010, 0101050a0000000100000002", // SACK
        "false, b010, 0101080a00000001000000020101050a0000000100000002",
    })
    void knowsAPlainAcknowledgment(boolean plain, String offsetAndFlags, String rest) {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, offsetAndFlags, "8000 abcd 0000", rest);
        assertEquals(Defect.NONE, header.wrap(bytes, 0, bytes.capacity()));
        assertEquals(plain, header.isPlainAcknowledgment());
    }

    @Test
    void setsPortsAndChecksumAlone() {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, "5014 8000 abcd 0000");
        assertEquals(Defect.NONE, header.wrap(bytes, 0, 20));

        header.sourcePort(0xfffe).destinationPort(1).checksum(0x1234);

        assertEquals(
                Hex.of("fffe 0001 89abcdef fedcba98 5014 8000 1234 0000"), Hex.of(bytes, 0, 20));
        assertTrue(header.rst());
    }

    /** Data offset and flags, options. */
    @ParameterizedTest
    @CsvSource({
        "NONE, 5010, ''",
        "NONE, 8010, 0101080a0000000100000002",
        "NONE, 8010, 00ff080a0000000100000002",
        "NONE, 6002, 00ffffff", // behind the end of the list there is padding
        "NONE, 6002, 01010101",
        "NONE, 6002, 1e020402",
        "NONE, 6002, 03030701",
        "NONE, 6002, 04030700",
        "NONE, 8010, 0101050a0000000100000002",
        "NONE, 7010, 0507000000010000",
        "TCP_DATA_OFFSET, 0010, ''",
        "TCP_DATA_OFFSET, 4010, ''",
        "TCP_DATA_OFFSET, 6010, ''",
        "TCP_DATA_OFFSET, f010, 0101080a0000000100000002",
        "TCP_OPTION_LENGTH, 6002, 02000000",
        "TCP_OPTION_LENGTH, 6002, 02010000",
        "TCP_OPTION_LENGTH, 6002, 02050000",
        "TCP_OPTION_LENGTH, 6002, 01010102",
        "TCP_OPTION_LENGTH, 6002, 01010103",
        "TCP_OPTION_LENGTH, 6010, 0101fd03",
        "TCP_OPTION_LENGTH, 8010, 0101080b0000000100000002",
        "TCP_OPTION_LENGTH, 8010, 010105120000000100000002",
        "TCP_OPTION_LENGTH, 8010, 01010501000000010000002a",
        "TCP_OPTION_LENGTH, 6010, 01010105",
        "TCP_OPTION_LENGTH, 6002, 01010303",
    })
    void namesTheDefect(Defect defect, String offsetAndFlags, String options) {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, offsetAndFlags, "8000 0000 0000", options);

        assertEquals(defect, header.wrap(bytes, 0, bytes.limit()));
    }

    @Test
    void namesATruncatedHeader() {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, "5010 8000 0000 00");

        for (int length = 0; length < 20; length++) {
            assertEquals(Defect.TCP_TRUNCATED, header.wrap(bytes, 0, length));
            assertEquals(Defect.TCP_TRUNCATED, header.wrapFirstFragment(bytes, 0, length));
        }
    }

    @Test
    void readsPortsAndSequenceNumberInEightQuotedBytes() {
        ByteBuffer bytes = Hex.bytes("c001 01bb 89abcdef");

        assertEquals(Defect.NONE, header.wrapQuoted(bytes, 0, 8));
        assertEquals(0xc001, header.sourcePort());
        assertEquals(443, header.destinationPort());
        assertEquals(0x89abcdef, header.sequenceNumber());
        assertEquals(Defect.TCP_TRUNCATED, header.wrapQuoted(bytes, 0, 7));
    }

    @Test
    void readsNoOptionsOfAFirstFragment() {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, "a002 8000 0000 0000 020405b4");

        assertEquals(Defect.NONE, header.wrapFirstFragment(bytes, 0, 24));
        assertEquals(40, header.headerLength());
        assertEquals(0, header.payloadLength());
        assertEquals(-1, header.maximumSegmentSizeOffset());
    }

    @Test
    void findsTheMaximumSegmentSizeOfASynOnly() {
        ByteBuffer syn =
                Hex.bytes("ffff", PORTS_AND_NUMBERS, "7002 8000 0000 0000 01 01 0402 020405b4");
        ByteBuffer data = Hex.bytes(PORTS_AND_NUMBERS, "6010 8000 0000 0000 020405b4");
        ByteBuffer wrongLength = Hex.bytes(PORTS_AND_NUMBERS, "6002 8000 0000 0000 020305 00");

        assertEquals(Defect.NONE, header.wrap(syn, 2, 28));
        assertEquals(28, header.maximumSegmentSizeOffset());
        assertEquals(1460, header.maximumSegmentSize());
        assertEquals(Defect.NONE, header.wrap(data, 0, 24));
        assertEquals(-1, header.maximumSegmentSizeOffset());
        assertEquals(Defect.NONE, header.wrap(wrongLength, 0, 24));
        assertEquals(-1, header.maximumSegmentSizeOffset());
    }

    @Test
    void findsTheLastOfSeveralMaximumSegmentSizes() {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, "7002 8000 0000 0000 020405b4 02040200");

        assertEquals(Defect.NONE, header.wrap(bytes, 0, 28));
        assertEquals(512, header.maximumSegmentSize());
    }

    /** What the options of a SYN say: its window scale, whether it takes SACK. */
    @ParameterizedTest
    @CsvSource({
        "-1, false, 01010101",
        "7, false, 03030700",
        "14, false, 03030e00",
        "14, false, 03030f00", // RFC 7323 section 2.3
        "14, false, 0303ff00",
        "0, true, 030300 01 0402 0000",
        "9, true, 0402 030307 030309", // the last counts
        "-1, false, 030407ff", // of no length that it may have
        "-1, false, 04030700",
        "-1, false, 00 030307 0402 0000", // behind the end of the list
    })
    void readsWhatASynOffers(int scale, boolean sack, String options) {
        int length = Hex.of(options).length() / 2;
        String offset = Integer.toHexString(5 + length / 4);
        ByteBuffer syn = Hex.bytes(PORTS_AND_NUMBERS, offset + "002", "8000 0000 0000", options);
        ByteBuffer data = Hex.bytes(PORTS_AND_NUMBERS, offset + "010", "8000 0000 0000", options);

        assertEquals(Defect.NONE, header.wrap(syn, 0, syn.limit()));
        assertEquals(scale, header.windowScale());
        assertEquals(sack, header.sackPermitted());

        assertEquals(Defect.NONE, header.wrap(data, 0, data.limit()));
        assertEquals(-1, header.windowScale(), "only a SYN may offer");
        assertFalse(header.sackPermitted());
    }

    /** The acknowledgment number is fedcba98. */
    @ParameterizedTest
    @CsvSource({
        "fedcba98, 01010101",
        "fedcbb98, 0101 050a fedcbaa8fedcbb98",
        "fedcbc98, 0101 0512 fedcbc90fedcbc98 fedcbaa8fedcbb98",
        "00000002, 0101 0512 fedcbc90fedcbc98 0000000100000002", // modulo 2^32
        "fedcba98, 0101 050a fedc0000fedc1000", // RFC 2883: what came twice
        "fedcba98, 0101 0502", // no block
        "fedcba98, 01 05070000000100000002 00", // no whole block
        "fedcba98, 00 050a fedcbaa8fedcbb98 00", // behind the end of the list
    })
    void readsHowFarASegmentAcknowledges(String furthest, String options) {
        int length = Hex.of(options).length() / 2;
        String offset = Integer.toHexString(5 + length / 4);
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, offset + "010", "8000 0000 0000", options);

        header.wrap(bytes, 0, bytes.limit());

        assertEquals(Integer.parseUnsignedInt(furthest, 16), header.furthestAcknowledgment());
    }

    @Test
    void forgetsTheOptionsOfTheSegmentBefore() {
        ByteBuffer syn = Hex.bytes(PORTS_AND_NUMBERS, "7002 8000 0000 0000 03030704 02000000");
        ByteBuffer sack =
                Hex.bytes(PORTS_AND_NUMBERS, "8010 8000 0000 0000 0101050afedcbaa8fedcbb98");
        ByteBuffer plain = Hex.bytes(PORTS_AND_NUMBERS, "5012 8000 0000 0000");
        header.wrap(syn, 0, 28);
        header.wrap(sack, 0, 32);

        header.wrap(plain, 0, 20);

        assertEquals(-1, header.windowScale());
        assertFalse(header.sackPermitted());
        assertEquals(0xfedcba98, header.furthestAcknowledgment());
    }

    @ParameterizedTest
    @ValueSource(strings = {"020405b4 01010100", "01020405 b4010100", "0101 0204 05b4 0100"})
    void keepsTheChecksumTrueWhereverTheMaximumSegmentSizeStands(String options) {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, "7002 8000 0000 0000", options);
        int checksum = InternetChecksum.complement(InternetChecksum.sum(bytes, 0, 28));
        assertEquals(Defect.NONE, header.wrap(bytes.putShort(16, (short) checksum), 0, 28));

        header.maximumSegmentSize(1220, false);

        assertEquals(1220, header.maximumSegmentSize());
        assertEquals(0xffff, InternetChecksum.sum(bytes, 0, 28));
    }

    @Test
    void leavesAPartialChecksumWhichDoesNotCoverOptions() {
        ByteBuffer bytes = Hex.bytes(PORTS_AND_NUMBERS, "6002 8000 abcd 0000 020405b4");
        assertEquals(Defect.NONE, header.wrap(bytes, 0, 24));

        header.maximumSegmentSize(1220, true);

        assertEquals(1220, header.maximumSegmentSize());
        assertEquals(0xabcd, header.checksum());
    }
}
