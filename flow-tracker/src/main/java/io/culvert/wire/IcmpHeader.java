package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * The first eight bytes of an ICMP message, RFC 792 and RFC 4443 section 2.1: of an echo or another
 * query, and of an error with the packet it is about.
 *
 * <pre>{@code
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+-------------------------------+
 * |      Type     |      Code     |            Checksum           |
 * +---------------+---------------+-------------------------------+
 * |           Identifier          |        Sequence Number        |
 * +-------------------------------+-------------------------------+
 * |         echoed data, or as much of the packet as fits         |
 * +---------------------------------------------------------------+
 * }</pre>
 *
 * <p>Reusable; confined to one worker.
 */
public final class IcmpHeader {
    public static final int LENGTH = 8;

    /** Bytes from the header's start to its checksum. */
    public static final int CHECKSUM = 2;

    static final int IDENTIFIER = 4;
    static final int SEQUENCE_NUMBER = 6;

    private ByteBuffer bytes;
    private int start;
    private int length;
    private int version;

    /**
     * Checks that the eight bytes are there.
     *
     * @param version of IP: 4 for ICMP, 6 for ICMPv6
     */
    public Defect wrap(ByteBuffer bytes, int start, int length, int version) {
        this.bytes = bytes;
        this.start = start;
        this.length = length;
        this.version = version;
        return length < LENGTH ? Defect.ICMP_TRUNCATED : Defect.NONE;
    }

    public int type() {
        return bytes.get(start) & 0xff;
    }

    public int code() {
        return bytes.get(start + 1) & 0xff;
    }

    public int checksum() {
        return bytes.getShort(start + CHECKSUM) & 0xffff;
    }

    /** Of a {@linkplain #isQuery query}. */
    public int identifier() {
        return bytes.getShort(start + IDENTIFIER) & 0xffff;
    }

    /** Of a {@linkplain #isQuery query}. */
    public int sequenceNumber() {
        return bytes.getShort(start + SEQUENCE_NUMBER) & 0xffff;
    }

    /**
     * The second word of an error: the MTU of a packet too big and, in its lower half, of a
     * fragmentation needed (RFC 1191 section 4); the pointer of a parameter problem.
     */
    public int information() {
        return bytes.getInt(start + IDENTIFIER);
    }

    /** RFC 1122 section 3.2.2 (redirects too); RFC 4443 section 2.1: the types below 128. */
    public boolean isError() {
        int type = type();
        if (version == 6) return type < 128;
        return switch (type) {
            case IcmpType.UNREACHABLE,
                    IcmpType.SOURCE_QUENCH,
                    IcmpType.REDIRECT,
                    IcmpType.TIME_EXCEEDED,
                    IcmpType.PARAMETER_PROBLEM ->
                    true;
            default -> false;
        };
    }

    public boolean isEchoRequest() {
        return type() == (version == 6 ? IcmpType.V6_ECHO_REQUEST : IcmpType.ECHO_REQUEST);
    }

    /** Asks for a {@linkplain #isReply reply} with its identifier: RFC 5508 section 3. */
    public boolean isRequest() {
        if (version == 6) return type() == IcmpType.V6_ECHO_REQUEST;
        return switch (type()) {
            case IcmpType.ECHO_REQUEST,
                    IcmpType.TIMESTAMP_REQUEST,
                    IcmpType.INFORMATION_REQUEST,
                    IcmpType.ADDRESS_MASK_REQUEST ->
                    true;
            default -> false;
        };
    }

    public boolean isReply() {
        if (version == 6) return type() == IcmpType.V6_ECHO_REPLY;
        return switch (type()) {
            case IcmpType.ECHO_REPLY,
                    IcmpType.TIMESTAMP_REPLY,
                    IcmpType.INFORMATION_REPLY,
                    IcmpType.ADDRESS_MASK_REPLY ->
                    true;
            default -> false;
        };
    }

    /** Has an identifier, which is the same in request and reply. */
    public boolean isQuery() {
        return isRequest() || isReply();
    }

    /** Absolute index of what follows the eight bytes: in an error the packet it is about. */
    public int payloadOffset() {
        return start + LENGTH;
    }

    /** Bytes that follow the eight. */
    public int payloadLength() {
        return length - LENGTH;
    }

    /** Sets a query's identifier, and keeps the message's checksum true. */
    public IcmpHeader identifier(int identifier) {
        int before = identifier();
        bytes.putShort(start + IDENTIFIER, (short) identifier);
        return checksum(InternetChecksum.replace(checksum(), before, identifier));
    }

    public IcmpHeader checksum(int checksum) {
        bytes.putShort(start + CHECKSUM, (short) checksum);
        return this;
    }
}
