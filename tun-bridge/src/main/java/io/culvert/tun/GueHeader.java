package io.culvert.tun;

import java.nio.ByteBuffer;

/**
 * The header of Generic UDP Encapsulation, draft-ietf-intarea-gue-09, in the form that Linux sends
 * and takes ({@code include/net/gue.h}). Two variants:
 *
 * <pre>
 * 0: |0 0|C|  hlen   |  proto/ctype  |           flags             |P|   then hlen words:
 *    | fields of the flags: none is known                            |
 *    |R|                  private flags                              |   where P is set
 *    |        checksum start         |        checksum offset        |   where R is set
 *    | private data                                                  |   up to the end of hlen
 *
 * 1: |0 1 0 0| or |0 1 1 0| is the version of an IPv4 or IPv6 packet, without any header
 * </pre>
 *
 * <p>Flag R is remote checksum offload (draft-herbert-remotecsumoffload-02): the transport checksum
 * inside is unfinished, as in a {@link Packet} with a partial checksum, which it becomes. Only the
 * place of a TCP or UDP checksum is accepted, for whoever finishes it writes there, after the
 * packet's addresses were looked at.
 *
 * <p>A view: {@link #wrap} checks every length once, and the getters hold after it answered {@link
 * GueOutcome#PACKET}. Reusable; confined to one worker.
 */
public final class GueHeader {
    /** UDP port, IANA. */
    public static final int PORT = 6_080;

    /** Bytes of the header without fields, as written here. */
    public static final int LENGTH = 4;

    /** Most bytes of private data: 31 words of hlen. */
    public static final int MOST_PRIVATE_DATA = 31 * Integer.BYTES;

    static final int IPV4 = 4;
    static final int IPV6 = 41;

    private static final int VARIANT_SHIFT = 6;
    private static final int CONTROL = 0x20;
    private static final int WORDS = 0x1f;
    private static final int PROTOCOL = 1;
    private static final int FLAGS = 2;
    private static final int PRIVATE_FLAGS_PRESENT = 1;
    private static final int REMOTE_CHECKSUM = 1 << 31;

    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;

    private ByteBuffer bytes;
    private int start;
    private int length;
    private int end;
    private int protocol;
    private int fieldsEnd;
    private boolean remoteChecksum;

    /**
     * Looks at the payload of a UDP datagram.
     *
     * @param bytes in network byte order; kept until the next call
     * @param at where the payload begins
     * @param payload its bytes
     */
    public GueOutcome wrap(ByteBuffer bytes, int at, int payload) {
        this.bytes = bytes;
        start = at;
        end = at + payload;
        length = 0;
        fieldsEnd = at;
        remoteChecksum = false;
        if (payload == 0) {
            return GueOutcome.TOO_SHORT;
        }
        return switch (Byte.toUnsignedInt(bytes.get(at)) >> VARIANT_SHIFT) {
            case 0 -> wrapHeader(payload);
            case 1 -> wrapDirect();
            default -> GueOutcome.UNKNOWN_VARIANT;
        };
    }

    /** Bytes of the GUE header; 0 in variant 1. */
    public int length() {
        return length;
    }

    /** The inner packet's protocol, 4 for IPv4 and 41 for IPv6. */
    public int protocol() {
        return protocol;
    }

    /** What {@link #wrap} was given: for {@link #privateData}. */
    public ByteBuffer bytes() {
        return bytes;
    }

    /** Where in {@link #bytes} the private data begins, whose meaning is the two ends' own. */
    public int privateData() {
        return fieldsEnd;
    }

    /** Whether both have the same private data, or none; each wrapped, its bytes still there. */
    boolean hasSamePrivateData(GueHeader other) {
        int length = privateDataLength();
        if (length != other.privateDataLength()) {
            return false;
        }
        for (int i = 0; i < length; i += Integer.BYTES) {
            if (bytes.getInt(fieldsEnd + i) != other.bytes.getInt(other.fieldsEnd + i)) {
                return false;
            }
        }
        return true;
    }

    /** Bytes of private data, a multiple of 4; mostly 0. */
    public int privateDataLength() {
        return start + length - fieldsEnd;
    }

