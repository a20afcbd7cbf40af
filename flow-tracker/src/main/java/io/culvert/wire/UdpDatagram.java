package io.culvert.wire;

import java.nio.ByteBuffer;

/** A UDP datagram as a whole IP packet around a payload. */
public final class UdpDatagram {
    private UdpDatagram() {}

    /** Where the payload stands behind the packet's first byte, so that it can be put there. */
    public static int payloadOffset(long destinationHigh, long destinationLow) {
        return IpHeader.length(destinationHigh, destinationLow) + UdpHeader.LENGTH;
    }

    /**
     * Writes the packet, in the destination's family.
     *
     * @param payload its bytes from {@code payloadStart}, absolute; not copied where it is {@code
     *     into} and they are at {@link #payloadOffset} already
     * @param checksumPartial leaves the checksum to the device: the sum of the pseudo-header
     * @param at absolute index of the packet
     * @return the packet's length; 0 if the payload is too long for one
     */
    public static int write(
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long destinationHigh,
            long destinationLow,
            int destinationPort,
            int timeToLive,
            int trafficClass,
            ByteBuffer payload,
            int payloadStart,
            int payloadLength,
            boolean checksumPartial,
            ByteBuffer into,
            int at) {
        int header = IpHeader.length(destinationHigh, destinationLow);
        int length = UdpHeader.LENGTH + payloadLength;
        if (!IpHeader.fits(header, length)) return 0;
        int start = at + header;

        // First of all, for the payload may be where the headers go.
        IpHeader.place(payload, payloadStart, payloadLength, into, start + UdpHeader.LENGTH);
        IpHeader.write(
                into,
                at,
                sourceHigh,
                sourceLow,
                destinationHigh,
                destinationLow,
                IpProtocol.UDP,
                timeToLive,
                trafficClass,
                length);
        into.putShort(start + UdpHeader.SOURCE_PORT, (short) sourcePort);
        into.putShort(start + UdpHeader.DESTINATION_PORT, (short) destinationPort);
        into.putShort(start + UdpHeader.LENGTH_FIELD, (short) length);
        int pseudoHeader = IpHeader.pseudoHeader(into, at, length);
        into.putShort(
                start + UdpHeader.CHECKSUM,
                (short) (checksumPartial ? pseudoHeader : checksum(into, start, pseudoHeader)));
        return header + length;
    }

    private static int checksum(ByteBuffer into, int start, int pseudoHeader) {
        into.putShort(start + UdpHeader.CHECKSUM, (short) 0);
        int length = into.getShort(start + UdpHeader.LENGTH_FIELD) & 0xffff;
        int sum = InternetChecksum.sum(into, start, length);
        return UdpHeader.present(
                InternetChecksum.complement(InternetChecksum.add(sum, pseudoHeader)));
    }
}
