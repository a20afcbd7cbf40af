package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * An IPv4 header, RFC 791 section 3.1, read and rewritten in place.
 *
 * <pre>{@code
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+-----------+---+-------------------------------+
 * |Version|  IHL  |   DSCP    |ECN|          Total Length         |
 * +-------+-------+-----------+---+-----+-------------------------+
 * |         Identification        |R|D|M|     Fragment Offset     |
 * +---------------+---------------+-----+-------------------------+
 * |  Time to Live |    Protocol   |        Header Checksum        |
 * +---------------+---------------+-------------------------------+
 * |                         Source Address                        |
 * +---------------------------------------------------------------+
 * |                      Destination Address                      |
 * +---------------------------------------------------------------+
 * |                     Options, 0 to 40 bytes                    |
 * +---------------------------------------------------------------+
 * }</pre>
 *
 * <p>Every setter keeps this header's checksum true (RFC 1624), and none touches the transport's.
 * Reusable; confined to one worker.
 */
public final class Ipv4Header {
    public static final int MINIMUM_LENGTH = 20;

    static final int TOTAL_LENGTH = 2;
    static final int IDENTIFICATION = 4;
    static final int FRAGMENT = 6;
    static final int TIME_TO_LIVE = 8;
    static final int PROTOCOL = 9;
    static final int HEADER_CHECKSUM = 10;
    static final int SOURCE_ADDRESS = 12;
    static final int DESTINATION_ADDRESS = 16;

    static final int RESERVED_BIT = 0x8000;
    static final int DONT_FRAGMENT_BIT = 0x4000;
    static final int MORE_FRAGMENTS_BIT = 0x2000;

    static final int END_OF_OPTIONS = 0;
    static final int NO_OPERATION = 1;

    private ByteBuffer bytes;
    private int start;
    private int headerLength;

    /** Checks all that RFC 1812 section 5.2.2 lists, and the options' lengths. */
    public Defect wrap(ByteBuffer bytes, int start, int length) {
        Defect defect = wrapQuoted(bytes, start, length);
        if (defect != Defect.NONE) return defect;
        int total = totalLength();
        if (total < headerLength) return Defect.TOTAL_LENGTH_BELOW_HEADER;
        if (total > length) return Defect.LENGTH_BEYOND_END;
        return headerLength == MINIMUM_LENGTH ? Defect.NONE : walkOptions();
    }

    /**
     * For a packet inside an ICMP error: the total length is not believed, as the rest was cut off,
     * and options are passed over (RFC 5508 REQ-3), but the checksum must be true.
     */
    public Defect wrapQuoted(ByteBuffer bytes, int start, int length) {
        this.bytes = bytes;
        this.start = start;
        if (length < MINIMUM_LENGTH) return Defect.TRUNCATED_HEADER;
        int first = bytes.get(start);
        if (first >>> 4 != 4) return Defect.WRONG_VERSION;
        headerLength = (first & 0xf) << 2;
        if (headerLength < MINIMUM_LENGTH) return Defect.IHL_BELOW_FIVE;
        if (headerLength > length) return Defect.TRUNCATED_HEADER;
        int sum =
                headerLength == MINIMUM_LENGTH
                        ? sumWithoutOptions()
                        : InternetChecksum.sum(bytes, start, headerLength);
        return sum == 0xffff ? Defect.NONE : Defect.HEADER_CHECKSUM;
    }

    private int sumWithoutOptions() {
        long a = bytes.getLong(start);
        long b = bytes.getLong(start + 8);
        long c = bytes.getInt(start + 16) & 0xffff_ffffL;
        return InternetChecksum.fold(
                (a >>> 32) + (a & 0xffff_ffffL) + (b >>> 32) + (b & 0xffff_ffffL) + c);
    }