    /**
     * Copies the packet inside; its checksum is partial where the sender left it to us.
     *
     * @return {@link GueOutcome#MISPLACED_CHECKSUM}, or {@link GueOutcome#PACKET}
     */
    public GueOutcome unwrap(Packet packet) {
        int from = start + length;
        packet.plain(end - from).bytes().put(Packet.OFFSET, bytes, from, end - from);
        if (!remoteChecksum) {
            return GueOutcome.PACKET;
        }
        int checksumStart = bytes.getShort(fieldsEnd - Integer.BYTES) & 0xffff;
        int checksumOffset = (bytes.getShort(fieldsEnd - Short.BYTES) & 0xffff) - checksumStart;
        int found = UpperLayer.find(packet);
        if (found == UpperLayer.NONE
                || checksumStart != UpperLayer.start(found)
                || UpperLayer.headerLength(packet, found) == UpperLayer.NONE
                || checksumOffset
                        != (UpperLayer.protocol(found) == UpperLayer.TCP
                                ? UpperLayer.TCP_CHECKSUM
                                : UpperLayer.UDP_CHECKSUM)) {
            return GueOutcome.MISPLACED_CHECKSUM;
        }
        packet.partialChecksum(checksumStart, checksumOffset);
        return GueOutcome.PACKET;
    }

    /** Bytes of a header with that much private data, as written here. */
    static int length(int privateData) {
        return LENGTH + (privateData + Integer.BYTES - 1) / Integer.BYTES * Integer.BYTES;
    }

    /**
     * Writes a variant 0 header without fields.
     *
     * @param at index where it begins
     */
    public static void write(ByteBuffer bytes, int at, boolean ipv6) {
        bytes.putInt(at, (ipv6 ? IPV6 : IPV4) << 16);
    }

    /**
     * The same with private data behind it, padded with zeros to whole words.
     *
     * @return bytes written
     * @throws IllegalArgumentException when there are more than {@link #MOST_PRIVATE_DATA} bytes
     */
    public static int write(ByteBuffer bytes, int at, boolean ipv6, byte[] privateData) {
        if (privateData.length > MOST_PRIVATE_DATA) {
            throw new IllegalArgumentException(
                    "at most " + MOST_PRIVATE_DATA + " bytes of private data");
        }
        int length = length(privateData.length);
        write(bytes, at, ipv6);
        if (length > LENGTH) {
            bytes.put(at, (byte) ((length - LENGTH) / Integer.BYTES));
            // The padding is in the last word.
            bytes.putInt(at + length - Integer.BYTES, 0);
            bytes.put(at + LENGTH, privateData);
        }
        return length;
    }

    private GueOutcome wrapHeader(int payload) {
        if (payload < LENGTH) {
            return GueOutcome.TOO_SHORT;
        }
        int first = bytes.get(start);
        if ((first & CONTROL) != 0) {
            return GueOutcome.CONTROL_MESSAGE;
        }
        length = LENGTH + (first & WORDS) * Integer.BYTES;
        if (length > payload) {
            return GueOutcome.HEADER_BEYOND_END;
        }
        fieldsEnd = start + LENGTH;
        GueOutcome fields = wrapFields(bytes.getShort(start + FLAGS) & 0xffff);
        if (fields != GueOutcome.PACKET) {
            return fields;
        }
        protocol = Byte.toUnsignedInt(bytes.get(start + PROTOCOL));
        return switch (protocol) {
            case IPV4 -> wrapPacket(4);
            case IPV6 -> wrapPacket(6);
            default -> GueOutcome.UNKNOWN_PROTOCOL;
        };
    }

    private GueOutcome wrapFields(int flags) {
        if ((flags & ~PRIVATE_FLAGS_PRESENT) != 0) {
            return GueOutcome.UNKNOWN_FLAG;
        }
        if (flags == 0) {
            return GueOutcome.PACKET;
        }
        if (privateDataLength() < Integer.BYTES) {
            return GueOutcome.FIELD_MISSING;
        }
        int privateFlags = bytes.getInt(fieldsEnd);
        fieldsEnd += Integer.BYTES;
        if ((privateFlags & ~REMOTE_CHECKSUM) != 0) {
            return GueOutcome.UNKNOWN_FLAG;
        }
        if (privateFlags == REMOTE_CHECKSUM) {
            if (privateDataLength() < Integer.BYTES) {
                return GueOutcome.FIELD_MISSING;
            }
            fieldsEnd += Integer.BYTES;
            remoteChecksum = true;
        }
        return GueOutcome.PACKET;
    }

    private GueOutcome wrapDirect() {
        int version = bytes.get(start) >> 4 & 0xf;
        protocol = version == 4 ? IPV4 : IPV6;
        // 5 and 7 begin with the same two bits.
        return version == 4 || version == 6 ? wrapPacket(version) : GueOutcome.WRONG_INNER_VERSION;
    }

    private GueOutcome wrapPacket(int version) {
        int from = start + length;
        if (from < end && (bytes.get(from) >> 4 & 0xf) != version) {
            return GueOutcome.WRONG_INNER_VERSION;
        }
        return end - from < (version == 4 ? IPV4_HEADER : IPV6_HEADER)
                ? GueOutcome.INNER_TOO_SHORT
                : GueOutcome.PACKET;
    }
}
