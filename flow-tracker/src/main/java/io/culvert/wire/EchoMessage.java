package io.culvert.wire;

import java.nio.ByteBuffer;

/** An echo request or reply (RFC 792, RFC 4443 section 4) as a whole IP packet around its data. */
public final class EchoMessage {
    private EchoMessage() {}

    /** Where the data stands behind the packet's first byte, so that it can be put there. */
    public static int payloadOffset(long destinationHigh, long destinationLow) {
        return IpHeader.length(destinationHigh, destinationLow) + IcmpHeader.LENGTH;
    }

    /**
     * Writes the packet, in the destination's family, with a complete checksum.
     *
     * @param request or else a reply
     * @param payload its bytes from {@code payloadStart}, absolute; not copied where it is {@code
     *     into} and they are at {@link #payloadOffset} already
     * @param at absolute index of the packet
     * @return the packet's length; 0 if the payload is too long for one
     */
    public static int write(
            boolean request,
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int identifier,
            int sequenceNumber,
            int timeToLive,
            int trafficClass,
            ByteBuffer payload,
            int payloadStart,
            int payloadLength,
            ByteBuffer into,
            int at) {
        boolean four = IpAddress.isIpv4(destinationHigh, destinationLow);
        int header = IpHeader.length(destinationHigh, destinationLow);
        int length = IcmpHeader.LENGTH + payloadLength;
        if (!IpHeader.fits(header, length)) return 0;
        int start = at + header;

        // First of all, for the payload may be where the headers go.
        IpHeader.place(payload, payloadStart, payloadLength, into, start + IcmpHeader.LENGTH);
        IpHeader.write(
                into,
                at,
                sourceHigh,
                sourceLow,
                destinationHigh,
                destinationLow,
                four ? IpProtocol.ICMP : IpProtocol.ICMPV6,
                timeToLive,
                trafficClass,
                length);
        into.putShort(start, (short) (type(request, four) << 8));
        into.putShort(start + IcmpHeader.CHECKSUM, (short) 0);
        into.putShort(start + IcmpHeader.IDENTIFIER, (short) identifier);
        into.putShort(start + IcmpHeader.SEQUENCE_NUMBER, (short) sequenceNumber);
        int sum = InternetChecksum.sum(into, start, length);
        if (!four) {
            // RFC 4443 section 2.3: ICMPv6 covers the pseudo-header, ICMP does not.
            sum = InternetChecksum.add(sum, IpHeader.pseudoHeader(into, at, length));
        }
        into.putShort(start + IcmpHeader.CHECKSUM, (short) InternetChecksum.complement(sum));
        return header + length;
    }

    private static int type(boolean request, boolean four) {
        if (four) return request ? IcmpType.ECHO_REQUEST : IcmpType.ECHO_REPLY;
        return request ? IcmpType.V6_ECHO_REQUEST : IcmpType.V6_ECHO_REPLY;
    }
}
