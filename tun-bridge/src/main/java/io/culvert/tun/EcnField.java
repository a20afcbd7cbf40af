package io.culvert.tun;

import java.nio.ByteBuffer;

/**
 * Explicit congestion notification of a packet in a tunnel (RFC 6040): the inner field is copied
 * out, and congestion marked on the way comes in again. The packet has a whole IP header.
 * Stateless.
 */
final class EcnField {
    /** RFC 3168 section 5. */
    private static final int MASK = 3;

    private static final int NOT_ECT = 0;
    private static final int ECT_1 = 1;
    private static final int ECT_0 = 2;
    private static final int CE = 3;

    /** RFC 791 section 3.1: the first word holds version, IHL and the type of service. */
    private static final int IPV4_CHECKSUM = 10;

    /** RFC 8200 section 3: the traffic class lies across the first two bytes. */
    private static final int IPV6_SHIFT = 4;

    private EcnField() {}

    /** RFC 6040 section 4.1, normal mode: what the outer header gets. */
    static int of(Packet packet) {
        int word = packet.bytes().getShort(Packet.OFFSET);
        return (UpperLayer.version(packet) == 6 ? word >> IPV6_SHIFT : word) & MASK;
    }

    /**
     * RFC 6040 section 4.2: what the inner field becomes.
     *
     * @param outer the outer type of service or traffic class
     * @return false where the packet has to be dropped
     */
    static boolean receive(Packet packet, int outer) {
        int mark = outer & MASK;
        if (mark == NOT_ECT || mark == ECT_0) {
            return true;
        }
        int inner = of(packet);
        if (inner == NOT_ECT) {
            return mark != CE;
        }
        if ((mark == CE && inner != CE) || (mark == ECT_1 && inner == ECT_0)) {
            set(packet, mark);
        }
        return true;
    }

    private static void set(Packet packet, int field) {
        ByteBuffer bytes = packet.bytes();
        int old = bytes.getShort(Packet.OFFSET) & 0xffff;
        if (UpperLayer.version(packet) == 6) {
            int cleared = old & ~(MASK << IPV6_SHIFT);
            bytes.putShort(Packet.OFFSET, (short) (cleared | (field << IPV6_SHIFT)));
            return;
        }
        int changed = (old & ~MASK) | field;
        int checksum = bytes.getShort(Packet.OFFSET + IPV4_CHECKSUM) & 0xffff;
        // RFC 1624 section 3, equation 3.
        int sum = OnesComplement.minus(checksum) + OnesComplement.minus(old) + changed;
        bytes.putShort(Packet.OFFSET, (short) changed)
                .putShort(Packet.OFFSET + IPV4_CHECKSUM, (short) ~OnesComplement.fold(sum));
    }
}
