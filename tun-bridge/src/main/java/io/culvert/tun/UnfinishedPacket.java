package io.culvert.tun;

import io.culvert.tun.Packet.Segmentation;

import java.nio.ByteBuffer;

/**
 * Finds out what a raw socket does not tell: that an offload has left the packet inside unfinished.
 *
 * <p>The kernel joins TCP segments in GRE as they arrive (GRO, {@code gre_gro_receive}), and a
 * neighbour on the same machine, behind a veth cable, leaves checksums and the cutting of
 * super-packets to a device that never comes. Both are made good for whoever receives by a tunnel
 * of the kernel's; of what a raw socket gets, the checksum holds the pseudo-header's sum alone, and
 * the packet may be longer than any that was sent.
 *
 * <p>TCP's becomes a super-packet again, cut to the path's MTU: where the segments have ended means
 * nothing to TCP. Where datagrams have ended cannot be told. Stateless.
 */
final class UnfinishedPacket {
    private static final int TCP_FLAGS = 13;
    private static final int CWR = 0x80;
    private static final int IPV4_TOTAL_LENGTH = 2;
    private static final int IPV6_PAYLOAD_LENGTH = 4;
    private static final int IPV6_HEADER = 40;

    private static final int RIGHT = 0xffff;

    private UnfinishedPacket() {}

    /**
     * Says of a packet that was just received what it is.
     *
     * @param mtu bytes of the longest packet that its sender may have sent
     * @return false where nobody can tell any more
     */
    static boolean restore(Packet packet, int mtu) {
        int found = UpperLayer.find(packet);
        if (found == UpperLayer.NONE) {
            return true;
        }
        int header = UpperLayer.headerLength(packet, found);
        if (header == UpperLayer.NONE || !hasTrueLength(packet)) {
            return true;
        }
        boolean tcp = UpperLayer.protocol(found) == UpperLayer.TCP;
        int start = UpperLayer.start(found);
        int offset = tcp ? UpperLayer.TCP_CHECKSUM : UpperLayer.UDP_CHECKSUM;
        if (!isUnfinished(packet, UpperLayer.protocol(found), start, offset)) {
            return true;
        }
        packet.partialChecksum(start, offset);
        if (packet.length() <= mtu || header == packet.length()) {
            return true;
        }
        if (!tcp || mtu <= header) {
            return false;
        }
        int flags = packet.bytes().get(Packet.OFFSET + start + TCP_FLAGS);
        packet.segments(Segmentation.TCP, mtu - header, header)
                .congestionExperienced((flags & CWR) != 0);
        return true;
    }

    /** A pseudo-header with another length would not be recognised, nor be to be repaired. */
    private static boolean hasTrueLength(Packet packet) {
        ByteBuffer bytes = packet.bytes();
        int length =
                UpperLayer.version(packet) == 6
                        ? IPV6_HEADER
                                + (bytes.getShort(Packet.OFFSET + IPV6_PAYLOAD_LENGTH) & 0xffff)
                        : bytes.getShort(Packet.OFFSET + IPV4_TOTAL_LENGTH) & 0xffff;
        return length == packet.length();
    }

    private static boolean isUnfinished(Packet packet, int protocol, int start, int offset) {
        ByteBuffer bytes = packet.bytes();
        int length = packet.length() - start;
        int pseudoHeader =
                Candidate.pseudoHeader(bytes, UpperLayer.version(packet) == 6, protocol, length);
        int at = Packet.OFFSET + start;
        if ((bytes.getShort(at + offset) & 0xffff) != pseudoHeader) {
            return false;
        }
        // One in 65,536 whose checksum is finished looks the same.
        return OnesComplement.fold((long) pseudoHeader + OnesComplement.sum(bytes, at, length))
                != RIGHT;
    }
}
