package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The pseudo-header of the first test sums to 8414: addresses, protocol 17 and length 10. */
class PartialChecksumTest {
    private static final String IPV4 = "4500 001e 0001 4000 4011 b6cb c000 0201 c000 0202";

    @Test
    void finishesTheChecksumOfADatagram() {
        Packet packet = Bytes.packet(IPV4, "1092 1092 000a 841e 6869").partialChecksum(20, 6);
        assertTrue(PartialChecksum.complete(packet));
        assertFalse(packet.checksumPartial());
        // 1092 + 1092 + 000a + 841e + 6869 = 1_0db5 -> 0db6, complement f249
        assertEquals("f249", Bytes.hex(packet).substring(52, 56));
    }

    @Test
    void sendsAllOnesForAComputedZeroOfUdp() {
        Packet packet = Bytes.packet(IPV4, "0000 0000 0000 ffff 0000").partialChecksum(20, 6);
        assertTrue(PartialChecksum.complete(packet));
        assertEquals("ffff", Bytes.hex(packet).substring(52, 56));
    }

    @Test
    void leavesAComputedZeroOfTcpAsItIs() {
        Packet packet = Bytes.packet("45".repeat(20), "00".repeat(16), "ffff 0000");
        assertTrue(PartialChecksum.complete(packet.partialChecksum(20, 16)));
        assertEquals("0000", Bytes.hex(packet).substring(72, 76));
    }

    @Test
    void sumsAnOddLastByte() {
        Packet packet = Bytes.packet(IPV4, "0000 0000 0000 0000 01").partialChecksum(20, 6);
        assertTrue(PartialChecksum.complete(packet));
        assertEquals("feff", Bytes.hex(packet).substring(52, 56));
    }

    @Test
    void leavesAPacketAloneWhoseChecksumIsOutsideIt() {
        Packet packet = Bytes.packet(IPV4).partialChecksum(19, 0);
        assertFalse(PartialChecksum.complete(packet));
        assertTrue(packet.checksumPartial());
        assertFalse(PartialChecksum.complete(packet.partialChecksum(65_535, 65_535)));
    }

    @Test
    void leavesACompleteChecksumAlone() {
        Packet packet = Bytes.packet(IPV4, "1092 1092 000a 841e 6869");
        assertTrue(PartialChecksum.complete(packet));
        assertEquals("841e", Bytes.hex(packet).substring(52, 56));
    }
}
