package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * The IP header of a packet that the gateway makes, in the family of its addresses: no options, no
 * extension headers, never a fragment.
 */
final class IpHeader {
    /** RFC 1700 "IP time to live parameter"; what a packet of our own starts with. */
    static final int TIME_TO_LIVE = 64;

    private IpHeader() {}

    /** Bytes of the header before such a destination. */
    static int length(long destinationHigh, long destinationLow) {
        return IpAddress.isIpv4(destinationHigh, destinationLow)
                ? Ipv4Header.MINIMUM_LENGTH
                : Ipv6Header.LENGTH;
    }

    /** Whether a payload of that length has room in one packet. */
    static boolean fits(int headerLength, int payloadLength) {
        // RFC 791 counts the header in the total length, RFC 8200 does not in the payload length.
        int counted = headerLength == Ipv4Header.MINIMUM_LENGTH ? headerLength : 0;
        return payloadLength <= DatagramHeader.LONGEST - counted;
    }

    static void write(
            ByteBuffer into,
            int at,
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int protocol,
            int timeToLive,
            int trafficClass,
            int payloadLength) {
        if (IpAddress.isIpv4(destinationHigh, destinationLow)) {
            int total = Ipv4Header.MINIMUM_LENGTH + payloadLength;
            into.putShort(at, (short) (0x4500 | trafficClass));
            into.putShort(at + Ipv4Header.TOTAL_LENGTH, (short) total);
            // RFC 6864 section 4.1: in an atomic datagram, DF set, the identification is nothing.
            into.putShort(at + Ipv4Header.IDENTIFICATION, (short) 0);
            into.putShort(at + Ipv4Header.FRAGMENT, (short) Ipv4Header.DONT_FRAGMENT_BIT);
            into.putShort(at + Ipv4Header.TIME_TO_LIVE, (short) ((timeToLive << 8) | protocol));
            into.putInt(at + Ipv4Header.SOURCE_ADDRESS, (int) sourceLow);
            into.putInt(at + Ipv4Header.DESTINATION_ADDRESS, (int) destinationLow);
            Ipv4Header.renewChecksum(into, at, Ipv4Header.MINIMUM_LENGTH);
        } else {
            into.putInt(at, (6 << 28) | (trafficClass << 20));
            into.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) payloadLength);
            into.put(at + Ipv6Header.NEXT_HEADER, (byte) protocol);
            into.put(at + Ipv6Header.HOP_LIMIT, (byte) timeToLive);
            into.putLong(at + Ipv6Header.SOURCE_ADDRESS, sourceHigh);
            into.putLong(at + Ipv6Header.SOURCE_ADDRESS + 8, sourceLow);
            into.putLong(at + Ipv6Header.DESTINATION_ADDRESS, destinationHigh);
            into.putLong(at + Ipv6Header.DESTINATION_ADDRESS + 8, destinationLow);
        }
    }

    /** The pseudo-header's sum of the transport behind a header written here. */
    static int pseudoHeader(ByteBuffer into, int at, int transportLength) {
        boolean four = (into.get(at) & 0xf0) == 0x40;
        int protocol = into.get(at + (four ? Ipv4Header.PROTOCOL : Ipv6Header.NEXT_HEADER)) & 0xff;
        int addresses =
                four
                        ? InternetChecksum.sum(into, at + Ipv4Header.SOURCE_ADDRESS, 8)
                        : InternetChecksum.sum(into, at + Ipv6Header.SOURCE_ADDRESS, 32);
        return InternetChecksum.add(InternetChecksum.add(addresses, protocol), transportLength);
    }

    /** Puts a payload in its place, unless it is there already. */
    @SuppressWarnings("ReferenceEquality") // the same memory, not the same content
    static void place(ByteBuffer payload, int payloadStart, int length, ByteBuffer into, int at) {
        if (payload != into || payloadStart != at) into.put(at, payload, payloadStart, length);
    }
}
