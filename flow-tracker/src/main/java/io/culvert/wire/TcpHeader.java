package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * A TCP header, RFC 9293 section 3.1, read and rewritten in place.
 *
 * <pre>{@code
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |          Source Port          |        Destination Port       |
 * +-------------------------------+-------------------------------+
 * |                        Sequence Number                        |
 * +---------------------------------------------------------------+
 * |                     Acknowledgment Number                     |
 * +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 * |  Data |       |C|E|U|A|P|R|S|F|                               |
 * | Offset| Rsrvd |W|C|R|C|S|S|Y|I|             Window            |
 * |       |       |R|E|G|K|H|T|N|N|                               |
 * +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 * |            Checksum           |         Urgent Pointer        |
 * +-------------------------------+-------------------------------+
 * |                     Options, 0 to 40 bytes                    |
 * +---------------------------------------------------------------+
 * }</pre>
 *
 * <p>Reusable; confined to one worker.
 */
public final class TcpHeader {
    public static final int MINIMUM_LENGTH = 20;

    /** Bytes of a header inside an ICMP error that can be relied on: ports, sequence number. */
    public static final int QUOTED_LENGTH = 8;

    /** NOP, NOP, timestamps of ten bytes. */
    private static final int TIMESTAMPS = 0x0101080a;

    private static final int TIMESTAMPS_LENGTH = 12;

    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int PSH = 0x08;
    public static final int ACK = 0x10;
    public static final int URG = 0x20;
    public static final int ECE = 0x40;
    public static final int CWR = 0x80;

    /** Bytes from the header's start to its checksum. */
    public static final int CHECKSUM = 16;

    static final int SOURCE_PORT = 0;
    static final int DESTINATION_PORT = 2;
    static final int SEQUENCE_NUMBER = 4;
    static final int ACKNOWLEDGMENT_NUMBER = 8;
    static final int DATA_OFFSET = 12;
    static final int FLAGS = 13;
    static final int WINDOW = 14;

    private static final int END_OF_OPTIONS = 0;
    private static final int NO_OPERATION = 1;
    private static final int MAXIMUM_SEGMENT_SIZE = 2;
    private static final int MAXIMUM_SEGMENT_SIZE_LENGTH = 4;
    private static final int WINDOW_SCALE = 3;
    private static final int WINDOW_SCALE_LENGTH = 3;
    private static final int SACK_PERMITTED = 4;
    private static final int SACK_PERMITTED_LENGTH = 2;
    private static final int SACK = 5;
    private static final int SACK_BLOCK = 8;
    private static final int SACK_RIGHT_EDGE = 4;

    /** RFC 7323 section 2.3: a larger shift count counts as this one. */
    private static final int LARGEST_WINDOW_SCALE = 14;

    private static final int ABSENT = -1;

    /** RFC 7323 appendix A: the one option of nearly every segment, two NOPs and a time stamp. */
    private static final int ALIGNED_TIMESTAMP = 0x0101_080a;

    private ByteBuffer bytes;
    private int start;
    private int length;
    private int headerLength;
    private int maximumSegmentSizeOffset;
    private int windowScale;
    private boolean sackPermitted;
    private int sackBlocks;
    private int sackBlocksOffset;

    /** Checks the data offset and the options' lengths. */
    public Defect wrap(ByteBuffer bytes, int start, int length) {
        Defect defect = wrapFixed(bytes, start, length);
        if (defect != Defect.NONE) return defect;
        if (headerLength > length) return Defect.TCP_DATA_OFFSET;
        if (headerLength == MINIMUM_LENGTH) return Defect.NONE;
        if (headerLength == 32 && bytes.getInt(start + MINIMUM_LENGTH) == ALIGNED_TIMESTAMP) {
            return Defect.NONE;
        }
        return walkOptions();
    }

    /** For the first fragment of a datagram: the options may be in the next, and are not read. */
    public Defect wrapFirstFragment(ByteBuffer bytes, int start, int length) {
        return wrapFixed(bytes, start, length);
    }

