package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The table of RFC 6040 section 4.2, figure 4. */
class EcnFieldTest {
    private static final int NOT_ECT = 0;
    private static final int ECT_1 = 1;
    private static final int ECT_0 = 2;
    private static final int CE = 3;
    private static final int DROP = -1;

    /** By inner field, then by outer one. */
    private static final int[][] BECOMES = {
        {NOT_ECT, NOT_ECT, NOT_ECT, DROP},
        {ECT_1, ECT_1, ECT_1, CE},
        {ECT_0, ECT_1, ECT_0, CE},
        {CE, CE, CE, CE},
    };

    @Test
    void becomesWhatTheTableSaysOverIpv4WithAValidChecksum() {
        for (int inner = 0; inner < 4; inner++) {
            for (int outer = 0; outer < 4; outer++) {
                Packet packet = Bytes.packet("4500001400014000400000000a0000010a000002");
                packet.bytes().put(Packet.OFFSET + 1, (byte) (0xb8 | inner));
                int sum = OnesComplement.sum(packet.bytes(), Packet.OFFSET, 20);
                packet.bytes().putShort(Packet.OFFSET + 10, (short) ~sum);

                check(packet, inner, outer);

                assertEquals(0xb8, packet.bytes().get(Packet.OFFSET + 1) & 0xfc);
                assertEquals(0xffff, OnesComplement.sum(packet.bytes(), Packet.OFFSET, 20));
            }
        }
    }

    @Test
    void becomesWhatTheTableSaysOverIpv6() {
        for (int inner = 0; inner < 4; inner++) {
            for (int outer = 0; outer < 4; outer++) {
                Packet packet = Bytes.packet("6b8fffff0000000000000000", "00".repeat(28));
                packet.bytes().put(Packet.OFFSET + 1, (byte) (0x8f | inner << 4));

                check(packet, inner, outer);

                assertEquals(0x6b8f, packet.bytes().getShort(Packet.OFFSET) & 0xffcf);
            }
        }
    }

    private static void check(Packet packet, int inner, int outer) {
        assertEquals(inner, EcnField.of(packet));
        // The DSCP outside says nothing.
        boolean kept = EcnField.receive(packet, 0x28 | outer);
        assertEquals(
                BECOMES[inner][outer],
                kept ? EcnField.of(packet) : DROP,
                () -> inner + " inside, " + outer + " outside");
    }
}
