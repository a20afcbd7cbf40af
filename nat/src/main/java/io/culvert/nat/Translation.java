package io.culvert.nat;

import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;
import io.culvert.wire.UdpHeader;

import java.nio.ByteBuffer;

/**
 * One direction of a flow's translation: writes new addresses and ports into a TCP or UDP packet
 * and brings every checksum along, in one operation, so that a half-translated packet has no
 * spelling.
 *
 * <p>All packets of one direction carry the same addresses and ports before and after, so the
 * difference that the rewrite makes to a checksum is worked out once, here: RFC 1624 section 3,
 * eqn. 3, {@code HC' = ~(~HC + ~m + m')} with {@code ~m + m'} kept. A packet costs four stores and
 * two additions, whether it has 60 bytes or 64 KiB, and one that came in with a wrong checksum
 * leaves with a wrong one.
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
     * @param packet one that shows its TCP or UDP header: whole, or a first fragment that has all
     *     of it
     * @param partial the transport checksum holds the pseudo-header's sum only, which ports are no
     *     part of
     */
    public void apply(IpPacket packet, boolean partial) {
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
        int transport = packet.transportOffset();
        bytes.putInt(transport, to.sourcePort() << 16 | to.destinationPort());
        boolean udp = packet.protocol() == IpProtocol.UDP;
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

    /** {@code ~m + m'}. */
    private static int change(int before, int after) {
        return InternetChecksum.add(InternetChecksum.complement(before), after);
    }

    private static int changed(int checksum, int change) {
        int sum = InternetChecksum.complement(checksum);
        return InternetChecksum.complement(InternetChecksum.add(sum, change));
    }
}
