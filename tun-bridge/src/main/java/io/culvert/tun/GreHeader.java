package io.culvert.tun;

import java.nio.ByteBuffer;

/**
 * The header of Generic Routing Encapsulation, RFC 2784 section 2 and RFC 2890 section 2:
 *
 * <pre>
 *  |C| |K|S|  Reserved0      | Ver |         protocol type         |
 *  |           checksum            |           Reserved1           |   where C is set
 *  |                              key                              |   where K is set
 *  |                        sequence number                        |   where S is set
 * </pre>
 *
 * <p>Of Reserved0, bits 1, 4 and 5 have to be zero, since their meaning was one of RFC 1701; bits 6
 * to 12 mean nothing and are not looked at (RFC 2784 section 2.3).
 *
 * <p>A view: {@link #wrap} checks every length once, and the getters hold after it answered {@link
 * GreOutcome#PACKET}; {@link #checksumRight} is a question of its own. Reusable; confined to one
 * worker.
 */
public final class GreHeader {
    /** IANA's number of the IP protocol. */
    public static final int IP_PROTOCOL = 47;

    /** Bytes of a header without fields. */
    static final int SHORTEST = 4;

    /** Bytes of a header with all of them. */
    static final int LONGEST = 16;

    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86dd;

    /** Cisco's, for the answer that a keepalive carries. */
    static final int KEEPALIVE = 0;

    private static final int ETHERNET = 0x6558;
    private static final int WEB_CACHE = 0x883e;

    private static final int CHECKSUM_PRESENT = 0x8000;
    private static final int ROUTING_PRESENT = 0x4000;
    private static final int KEY_PRESENT = 0x2000;
    private static final int SEQUENCE_PRESENT = 0x1000;
    private static final int MUST_BE_ZERO = 0x0c00;
    private static final int VERSION = 0x0007;
    private static final int POINT_TO_POINT = 1;

    private static final int PROTOCOL = 2;
    private static final int CHECKSUM = 4;

    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;

    /** RFC 1071: what a sum is that has its own checksum in it. */
    private static final int RIGHT = 0xffff;

    private ByteBuffer bytes;
    private int start;
    private int end;
    private int length;
    private boolean checksum;
    private long key;
    private boolean sequence;
    private int sequenceNumber;

    /**
     * Looks at what follows the outer IP header.
     *
     * @param bytes in network byte order; kept until the next call
     * @param at where it begins
     * @param available its bytes, all there are
     */
    public GreOutcome wrap(ByteBuffer bytes, int at, int available) {
        this.bytes = bytes;
        start = at;
        end = at + available;
        length = 0;
        checksum = false;
        key = GreFields.NO_KEY;
        sequence = false;
        if (available < SHORTEST) {
            return GreOutcome.TOO_SHORT;
        }
        int flags = bytes.getShort(at) & 0xffff;
        int version = flags & VERSION;
        if (version != 0) {
            return version == POINT_TO_POINT
                    ? GreOutcome.POINT_TO_POINT
                    : GreOutcome.UNKNOWN_VERSION;
        }
        if ((flags & ROUTING_PRESENT) != 0) {
            return GreOutcome.SOURCE_ROUTE;
        }
        if ((flags & MUST_BE_ZERO) != 0) {
            return GreOutcome.RESERVED_FLAG;
        }
        length = lengthBy(flags);
        return length > available ? GreOutcome.TOO_SHORT : wrapFields(flags);
    }

    private static int lengthBy(int flags) {
        int fields = flags & (CHECKSUM_PRESENT | KEY_PRESENT | SEQUENCE_PRESENT);
        return SHORTEST + Integer.bitCount(fields) * Integer.BYTES;
    }

    private GreOutcome wrapFields(int flags) {
        int at = start + SHORTEST;
        if ((flags & CHECKSUM_PRESENT) != 0) {
            checksum = true;
            at += Integer.BYTES;
        }
        if ((flags & KEY_PRESENT) != 0) {
            key = Integer.toUnsignedLong(bytes.getInt(at));
            at += Integer.BYTES;
        }
        if ((flags & SEQUENCE_PRESENT) != 0) {
            sequence = true;
            sequenceNumber = bytes.getInt(at);
        }
        return switch (bytes.getShort(start + PROTOCOL) & 0xffff) {
            case IPV4 -> wrapPacket(4, IPV4_HEADER);
            case IPV6 -> wrapPacket(6, IPV6_HEADER);
            case KEEPALIVE -> GreOutcome.KEEPALIVE_ANSWER;
            case ETHERNET -> GreOutcome.ETHERNET;
            case WEB_CACHE -> GreOutcome.WEB_CACHE;
            default -> GreOutcome.UNKNOWN_PROTOCOL;
        };
    }

    private GreOutcome wrapPacket(int version, int header) {
        int from = start + length;
        if (from < end && (bytes.get(from) >> 4 & 0xf) != version) {
            return GreOutcome.WRONG_INNER_VERSION;
        }
        return end - from < header ? GreOutcome.INNER_TOO_SHORT : GreOutcome.PACKET;
    }

    /** Bytes of the GRE header. */
    public int length() {
        return length;
    }

    /** Whether it has a checksum; most have none. */
    public boolean hasChecksum() {
        return checksum;
    }

    /** Whether header and packet sum up as they should; there has to be a checksum. */
    public boolean checksumRight() {
        return OnesComplement.sum(bytes, start, end - start) == RIGHT;
    }

    /** The key, without a sign; {@link GreFields#NO_KEY} where there is none. */
    public long key() {
        return key;
    }

    public boolean hasSequenceNumber() {
        return sequence;
    }

    /** To be compared by its difference alone (RFC 1982): it begins anew after 2^32. */
    public int sequenceNumber() {
        return sequenceNumber;
    }

    /** Copies the packet inside. */
    public void unwrap(Packet packet) {
        int from = start + length;
        packet.plain(end - from).bytes().put(Packet.OFFSET, bytes, from, end - from);
    }

    /**
     * Writes a header; where it has a checksum, {@link #seal} finishes it.
     *
     * @param at index where it begins; it has {@code fields.length()} bytes
     * @param sequenceNumber written where the fields have one
     */
    static void write(
            ByteBuffer bytes, int at, boolean ipv6, GreFields fields, int sequenceNumber) {
        int flags = 0;
        int next = at + SHORTEST;
        if (fields.checksum()) {
            flags |= CHECKSUM_PRESENT;
            bytes.putInt(next, 0);
            next += Integer.BYTES;
        }
        if (fields.hasKey()) {
            flags |= KEY_PRESENT;
            bytes.putInt(next, (int) fields.key());
            next += Integer.BYTES;
        }
        if (fields.sequence()) {
            flags |= SEQUENCE_PRESENT;
            bytes.putInt(next, sequenceNumber);
        }
        bytes.putInt(at, flags << Short.SIZE | (ipv6 ? IPV6 : IPV4));
    }

    /**
     * Writes the checksum of a header that has one (RFC 2784 section 2.5).
     *
     * @param length bytes of header and packet together
     */
    static void seal(ByteBuffer bytes, int at, int length) {
        bytes.putShort(at + CHECKSUM, (short) 0);
        bytes.putShort(at + CHECKSUM, (short) ~OnesComplement.sum(bytes, at, length));
    }
}
