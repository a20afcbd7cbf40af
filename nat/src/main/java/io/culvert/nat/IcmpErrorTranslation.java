package io.culvert.nat;

import io.culvert.wire.IcmpHeader;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;
import io.culvert.wire.UdpHeader;

import java.nio.ByteBuffer;

/**
 * Rewrites an ICMP error about a translated packet so that it means the same on the other side: RFC
 * 5508 section 4, for both families. Type and code stay; the quoted packet gets back the addresses
 * and ports that its sender knows, and every checksum that they are part of and that was quoted;
 * the outer packet follows (REQ-4). An error that came in with a wrong checksum leaves with a wrong
 * one; that of the quoted transport is nobody's to judge (REQ-3 c), since most of what it covers
 * was cut off. Of a quoted protocol without ports, and of a fragment that shows none, the addresses
 * are all there is to give back.
 *
 * <p>What a caller drops in silence, {@link IpPacket#wrapQuoted} names: a wrong checksum in the
 * quoted IP header (REQ-3 a) or fewer than eight bytes of a transport. It passes over IP options
 * too (REQ-3 b).
 */
public final class IcmpErrorTranslation {
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV4_ADDRESSES = 12;
    private static final int IPV6_ADDRESSES = 8;
    private static final int CHECKSUM_LENGTH = 2;

    private IcmpErrorTranslation() {}

    /**
     * Rewrites the error in place.
     *
     * @param error the whole packet
     * @param quoted the packet it quotes, wrapped inside the same buffer
     * @param outer source and destination that the error shall have; ports unused
     * @param inner source and destination, with ports, that the quoted packet shall have
     */
    public static void apply(IpPacket error, IpPacket quoted, Endpoints outer, Endpoints inner) {
        int before = sumOfMessage(error);
        rewriteQuote(quoted, inner);
        rewriteAddresses(error, outer);
        change(
                error.bytes(),
                error.transportOffset() + IcmpHeader.CHECKSUM,
                before,
                sumOfMessage(error));
    }

    private static int sumOfMessage(IpPacket error) {
        int sum =
                InternetChecksum.sum(
                        error.bytes(), error.transportOffset(), error.transportLength());
        // RFC 4443 section 2.3: ICMPv6 covers the pseudo-header, ICMP does not.
        return error.version() == 6 ? InternetChecksum.add(sum, sumOfAddresses(error)) : sum;
    }

    private static void rewriteQuote(IpPacket quoted, Endpoints inner) {
        int addresses = sumOfAddresses(quoted);
        rewriteAddresses(quoted, inner);
        if (quoted.tcp() != null) {
            int at = TcpHeader.CHECKSUM;
            boolean there = quoted.transportLength() >= at + CHECKSUM_LENGTH;
            rewritePorts(quoted, inner, addresses, there ? at : -1);
        } else if (quoted.udp() != null) {
            boolean there = quoted.udp().checksum() != 0;
            rewritePorts(quoted, inner, addresses, there ? UdpHeader.CHECKSUM : -1);
            if (there) {
                quoted.udp().checksum(UdpHeader.present(quoted.udp().checksum()));
            }
        } else {
            IcmpHeader icmp = quoted.icmp();
            if (icmp != null && icmp.isQuery()) {
                icmp.identifier(inner.sourcePort());
            }
            int before = InternetChecksum.complement(addresses);
            int change = InternetChecksum.add(before, inner.sumOfAddresses());
            PseudoHeader.changed(quoted, change, false);
        }
    }

    /**
     * Writes both ports.
     *
     * @param addressesBefore their sum
     * @param checksum offset in the transport header of one to bring along; -1 for none
     */
    private static void rewritePorts(
            IpPacket quoted, Endpoints inner, int addressesBefore, int checksum) {
        ByteBuffer bytes = quoted.bytes();
        int transport = quoted.transportOffset();
        int portsBefore = InternetChecksum.add(quoted.sourcePort(), quoted.destinationPort());
        bytes.putInt(transport, inner.sourcePort() << 16 | inner.destinationPort());
        if (checksum >= 0) {
            change(bytes, transport + checksum, addressesBefore, inner.sumOfAddresses());
            change(bytes, transport + checksum, portsBefore, inner.sumOfPorts());
        }
    }

    private static int sumOfAddresses(IpPacket packet) {
        return packet.version() == 4
                ? InternetChecksum.sum(packet.bytes(), packet.start() + IPV4_ADDRESSES, 8)
                : InternetChecksum.sum(packet.bytes(), packet.start() + IPV6_ADDRESSES, 32);
    }

    /** Writes both addresses and, for IPv4, the header checksum that they are part of. */
    private static void rewriteAddresses(IpPacket packet, Endpoints to) {
        ByteBuffer bytes = packet.bytes();
        int start = packet.start();
        if (packet.version() == 4) {
            int before = sumOfAddresses(packet);
            bytes.putInt(start + IPV4_ADDRESSES, (int) to.sourceLow());
            bytes.putInt(start + IPV4_ADDRESSES + 4, (int) to.destinationLow());
            change(bytes, start + IPV4_CHECKSUM, before, to.sumOfAddresses());
        } else {
            bytes.putLong(start + IPV6_ADDRESSES, to.sourceHigh());
            bytes.putLong(start + IPV6_ADDRESSES + 8, to.sourceLow());
            bytes.putLong(start + IPV6_ADDRESSES + 16, to.destinationHigh());
            bytes.putLong(start + IPV6_ADDRESSES + 24, to.destinationLow());
        }
    }

    /** Brings the checksum at that index along: RFC 1624 section 3, eqn. 3, of whole sums. */
    private static void change(ByteBuffer bytes, int at, int before, int after) {
        int checksum = bytes.getShort(at) & 0xffff;
        bytes.putShort(at, (short) InternetChecksum.replace(checksum, before, after));
    }
}
