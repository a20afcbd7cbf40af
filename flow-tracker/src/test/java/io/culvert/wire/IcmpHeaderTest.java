package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

class IcmpHeaderTest {
    private final IcmpHeader header = new IcmpHeader();

    @Test
    void readsAnEcho() {
        ByteBuffer bytes = Hex.bytes("ff 0800 abcd 1234 0007 6162");

        assertEquals(Defect.NONE, header.wrap(bytes, 1, 10, 4));
        assertEquals(8, header.type());
        assertEquals(0, header.code());
        assertEquals(0xabcd, header.checksum());
        assertEquals(0x1234, header.identifier());
        assertEquals(7, header.sequenceNumber());
        assertEquals(9, header.payloadOffset());
        assertEquals(2, header.payloadLength());
        assertTrue(header.isEchoRequest());
        assertFalse(header.isReply());
        assertFalse(header.isError());
    }

    @Test
    void readsTheMtuOfAPacketTooBig() {
        ByteBuffer bytes = Hex.bytes("0200 0000 00010500");

        assertEquals(Defect.NONE, header.wrap(bytes, 0, 8, 6));
        assertEquals(0x10500, header.information());
        assertTrue(header.isError());
    }

    @Test
    void tellsErrorsAndQueriesOfEachFamily() {
        List<Integer> errors = new ArrayList<>();
        List<Integer> queries = new ArrayList<>();
        List<Integer> errors6 = new ArrayList<>();
        List<Integer> queries6 = new ArrayList<>();
        for (int type = 0; type < 256; type++) {
            ByteBuffer bytes = Hex.bytes("%02x00 0000 00000000".formatted(type));
            assertEquals(Defect.NONE, header.wrap(bytes, 0, 8, 4));
            if (header.isError()) errors.add(type);
            if (header.isQuery()) queries.add(type);
            assertEquals(Defect.NONE, header.wrap(bytes, 0, 8, 6));
            if (header.isError()) errors6.add(type);
            if (header.isQuery()) queries6.add(type);
        }
        assertEquals(List.of(3, 4, 5, 11, 12), errors);
        assertEquals(List.of(0, 8, 13, 14, 15, 16, 17, 18), queries);
        assertEquals(128, errors6.size());
        assertEquals(127, errors6.getLast());
        assertEquals(List.of(128, 129), queries6);
    }

    @Test
    void keepsTheChecksumTrueWhenTheIdentifierIsSet() {
        ByteBuffer bytes = Hex.bytes("0800 0000 1234 0007 6162");
        int checksum = InternetChecksum.complement(InternetChecksum.sum(bytes, 0, 10));
        assertEquals(Defect.NONE, header.wrap(bytes.putShort(2, (short) checksum), 0, 10, 4));

        header.identifier(0xfedc);

        assertEquals(0xfedc, header.identifier());
        assertEquals(0xffff, InternetChecksum.sum(bytes, 0, 10));
    }

    @Test
    void namesATruncatedHeader() {
        ByteBuffer bytes = Hex.bytes("0800 0000 1234 00");
        for (int length = 0; length < 8; length++) {
            assertEquals(Defect.ICMP_TRUNCATED, header.wrap(bytes, 0, length, 4));
        }
    }
}