    /** RFC 791 section 3.1: an option is one byte (0 and 1), or kind, length, data. */
    private Defect walkOptions() {
        int end = start + headerLength;
        int at = start + MINIMUM_LENGTH;
        while (at < end) {
            int kind = bytes.get(at) & 0xff;
            if (kind == END_OF_OPTIONS) return Defect.NONE;
            if (kind == NO_OPERATION) {
                at++;
                continue;
            }
            if (end - at < 2) return Defect.OPTION_LENGTH;
            int size = bytes.get(at + 1) & 0xff;
            if (size < 2 || size > end - at) return Defect.OPTION_LENGTH;
            at += size;
        }
        return Defect.NONE;
    }

    /** Sets the checksum of a header that was written field by field. */
    static void renewChecksum(ByteBuffer bytes, int start, int headerLength) {
        bytes.putShort(start + HEADER_CHECKSUM, (short) 0);
        int sum = InternetChecksum.sum(bytes, start, headerLength);
        bytes.putShort(start + HEADER_CHECKSUM, (short) InternetChecksum.complement(sum));
    }

    /** Bytes of the header, options included: four times the field IHL. */
    public int headerLength() {
        return headerLength;
    }

    /** The former type of service: DSCP (RFC 2474) in the upper six bits, ECN (RFC 3168) below. */
    public int trafficClass() {
        return bytes.get(start + 1) & 0xff;
    }

    public int totalLength() {
        return bytes.getShort(start + TOTAL_LENGTH) & 0xffff;
    }

    public int identification() {
        return bytes.getShort(start + IDENTIFICATION) & 0xffff;
    }

    public boolean dontFragment() {
        return (bytes.getShort(start + FRAGMENT) & DONT_FRAGMENT_BIT) != 0;
    }

    public boolean moreFragments() {
        return (bytes.getShort(start + FRAGMENT) & MORE_FRAGMENTS_BIT) != 0;
    }

    /** In bytes: eight times the field. */
    public int fragmentOffset() {
        return (bytes.getShort(start + FRAGMENT) & 0x1fff) << 3;
    }

    public int timeToLive() {
        return bytes.get(start + TIME_TO_LIVE) & 0xff;
    }

    public int protocol() {
        return bytes.get(start + PROTOCOL) & 0xff;
    }

    public int headerChecksum() {
        return bytes.getShort(start + HEADER_CHECKSUM) & 0xffff;
    }

    public int sourceAddress() {
        return bytes.getInt(start + SOURCE_ADDRESS);
    }

    public int destinationAddress() {
        return bytes.getInt(start + DESTINATION_ADDRESS);
    }

    public Ipv4Header trafficClass(int value) {
        int before = bytes.getShort(start) & 0xffff;
        return word(0, (before & 0xff00) | (value & 0xff));
    }

    public Ipv4Header totalLength(int value) {
        return word(TOTAL_LENGTH, value);
    }

    public Ipv4Header identification(int value) {
        return word(IDENTIFICATION, value);
    }

    /**
     * All of the fragment field at once.
     *
     * @param offset in bytes, a multiple of 8
     */
    public Ipv4Header fragment(boolean dontFragment, boolean moreFragments, int offset) {
        return word(
                FRAGMENT,
                (dontFragment ? DONT_FRAGMENT_BIT : 0)
                        | (moreFragments ? MORE_FRAGMENTS_BIT : 0)
                        | (offset >>> 3));
    }

    public Ipv4Header timeToLive(int value) {
        return word(TIME_TO_LIVE, ((value & 0xff) << 8) | protocol());
    }

    public Ipv4Header sourceAddress(int address) {
        return address(SOURCE_ADDRESS, address);
    }

    public Ipv4Header destinationAddress(int address) {
        return address(DESTINATION_ADDRESS, address);
    }

    private Ipv4Header word(int offset, int value) {
        int before = bytes.getShort(start + offset);
        bytes.putShort(start + offset, (short) value);
        return checksum(InternetChecksum.replace(headerChecksum(), before, value));
    }

    private Ipv4Header address(int offset, int address) {
        int before = bytes.getInt(start + offset);
        bytes.putInt(start + offset, address);
        return checksum(InternetChecksum.replace32(headerChecksum(), before, address));
    }

    private Ipv4Header checksum(int checksum) {
        bytes.putShort(start + HEADER_CHECKSUM, (short) checksum);
        return this;
    }
}
