package io.culvert.bench;

import io.culvert.nat.Endpoints;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

import java.nio.ByteBuffer;

/** TCP segments as whole IP packets. */
final class Segments {
    /** With a time stamp, as nearly every segment has. */
    private static final int HEADER = 32;

    private Segments() {}

    static byte[] segment(Endpoints sides, int flags) {
        boolean ipv6 = !IpAddress.isIpv4(sides.sourceHigh(), sides.sourceLow());
        int start = ipv6 ? 40 : 20;
        ByteBuffer packet = ByteBuffer.allocate(start + HEADER);
        if (ipv6) {
            packet.putInt(0, 6 << 28).putShort(4, (short) HEADER);
            packet.put(6, (byte) IpProtocol.TCP).put(7, (byte) 64);
            packet.putLong(8, sides.sourceHigh()).putLong(16, sides.sourceLow());
            packet.putLong(24, sides.destinationHigh()).putLong(32, sides.destinationLow());
        } else {
            packet.putShort(0, (short) 0x4500).putShort(2, (short) packet.capacity());
            packet.put(8, (byte) 64).put(9, (byte) IpProtocol.TCP);
            packet.putInt(12, (int) sides.sourceLow()).putInt(16, (int) sides.destinationLow());
            int sum = InternetChecksum.sum(packet, 0, start);
            packet.putShort(10, (short) InternetChecksum.complement(sum));
        }
        packet.putShort(start, (short) sides.sourcePort());
        packet.putShort(start + 2, (short) sides.destinationPort());
        packet.put(start + 12, (byte) (HEADER << 2)).put(start + 13, (byte) flags);
        packet.putInt(start + 20, 0x0101_080a);
        int pseudoHeader =
                InternetChecksum.pseudoHeader(
                        sides.sourceHigh(),
                        sides.sourceLow(),
                        sides.destinationHigh(),
                        sides.destinationLow(),
                        IpProtocol.TCP,
                        HEADER);
        int sum = InternetChecksum.add(InternetChecksum.sum(packet, start, HEADER), pseudoHeader);
        packet.putShort(start + TcpHeader.CHECKSUM, (short) InternetChecksum.complement(sum));
        return packet.array();
    }
}
