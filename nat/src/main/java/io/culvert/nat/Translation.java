package io.culvert.nat;

import io.culvert.wire.IcmpHeader;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;
import io.culvert.wire.UdpHeader;

import java.nio.ByteBuffer;

/**
 * One direction of a flow's translation: writes new addresses, and new ports or a new identifier
 * where there are any, into a packet and brings every checksum along, in one operation, so that a
 * half-translated packet has no spelling.
 *
 * <p>All packets of one direction carry the same addresses and ports before and after, so the
 * difference that the rewrite makes to a checksum is worked out once, here: RFC 1624 section 3,
 * eqn. 3, {@code HC' = ~(~HC + ~m + m')} with {@code ~m + m'} kept. A packet costs four stores and
 * two additions, whether it has 60 bytes or 64 KiB, and one that came in with a wrong checksum
 * leaves with a wrong one.
 *
 * <p>Of TCP, UDP and echoes it translates ports and identifiers. Of any other protocol it writes
 * the addresses, and brings along the checksum of those known to cover them ({@link PseudoHeader}).
 * SCTP's covers none (RFC 9260 section 6.8).
 *
 * <p>Not for a packet whose destination changes and that has a routing header with segments left:
 * its checksum covers the final destination instead (RFC 8200 section 8.1), which only the routing
 * header's type says how to find. To keep such packets away is the caller's.
 *
 * <p>Immutable.
 */
public final class Translation {
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV4_SOURCE = 12;
    private static final int IPV4_DESTINATION = 16;
    private static final int IPV6_SOURCE = 8;
    private static final int IPV6_DESTINATION = 24;

    private final Endpoints to;
    private final int addressChange;
    private final int addressAndPortChange;

    /**
     * @param from what packets of this direction carry
     * @param to what they shall carry
     */
    public Translation(Endpoints from, Endpoints to) {
        this.to = to;
        addressChange = change(from.sumOfAddresses(), to.sumOfAddresses());
        addressAndPortChange =
                InternetChecksum.add(addressChange, change(from.sumOfPorts(), to.sumOfPorts()));
    }

    /** What packets carry afterwards. */
    public Endpoints to() {
        return to;
    }

    /**
     * Rewrites a packet of this direction.
     *
     * @param packet one that shows all of its TCP or UDP header or has none to show: whole, or a
     *     fragment, but not the first one of a TCP header that goes on in the second
     * @param partial the transport checksum holds the pseudo-header's sum only, which ports are no
     *     part of
     */
    public void apply(IpPacket packet, boolean partial) {
        rewriteAddresses(packet);
        boolean udp = packet.protocol() == IpProtocol.UDP;
        boolean tcp = packet.protocol() == IpProtocol.TCP;
        if ((!udp && !tcp) || (packet.isFragment() && !showsHeader(packet))) {
            rewriteOther(packet, partial);
            return;
        }
        ByteBuffer bytes = packet.bytes();
        int transport = packet.transportOffset();
        bytes.putInt(transport, to.sourcePort() << 16 | to.destinationPort());
        int at = transport + (udp ? UdpHeader.CHECKSUM : TcpHeader.CHECKSUM);
        int checksum = bytes.getShort(at) & 0xffff;
        if (partial) {
            bytes.putShort(at, (short) InternetChecksum.add(checksum, addressChange));
        } else if (!udp || checksum != 0) {
            // RFC 768: zero means that the sender made no checksum, and a sum of zero is sent as
            // all ones.
            int result = changed(checksum, addressAndPortChange);
            bytes.putShort(at, (short) (udp ? UdpHeader.present(result) : result));
        }
    }

    private static boolean showsHeader(IpPacket packet) {
        return packet.udp() != null || packet.tcp() != null;
    }

    /** Apart from {@link #apply}, so that each is short enough to be compiled into its caller. */
    private void rewriteAddresses(IpPacket packet) {
        ByteBuffer bytes = packet.bytes();
        int start = packet.start();
        if (packet.version() == 4) {
            bytes.putInt(start + IPV4_SOURCE, (int) to.sourceLow());
            bytes.putInt(start + IPV4_DESTINATION, (int) to.destinationLow());
            int checksum = bytes.getShort(start + IPV4_CHECKSUM) & 0xffff;
            bytes.putShort(start + IPV4_CHECKSUM, (short) changed(checksum, addressChange));
        } else {
            bytes.putLong(start + IPV6_SOURCE, to.sourceHigh());
            bytes.putLong(start + IPV6_SOURCE + 8, to.sourceLow());
            bytes.putLong(start + IPV6_DESTINATION, to.destinationHigh());
            bytes.putLong(start + IPV6_DESTINATION + 8, to.destinationLow());
        }
    }

    private void rewriteOther(IpPacket packet, boolean partial) {
        IcmpHeader icmp = packet.icmp();
        if (icmp != null && icmp.isQuery()) {
            rewriteIdentifier(icmp, partial);
        }
        PseudoHeader.changed(packet, addressChange, partial);
    }

    /** A partial checksum leaves out the message, and so its identifier. */
    private void rewriteIdentifier(IcmpHeader icmp, boolean partial) {
        int checksum = icmp.checksum();
        icmp.identifier(to.sourcePort());
        if (partial) {
            icmp.checksum(checksum);
        }
    }

    /** {@code ~m + m'}. */
    private static int change(int before, int after) {
        return InternetChecksum.add(InternetChecksum.complement(before), after);
    }

    private static int changed(int checksum, int change) {
        int sum = InternetChecksum.complement(checksum);
        return InternetChecksum.complement(InternetChecksum.add(sum, change));
    }
}
