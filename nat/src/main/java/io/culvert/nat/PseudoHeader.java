package io.culvert.nat;

import io.culvert.wire.IcmpHeader;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.UdpHeader;

import java.nio.ByteBuffer;

/**
 * The checksums, other than those of TCP and UDP, that cover a packet's addresses: ICMPv6's (RFC
 * 4443 section 2.3), DCCP's (RFC 4340 section 9.1) and UDP-Lite's (RFC 3828 section 3.1).
 */
final class PseudoHeader {
    /** IANA, "Assigned Internet Protocol Numbers". */
    private static final int DCCP = 33;

    private static final int UDP_LITE = 136;

    /** In the headers of both: RFC 4340 section 5.1, RFC 3828 section 3.1. */
    private static final int CHECKSUM = 6;

    private PseudoHeader() {}

    /**
     * Brings the packet's checksum along where it is one of these and is there.
     *
     * @param change what happened to the sum of the addresses: {@code ~m + m'} of RFC 1624
     * @param partial it holds the pseudo-header's sum only
     */
    static void changed(IpPacket packet, int change, boolean partial) {
        int offset = checksumOffset(packet);
        if (offset < 0) {
            return;
        }
        ByteBuffer bytes = packet.bytes();
        int at = packet.transportOffset() + offset;
        int checksum = bytes.getShort(at) & 0xffff;
        boolean udpLite = packet.protocol() == UDP_LITE;
        if (partial) {
            bytes.putShort(at, (short) InternetChecksum.add(checksum, change));
        } else if (!udpLite || checksum != 0) {
            // RFC 3828 section 3.1: a sum of zero is sent as all ones; zero itself is an error,
            // and not ours to mend.
            int sum = InternetChecksum.add(InternetChecksum.complement(checksum), change);
            int result = InternetChecksum.complement(sum);
            bytes.putShort(at, (short) (udpLite ? UdpHeader.present(result) : result));
        }
    }

    /** In the transport header; -1 where the packet shows no such checksum. */
    private static int checksumOffset(IpPacket packet) {
        if (packet.icmp() != null) {
            return packet.version() == 6 ? IcmpHeader.CHECKSUM : -1;
        }
        boolean shown = packet.fragmentOffset() == 0 && packet.transportLength() >= CHECKSUM + 2;
        boolean covers = packet.protocol() == DCCP || packet.protocol() == UDP_LITE;
        return shown && covers ? CHECKSUM : -1;
    }
}
