package io.culvert.wire;

import java.nio.ByteBuffer;

/** The ICMP error about a packet, with as much of the packet as may be sent back. */
public final class IcmpError {
    /** RFC 1812 section 4.3.2.3: as much as possible within 576 bytes. */
    public static final int MAXIMUM_LENGTH = 576;

    /** RFC 4443 section 2.4 (c): within the smallest MTU of IPv6. */
    public static final int V6_MAXIMUM_LENGTH = 1280;

    /** RFC 1812 section 4.3.2.5: precedence 6, internetwork control. */
    private static final int INTERNETWORK_CONTROL = 6 << 5;

    private IcmpError() {}

    /**
     * Writes the error as a whole packet to the offending one's source, in its family. The quote is
     * the packet as its buffer has it now: call this before anything is rewritten.
     *
     * @param offending a wrapped packet
     * @param information the second word: an MTU, a pointer, or 0
     * @param sourceHigh who answers: an address of the offending packet's family
     * @param at absolute index; {@link #MAXIMUM_LENGTH} or {@link #V6_MAXIMUM_LENGTH} bytes are
     *     enough there
     * @return the packet's length; 0 where RFC 1812 section 4.3.2.7 or RFC 4443 section 2.4 (e)
     *     forbids an error. The limit on their rate is the caller's.
     */
    public static int write(
            IpPacket offending,
            int type,
            int code,
            int information,
            long sourceHigh,
            long sourceLow,
            ByteBuffer into,
            int at) {
        if (!isAllowed(offending, type, code)) return 0;
        boolean four = offending.version() == 4;
        long destinationHigh = offending.sourceHigh();
        long destinationLow = offending.sourceLow();
        int header = IpHeader.length(destinationHigh, destinationLow);
        int overhead = header + IcmpHeader.LENGTH;
        int quoted =
                Math.min(
                        offending.length(), (four ? MAXIMUM_LENGTH : V6_MAXIMUM_LENGTH) - overhead);
        int message = IcmpHeader.LENGTH + quoted;
        IpHeader.write(
                into,
                at,
                sourceHigh,
                sourceLow,
                destinationHigh,
                destinationLow,
                four ? IpProtocol.ICMP : IpProtocol.ICMPV6,
                IpHeader.TIME_TO_LIVE,
                four ? INTERNETWORK_CONTROL : 0,
                message);

        int start = at + header;
        into.putShort(start, (short) ((type << 8) | code));
        into.putShort(start + IcmpHeader.CHECKSUM, (short) 0);
        into.putInt(start + IcmpHeader.IDENTIFIER, information);
        into.put(start + IcmpHeader.LENGTH, offending.bytes(), offending.start(), quoted);
        int sum = InternetChecksum.sum(into, start, message);
        if (!four) {
            // RFC 4443 section 2.3: ICMPv6 covers the pseudo-header, ICMP does not.
            sum = InternetChecksum.add(sum, IpHeader.pseudoHeader(into, at, message));
        }
        into.putShort(start + IcmpHeader.CHECKSUM, (short) InternetChecksum.complement(sum));
        return header + message;
    }

    private static boolean isAllowed(IpPacket offending, int type, int code) {
        if (offending.fragmentOffset() > 0) return false;
        IcmpHeader icmp = offending.icmp();
        if (icmp != null && (icmp.isError() || isRedirect(icmp, offending))) return false;
        long high = offending.sourceHigh();
        long low = offending.sourceLow();
        if (!IpAddress.isOneHost(high, low) || IpAddress.isLoopback(high, low)) return false;
        if (offending.isUnicast()) return true;
        // RFC 4443 section 2.4 (e.3): path MTU discovery works for multicast too.
        return offending.version() == 6
                && !IpAddress.isIpv4(high, low)
                && IpAddress.isMulticast(offending.destinationHigh(), offending.destinationLow())
                && (type == IcmpType.V6_PACKET_TOO_BIG
                        || (type == IcmpType.V6_PARAMETER_PROBLEM
                                && code == IcmpType.V6_UNRECOGNIZED_OPTION));
    }

    /** RFC 4443 section 2.4 (e.2). */
    private static boolean isRedirect(IcmpHeader icmp, IpPacket offending) {
        return offending.version() == 6 && icmp.type() == IcmpType.V6_REDIRECT;
    }
}
