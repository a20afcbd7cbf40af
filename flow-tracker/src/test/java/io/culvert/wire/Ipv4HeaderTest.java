package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;

class Ipv4HeaderTest {
    private static final String PLAIN = "45b8001c 1c466007 40116cc9 ac100a63 ac100a0c";

    private final Ipv4Header header = new Ipv4Header();

    @Test
    void readsEveryField() {
        ByteBuffer bytes = mended("ffff" + PLAIN + "00112233 44556677", 2);

        assertEquals(Defect.NONE, header.wrap(bytes, 2, 28));
        assertEquals(20, header.headerLength());
        assertEquals(0xb8, header.trafficClass());
        assertEquals(28, header.totalLength());
        assertEquals(0x1c46, header.identification());
        assertTrue(header.dontFragment());
        assertTrue(header.moreFragments());
        assertEquals(56, header.fragmentOffset());
        assertEquals(64, header.timeToLive());
        assertEquals(17, header.protocol());
        assertEquals(0xac100a63, header.sourceAddress());
        assertEquals(0xac100a0c, header.destinationAddress());
    }

    @Test
    void keepsItsChecksumTrueWhateverIsSet() {
        ByteBuffer bytes = mended(PLAIN + "00112233 44556677", 0);
        assertEquals(Defect.NONE, header.wrap(bytes, 0, 28));

        header.sourceAddress(0x0a000001).destinationAddress(0xffffffff).timeToLive(0);
        header.trafficClass(0xff).totalLength(20).identification(0xfffe);
        header.fragment(true, false, 65_528);

        assertEquals(
                Hex.of("45ff0014 fffe5fff 0011", "0a000001 ffffffff"),
                Hex.of(bytes, 0, 10) + Hex.of(bytes, 12, 8));
        assertEquals(Defect.NONE, header.wrap(bytes, 0, 28));
        assertEquals(65_528, header.fragmentOffset());
        assertFalse(header.moreFragments());
    }

    @ParameterizedTest
    @CsvSource({
        "WRONG_VERSION, 55000014 00004000 40060000 0a000001 0a000002",
        "TRUNCATED_HEADER, 45000014 00004000 40060000 0a000001 0a0000",
        "TRUNCATED_HEADER, 46000014 00004000 40060000 0a000001 0a000002",
        "TRUNCATED_HEADER, ''",
        "IHL_BELOW_FIVE, 44000014 00004000 40060000 0a000001 0a000002",
        "TOTAL_LENGTH_BELOW_HEADER, 45000013 00004000 40060000 0a000001 0a000002",
        "TOTAL_LENGTH_BELOW_HEADER, 45000000 00004000 40060000 0a000001 0a000002",
        "LENGTH_BEYOND_END, 45000015 00004000 40060000 0a000001 0a000002",
        "OPTION_LENGTH, 46000018 00004000 40060000 0a000001 0a000002 01010107",
        "OPTION_LENGTH, 46000018 00004000 40060000 0a000001 0a000002 07000000",
        "OPTION_LENGTH, 46000018 00004000 40060000 0a000001 0a000002 07010000",
        "OPTION_LENGTH, 46000018 00004000 40060000 0a000001 0a000002 01070400",
        "NONE, 46000018 00004000 40060000 0a000001 0a000002 07040400",
        "NONE, 46000018 00004000 40060000 0a000001 0a000002 01000700",
        "NONE, 45000014 00004000 40060000 0a000001 0a000002",
    })
    @Tag("rfc1812-5.2.2-a")
    @Tag("rfc1812-5.2.2-d")
    void namesTheDefect(Defect defect, String hex) {
        ByteBuffer bytes = mended(hex, 0);

        assertEquals(defect, header.wrap(bytes, 0, bytes.limit()));
    }

    @Test
    @Tag("rfc1812-5.2.2-a")
    void refusesEveryWrongChecksum() {
        ByteBuffer bytes = mended(PLAIN, 0);
        int right = bytes.getShort(10) & 0xffff;
        for (int checksum = 0; checksum <= 0xffff; checksum++) {
            bytes.putShort(10, (short) checksum);
            Defect defect = header.wrapQuoted(bytes, 0, 20);
            assertEquals(checksum == right ? Defect.NONE : Defect.HEADER_CHECKSUM, defect);
        }
    }

    @Test
    void believesNoTotalLengthOrOptionOfAQuotedHeader() {
        ByteBuffer bytes = mended("460005dc 00004000 40060000 0a000001 0a000002 07ff0000", 0);

        assertEquals(Defect.NONE, header.wrapQuoted(bytes, 0, 24));
        assertEquals(24, header.headerLength());
    }

    /** The bytes with a true checksum where there is room for one. */
    private static ByteBuffer mended(String hex, int start) {
        ByteBuffer bytes = Hex.bytes(hex);
        if (bytes.limit() < start + 20) return bytes;
        bytes.putShort(start + 10, (short) 0);
        int length = Math.min((bytes.get(start) & 0xf) * 4, bytes.limit() - start);
        int sum = InternetChecksum.sum(bytes, start, length);
        return bytes.putShort(start + 10, (short) InternetChecksum.complement(sum));
    }
}
