package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class UdpHeaderTest {
    private final UdpHeader header = new UdpHeader();

    @Test
    void readsEveryField() {
        ByteBuffer bytes = Hex.bytes("ff c001 0035 000b abcd 616263 7878");

        assertEquals(Defect.NONE, header.wrap(bytes, 1, 13));
        assertEquals(0xc001, header.sourcePort());
        assertEquals(53, header.destinationPort());
        assertEquals(11, header.length());
        assertEquals(0xabcd, header.checksum());
        assertEquals(9, header.payloadOffset());
        assertEquals(3, header.payloadLength(), "what follows is RFC 9868's surplus");
    }

    @Test
    void setsPortsAndChecksumAlone() {
        ByteBuffer bytes = Hex.bytes("c001 0035 0008 abcd");
        assertEquals(Defect.NONE, header.wrap(bytes, 0, 8));

        header.sourcePort(0xfffe).destinationPort(1).checksum(0x1234);

        assertEquals(Hex.of("fffe 0001 0008 1234"), Hex.of(bytes, 0, 8));
    }

    @Test
    void namesTheDefect() {
        assertEquals(Defect.UDP_TRUNCATED, header.wrap(Hex.bytes("c001 0035 0008 ab"), 0, 7));
        assertEquals(Defect.UDP_LENGTH, header.wrap(Hex.bytes("c001 0035 0007 abcd"), 0, 8));
        assertEquals(Defect.UDP_LENGTH, header.wrap(Hex.bytes("c001 0035 0000 abcd"), 0, 8));
        assertEquals(Defect.UDP_LENGTH, header.wrap(Hex.bytes("c001 0035 0009 abcd"), 0, 8));
    }

    @Test
    void believesTheLengthOfAFragmentOrQuoteLess() {
        ByteBuffer longer = Hex.bytes("c001 0035 05dc abcd");
        ByteBuffer shorter = Hex.bytes("c001 0035 0007 abcd");

        assertEquals(Defect.NONE, header.wrapFirstFragment(longer, 0, 8));
        assertEquals(Defect.UDP_LENGTH, header.wrapFirstFragment(shorter, 0, 8));
        assertEquals(Defect.NONE, header.wrapQuoted(shorter, 0, 8));
        assertEquals(Defect.UDP_TRUNCATED, header.wrapQuoted(shorter, 0, 7));
    }

    @Test
    void presentsAComputedZeroAsAllOnes() {
        assertEquals(0xffff, UdpHeader.present(0));
        assertEquals(1, UdpHeader.present(1));
    }
}
