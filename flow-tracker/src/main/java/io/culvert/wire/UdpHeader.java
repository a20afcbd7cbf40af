package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * A UDP header, RFC 768, read and rewritten in place.
 *
 * <pre>{@code
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |          Source Port          |        Destination Port       |
 * +-------------------------------+-------------------------------+
 * |             Length            |            Checksum           |
 * +-------------------------------+-------------------------------+
 * }</pre>
 *
 * <p>Reusable; confined to one worker.
 */
public final class UdpHeader {
    public static final int LENGTH = 8;

    /** Bytes from the header's start to its checksum. */
    public static final int CHECKSUM = 6;

    static final int SOURCE_PORT = 0;
    static final int DESTINATION_PORT = 2;
    static final int LENGTH_FIELD = 4;

    private ByteBuffer bytes;
    private int start;

    /**
     * Checks the length: at least the header's, at most what is there. A shorter one leaves a
     * surplus area that is not payload (RFC 9868).
     */
    public Defect wrap(ByteBuffer bytes, int start, int length) {
        Defect defect = wrapFirstFragment(bytes, start, length);
        if (defect != Defect.NONE) return defect;
        return length() > length ? Defect.UDP_LENGTH : Defect.NONE;
    }

    /** For the first fragment of a datagram: the length is the whole datagram's. */
    public Defect wrapFirstFragment(ByteBuffer bytes, int start, int length) {
        Defect defect = wrapQuoted(bytes, start, length);
        if (defect != Defect.NONE) return defect;
        return length() < LENGTH ? Defect.UDP_LENGTH : Defect.NONE;
    }

    /** For a packet inside an ICMP error: the length is not believed. */
    public Defect wrapQuoted(ByteBuffer bytes, int start, int length) {
        this.bytes = bytes;
        this.start = start;
        return length < LENGTH ? Defect.UDP_TRUNCATED : Defect.NONE;
    }

    public int sourcePort() {
        return bytes.getShort(start + SOURCE_PORT) & 0xffff;
    }

    public int destinationPort() {
        return bytes.getShort(start + DESTINATION_PORT) & 0xffff;
    }

    /** Bytes of header and payload. */
    public int length() {
        return bytes.getShort(start + LENGTH_FIELD) & 0xffff;
    }

    /** 0 where the sender made none, which only IPv4 allows. */
    public int checksum() {
        return bytes.getShort(start + CHECKSUM) & 0xffff;
    }

    /** Absolute index of the payload. */
    public int payloadOffset() {
        return start + LENGTH;
    }

    public int payloadLength() {
        return length() - LENGTH;
    }

    /** Sets the port alone. A complete checksum covers it, a partial one does not. */
    public UdpHeader sourcePort(int port) {
        bytes.putShort(start + SOURCE_PORT, (short) port);
        return this;
    }

    /** Sets the port alone. A complete checksum covers it, a partial one does not. */
    public UdpHeader destinationPort(int port) {
        bytes.putShort(start + DESTINATION_PORT, (short) port);
        return this;
    }

    /** Sets the field as it is: RFC 768 wants ffff where 0000 was computed, {@link #present}. */
    public UdpHeader checksum(int checksum) {
        bytes.putShort(start + CHECKSUM, (short) checksum);
        return this;
    }

    /** RFC 768: a computed checksum of zero is sent as all ones, since zero means none. */
    public static int present(int checksum) {
        return checksum == 0 ? 0xffff : checksum;
    }
}
