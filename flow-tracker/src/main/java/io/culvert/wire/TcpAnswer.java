package io.culvert.wire;

import java.nio.ByteBuffer;

/** Segments without data that answer one for which there is no connection. */
public final class TcpAnswer {
    /** RFC 3168 section 6.1: ECN is for segments with new data; DSCP is kept. */
    private static final int DSCP = 0xfc;

    private TcpAnswer() {}

    /**
     * Writes, as a whole packet from the offending one's destination to its source, the reset that
     * answers a segment nobody wants: RFC 9293 section 3.10.7.1, and 3.5.2 group 1 with the numbers
     * it must have to be believed.
     *
     * @param offending a wrapped packet; if it has been translated, the answer is in the same terms
     * @param at absolute index; 40 bytes (IPv4) or 60 (IPv6) are needed there
     * @return the packet's length; 0 where none may be sent: to a reset, to what is no TCP segment
     *     or a fragment of one, to and from what is not one host (RFC 1122 section 4.2.3.10)
     */
    public static int reset(IpPacket offending, ByteBuffer into, int at) {
        if (!mayBeAnswered(offending)) return 0;
        TcpHeader tcp = offending.tcp();
        // RFC 9293 section 3.4: SYN and FIN each take a sequence number.
        int length = tcp.payloadLength() + (tcp.syn() ? 1 : 0) + (tcp.fin() ? 1 : 0);
        return tcp.ack()
                ? write(offending, tcp.acknowledgmentNumber(), 0, TcpHeader.RST, into, at)
                : write(
                        offending,
                        0,
                        tcp.sequenceNumber() + length,
                        TcpHeader.RST | TcpHeader.ACK,
                        into,
                        at);
    }

    /**
     * Writes what an end of a half-open connection answers to a SYN (RFC 9293 figure 10): an
     * acknowledgment of something else, which the SYN's sender will reset under that very number.
     *
     * @param number to acknowledge
     * @return as of {@link #reset}
     */
    public static int challenge(IpPacket syn, int number, ByteBuffer into, int at) {
        return mayBeAnswered(syn) ? write(syn, 0, number, TcpHeader.ACK, into, at) : 0;
    }

    /**
     * Writes a whole packet with the reset of a connection, as of one of its ends.
     *
     * @param sequence what the other expects next, or it does not believe it: RFC 5961 section 3.2
     * @param at absolute index; 40 bytes (IPv4) or 60 (IPv6) are needed there
     * @return the packet's length
     */
    public static int reset(
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long destinationHigh,
            long destinationLow,
            int destinationPort,
            int sequence,
            ByteBuffer into,
            int at) {
        return write(
                sourceHigh,
                sourceLow,
                sourcePort,
                destinationHigh,
                destinationLow,
                destinationPort,
                0,
                sequence,
                0,
                TcpHeader.RST,
                into,
                at);
    }

    private static boolean mayBeAnswered(IpPacket ip) {
        return ip.tcp() != null && !ip.isFragment() && !ip.tcp().rst() && ip.isUnicast();
    }

    private static int write(
            IpPacket answered,
            int sequence,
            int acknowledgment,
            int flags,
            ByteBuffer into,
            int at) {
        return write(
                /* sourceHigh= */ answered.destinationHigh(),
                /* sourceLow= */ answered.destinationLow(),
                /* sourcePort= */ answered.tcp().destinationPort(),
                /* destinationHigh= */ answered.sourceHigh(),
                /* destinationLow= */ answered.sourceLow(),
                /* destinationPort= */ answered.tcp().sourcePort(),
                answered.trafficClass() & DSCP,
                sequence,
                acknowledgment,
                flags,
                into,
                at);
    }

    private static int write(
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long destinationHigh,
            long destinationLow,
            int destinationPort,
            int trafficClass,
            int sequence,
            int acknowledgment,
            int flags,
            ByteBuffer into,
            int at) {
        int header = IpHeader.length(destinationHigh, destinationLow);
        IpHeader.write(
                into,
                at,
                sourceHigh,
                sourceLow,
                destinationHigh,
                destinationLow,
                IpProtocol.TCP,
                IpHeader.TIME_TO_LIVE,
                trafficClass,
                TcpHeader.MINIMUM_LENGTH);

        int start = at + header;
        into.putShort(start + TcpHeader.SOURCE_PORT, (short) sourcePort);
        into.putShort(start + TcpHeader.DESTINATION_PORT, (short) destinationPort);
        into.putInt(start + TcpHeader.SEQUENCE_NUMBER, sequence);
        into.putInt(start + TcpHeader.ACKNOWLEDGMENT_NUMBER, acknowledgment);
        into.putShort(start + TcpHeader.DATA_OFFSET, (short) ((5 << 12) | flags));
        into.putShort(start + TcpHeader.WINDOW, (short) 0);
        into.putInt(start + TcpHeader.CHECKSUM, 0); // and the urgent pointer
        int sum = InternetChecksum.sum(into, start, TcpHeader.MINIMUM_LENGTH);
        int pseudoHeader = IpHeader.pseudoHeader(into, at, TcpHeader.MINIMUM_LENGTH);
        into.putShort(
                start + TcpHeader.CHECKSUM,
                (short) InternetChecksum.complement(InternetChecksum.add(sum, pseudoHeader)));
        return header + TcpHeader.MINIMUM_LENGTH;
    }
}