    /**
     * For a packet inside an ICMP error: {@link #QUOTED_LENGTH} bytes are enough, and nothing but
     * the ports and the sequence number may be asked for.
     */
    public Defect wrapQuoted(ByteBuffer bytes, int start, int length) {
        view(bytes, start, length);
        return length < QUOTED_LENGTH ? Defect.TCP_TRUNCATED : Defect.NONE;
    }

    private Defect wrapFixed(ByteBuffer bytes, int start, int length) {
        view(bytes, start, length);
        if (length < MINIMUM_LENGTH) return Defect.TCP_TRUNCATED;
        headerLength = dataOffset() << 2;
        return headerLength < MINIMUM_LENGTH ? Defect.TCP_DATA_OFFSET : Defect.NONE;
    }

    private void view(ByteBuffer bytes, int start, int length) {
        this.bytes = bytes;
        this.start = start;
        this.length = length;
        maximumSegmentSizeOffset = ABSENT;
        windowScale = ABSENT;
        sackPermitted = false;
        sackBlocks = 0;
    }

    /** RFC 9293 section 3.1: an option is one byte (0 and 1), or kind, length, data. */
    private Defect walkOptions() {
        int end = start + headerLength;
        int at = start + MINIMUM_LENGTH;
        while (at < end) {
            int kind = bytes.get(at);
            if (kind == END_OF_OPTIONS) return Defect.NONE;
            if (kind == NO_OPERATION) {
                at++;
                continue;
            }
            if (end - at < 2) return Defect.TCP_OPTION_LENGTH;
            int size = bytes.get(at + 1) & 0xff;
            if (size < 2 || size > end - at) return Defect.TCP_OPTION_LENGTH;
            if (syn()) {
                noteOptionOfSyn(kind, at, size);
            } else if (kind == SACK && (size - 2) % SACK_BLOCK == 0) {
                sackBlocks = (size - 2) / SACK_BLOCK;
                sackBlocksOffset = at + 2;
            }
            at += size;
        }
        return Defect.NONE;
    }

    /** What only a SYN may announce. Of several the last counts; one of a wrong length does not. */
    private void noteOptionOfSyn(int kind, int at, int size) {
        // RFC 9293 section 3.7.1
        if (kind == MAXIMUM_SEGMENT_SIZE && size == MAXIMUM_SEGMENT_SIZE_LENGTH) {
            maximumSegmentSizeOffset = at + 2;
        }
        // RFC 7323 section 2.2
        if (kind == WINDOW_SCALE && size == WINDOW_SCALE_LENGTH) {
            windowScale = Math.min(bytes.get(at + 2) & 0xff, LARGEST_WINDOW_SCALE);
        }
        // RFC 2018 section 2
        if (kind == SACK_PERMITTED && size == SACK_PERMITTED_LENGTH) {
            sackPermitted = true;
        }
    }

    public int sourcePort() {
        return bytes.getShort(start + SOURCE_PORT) & 0xffff;
    }

    public int destinationPort() {
        return bytes.getShort(start + DESTINATION_PORT) & 0xffff;
    }

    public int sequenceNumber() {
        return bytes.getInt(start + SEQUENCE_NUMBER);
    }

    public int acknowledgmentNumber() {
        return bytes.getInt(start + ACKNOWLEDGMENT_NUMBER);
    }

    /** The field, in words of four bytes; {@link #headerLength} is the same in bytes. */
    public int dataOffset() {
        return (bytes.get(start + DATA_OFFSET) & 0xf0) >>> 4;
    }

    /** Bytes of the header, options included. */
    public int headerLength() {
        return headerLength;
    }

    /** Bytes of the segment's data; never below 0, as a first fragment's header may go on. */
    public int payloadLength() {
        return Math.max(0, length - headerLength);
    }

    /** The eight control bits, {@link #FIN} to {@link #CWR}. */
    public int flags() {
        return bytes.get(start + FLAGS) & 0xff;
    }

    public boolean fin() {
        return (flags() & FIN) != 0;
    }

    public boolean syn() {
        return (flags() & SYN) != 0;
    }

    public boolean rst() {
        return (flags() & RST) != 0;
    }

