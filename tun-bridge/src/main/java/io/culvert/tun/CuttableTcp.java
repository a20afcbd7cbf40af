package io.culvert.tun;

/**
 * TCP segments that may be cut into shorter ones by somebody who did not send them: plain data,
 * whose receiver cannot tell the difference. Stateless.
 */
final class CuttableTcp {
    /** RFC 9293 section 3.1, RFC 3168 section 6.1. */
    private static final int FLAGS = 13;

    /** ACK, with PSH, FIN, ECE and CWR or without: a {@link Segmenter} knows where these belong. */
    private static final int ACK = 0x10;

    private static final int KNOWN = 0x08 | 0x01 | 0x40 | 0x80;

    private CuttableTcp() {}

    /** Bytes of IP and TCP header together; {@link UpperLayer#NONE} where it is no such segment. */
    static int headerLength(Packet packet) {
        int found = UpperLayer.find(packet);
        if (found == UpperLayer.NONE || UpperLayer.protocol(found) != UpperLayer.TCP) {
            return UpperLayer.NONE;
        }
        int headers = UpperLayer.headerLength(packet, found);
        if (headers == UpperLayer.NONE || headers >= packet.length()) {
            return UpperLayer.NONE;
        }
        int flags = packet.bytes().get(Packet.OFFSET + UpperLayer.start(found) + FLAGS) & 0xff;
        return (flags & ~KNOWN) == ACK ? headers : UpperLayer.NONE;
    }
}