    /**
     * Whether this is nothing but an acknowledgment: no payload, no flag besides ACK, no option
     * besides timestamps in their usual place (RFC 7323 appendix A). A selective acknowledgment or
     * an ECN echo is more than that.
     */
    public boolean isPlainAcknowledgment() {
        if (flags() != ACK || payloadLength() != 0) return false;
        int header = headerLength();
        return header == MINIMUM_LENGTH
                || (header == MINIMUM_LENGTH + TIMESTAMPS_LENGTH
                        && bytes.getInt(start + MINIMUM_LENGTH) == TIMESTAMPS);
    }

    public boolean ack() {
        return (flags() & ACK) != 0;
    }

    /** As sent, not scaled. */
    public int window() {
        return bytes.getShort(start + WINDOW) & 0xffff;
    }

    public int checksum() {
        return bytes.getShort(start + CHECKSUM) & 0xffff;
    }

    /** Absolute index of the value in a SYN's maximum segment size option, or -1. */
    public int maximumSegmentSizeOffset() {
        return maximumSegmentSizeOffset;
    }

    /** What a SYN announces; only where there is a {@link #maximumSegmentSizeOffset}. */
    public int maximumSegmentSize() {
        return bytes.getShort(maximumSegmentSizeOffset) & 0xffff;
    }

    /** The shift count that a SYN offers, at most 14; -1 where it offers none, as no other may. */
    public int windowScale() {
        return windowScale;
    }

    /** Whether a SYN says that its sender understands selective acknowledgments. */
    public boolean sackPermitted() {
        return sackPermitted;
    }

    /**
     * The furthest that this segment acknowledges, selectively (RFC 2018 section 3) or not; a block
     * that only repeats what came twice (RFC 2883) lies before the acknowledgment number.
     */
    public int furthestAcknowledgment() {
        int furthest = acknowledgmentNumber();
        for (int block = 0; block < sackBlocks; block++) {
            int edge = bytes.getInt(sackBlocksOffset + block * SACK_BLOCK + SACK_RIGHT_EDGE);
            // RFC 9293 section 3.4: sequence numbers compare modulo 2^32.
            if (edge - furthest > 0) furthest = edge;
        }
        return furthest;
    }

    /** Sets the port alone. A complete checksum covers it, a partial one does not. */
    public TcpHeader sourcePort(int port) {
        bytes.putShort(start + SOURCE_PORT, (short) port);
        return this;
    }

    /** Sets the port alone. A complete checksum covers it, a partial one does not. */
    public TcpHeader destinationPort(int port) {
        bytes.putShort(start + DESTINATION_PORT, (short) port);
        return this;
    }

    public TcpHeader checksum(int checksum) {
        bytes.putShort(start + CHECKSUM, (short) checksum);
        return this;
    }

    /**
     * Sets what a SYN announces, and keeps its checksum true.
     *
     * @param checksumPartial whether the checksum is, and so does not cover the option
     */
    public TcpHeader maximumSegmentSize(int size, boolean checksumPartial) {
        int before = maximumSegmentSize();
        bytes.putShort(maximumSegmentSizeOffset, (short) size);
        if (checksumPartial) return this;
        // RFC 1071 section 2 (B): a word at an odd offset counts with its bytes exchanged.
        boolean odd = ((maximumSegmentSizeOffset - start) & 1) != 0;
        return checksum(
                InternetChecksum.replace(
                        checksum(), odd ? swap(before) : before, odd ? swap(size) : size));
    }

    private static int swap(int word) {
        return Short.reverseBytes((short) word) & 0xffff;
    }

    /**
     * Lowers the maximum segment size that a SYN announces to what a link takes; where it announces
     * none nothing is added.
     *
     * @param mtu of the link, in bytes
     * @param partial whether the checksum holds the pseudo-header's sum only
     */
    public void limitSegmentSize(int mtu, boolean ipv6, boolean partial) {
        int largest = mtu - MINIMUM_LENGTH - (ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MINIMUM_LENGTH);
        if (maximumSegmentSizeOffset() >= 0 && maximumSegmentSize() > largest) {
            maximumSegmentSize(largest, partial);
        }
    }
}
