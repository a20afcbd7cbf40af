package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * An IPv6 header, RFC 8200 section 3, and the extension headers behind it.
 *
 * <pre>{@code
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-----------+---+---------------------------------------+
 * |Version|   DSCP    |ECN|               Flow Label              |
 * +-------+-----------+---+-------+---------------+---------------+
 * |         Payload Length        |  Next Header  |   Hop Limit   |
 * +-------------------------------+---------------+---------------+
 * |                    Source Address, 16 bytes                   |
 * +---------------------------------------------------------------+
 * |                 Destination Address, 16 bytes                 |
 * +---------------------------------------------------------------+
 * }</pre>
 *
 * <p>The fragment header, RFC 8200 section 4.5:
 *
 * <pre>{@code
 * +---------------+---------------+-------------------------+---+-+
 * |  Next Header  |    Reserved   |     Fragment Offset     |Res|M|
 * +---------------+---------------+-------------------------+---+-+
 * |                         Identification                        |
 * +---------------------------------------------------------------+
 * }</pre>
 *
 * <p>{@code wrap} walks the extension headers once: those of RFC 7045 section 4 except ESP, whose
 * inside cannot be read, and the two for experiments, whose form nobody knows. The walk is bounded,
 * so that no packet costs much more than a plain one. Jumbograms (RFC 2675) are refused as cut:
 * their payload length is 0.
 *
 * <p>Reusable; confined to one worker.
 */
public final class Ipv6Header {
    public static final int LENGTH = 40;

    /** Our own bound: RFC 8200 section 4.1 lists seven places for an extension header. */
    public static final int MAXIMUM_EXTENSIONS = 8;

    /**
     * Our own bound on the options of a packet, padding included; RFC 8504 section 5.3 allows one
     * and proposes 8 options that are not padding for each header.
     */
    public static final int MAXIMUM_OPTIONS = 32;

    static final int PAYLOAD_LENGTH = 4;
    static final int NEXT_HEADER = 6;
    static final int HOP_LIMIT = 7;
    static final int SOURCE_ADDRESS = 8;
    static final int DESTINATION_ADDRESS = 24;

    private static final int FRAGMENT_FIELD = 2;
    private static final int FRAGMENT_IDENTIFICATION = 4;

    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    static final int FRAGMENT = 44;

    /** Bytes of the fragment header, RFC 8200 section 4.5. */
    static final int FRAGMENT_LENGTH = 8;

    // Of a routing header, RFC 8200 section 4.4.
    static final int ROUTING_TYPE = 2;
    private static final int SEGMENTS_LEFT = 3;

    private static final int AUTHENTICATION = 51;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int MOBILITY = 135;
    private static final int HOST_IDENTITY = 139;
    private static final int SHIM6 = 140;

    /** What a destination does that does not know an option: RFC 8200 section 4.2. */
    private static final int ACTION = 0xc0;

    private static final int SKIP = 0;
    private static final int DISCARD = 0x40;

    private static final int SMALLEST_EXTENSION = 8;
    private static final int PAD1 = 0;

    private ByteBuffer bytes;
    private int start;
    private int end;
    private int protocol;
    private int transportOffset;
    private int fragmentHeader;
    private int fragmentNextHeaderField;
    private int unfinishedRouting;
    private int objectionableOption;
    private int options;

    /** Checks the lengths of the header and of each extension header and option. */
    public Defect wrap(ByteBuffer bytes, int start, int length) {
        Defect defect = wrapFixed(bytes, start, length);
        if (defect != Defect.NONE) return defect;
        end = start + LENGTH + payloadLength();
        if (end > start + length) return Defect.LENGTH_BEYOND_END;
        return walk();
    }

    /** For a packet inside an ICMP error: the payload length may exceed what is there. */
    public Defect wrapQuoted(ByteBuffer bytes, int start, int length) {
        Defect defect = wrapFixed(bytes, start, length);
        if (defect != Defect.NONE) return defect;
        end = start + Math.min(length, LENGTH + payloadLength());
        return walk();
    }

    private Defect wrapFixed(ByteBuffer bytes, int start, int length) {
        this.bytes = bytes;
        this.start = start;
        if (length < LENGTH) return Defect.TRUNCATED_HEADER;
        return (bytes.get(start) & 0xf0) == 0x60 ? Defect.NONE : Defect.WRONG_VERSION;
    }

    private Defect walk() {
        protocol = nextHeader();
        transportOffset = start + LENGTH;
        fragmentHeader = -1;
        unfinishedRouting = -1;
        objectionableOption = -1;
        return isExtension(protocol) ? walkExtensions() : Defect.NONE;
    }

    private Defect walkExtensions() {
        options = 0;
        int nextHeaderField = start + NEXT_HEADER;
        for (int headers = 1; ; headers++) {
            int at = transportOffset;
            int room = end - at;
            if (room < SMALLEST_EXTENSION) return truncated();
            int size = extensionLength(protocol, at);
            if (size > room) return truncated();
            switch (protocol) {
                case HOP_BY_HOP -> {
                    if (headers > 1) return Defect.HOP_BY_HOP_NOT_FIRST;
                    Defect defect = walkOptions(at + 2, at + size);
                    if (defect != Defect.NONE) return defect;
                }
                case DESTINATION_OPTIONS -> {
                    Defect defect = walkOptions(at + 2, at + size);
                    if (defect != Defect.NONE) return defect;
                }
                case ROUTING -> {
                    if (bytes.get(at + ROUTING_TYPE) == 0) return Defect.ROUTING_TYPE_ZERO;
                    if (bytes.get(at + SEGMENTS_LEFT) != 0) unfinishedRouting = at;
                }
                case FRAGMENT -> {
                    if (fragmentHeader >= 0) return Defect.FRAGMENT_REPEATED;
                    fragmentHeader = at;
                    fragmentNextHeaderField = nextHeaderField;
                }
                default -> {}
            }
            protocol = bytes.get(at) & 0xff;
            nextHeaderField = at;
            transportOffset = at + size;
            // What follows in any but the first fragment is the middle of something.
            if (fragmentHeader >= 0 && fragmentOffset() > 0) return Defect.NONE;
            if (!isExtension(protocol)) return Defect.NONE;
            if (headers == MAXIMUM_EXTENSIONS) return Defect.TOO_MANY_EXTENSIONS;
        }
    }

    /** RFC 7112 section 5: a chain cut by fragmentation is a lie of its own. */
    private Defect truncated() {
        return fragmentHeader >= 0 && moreFragments()
                ? Defect.FRAGMENT_TINY
                : Defect.EXTENSION_TRUNCATED;
    }

    private int extensionLength(int header, int at) {
        int field = bytes.get(at + 1) & 0xff;
        return switch (header) {
            case FRAGMENT -> FRAGMENT_LENGTH; // the second byte is reserved
            case AUTHENTICATION -> (field + 2) << 2; // RFC 4302 section 2.2: words, minus 2
            default -> (field + 1) << 3; // RFC 6564 section 4
        };
    }

    /** RFC 8200 section 4.2: an option is Pad1, one byte, or type, length, data. */
    private Defect walkOptions(int from, int to) {
        int at = from;
        while (at < to) {
            if (++options > MAXIMUM_OPTIONS) return Defect.TOO_MANY_EXTENSIONS;
            if (bytes.get(at) == PAD1) {
                at++;
                continue;
            }
            if (to - at < 2) return Defect.EXTENSION_OPTION_LENGTH;
            int size = 2 + (bytes.get(at + 1) & 0xff);
            if (size > to - at) return Defect.EXTENSION_OPTION_LENGTH;
            if ((bytes.get(at) & ACTION) != SKIP && objectionableOption < 0) {
                objectionableOption = at;
            }
            at += size;
        }
        return Defect.NONE;
    }

    /**
     * The header behind which a packet's source puts the fragment header, as the absolute index of
     * its next header field: RFC 8200 section 4.5, "Per-Fragment headers". The packet's lengths are
     * checked.
     */
    static int lastUnfragmentable(ByteBuffer bytes, int start) {
        int last = start + NEXT_HEADER;
        int field = last;
        int at = start + LENGTH;
        for (; ; ) {
            int header = bytes.get(field) & 0xff;
            switch (header) {
                case HOP_BY_HOP, ROUTING -> last = at;
                // Every router's where a routing header follows, else the destination's alone.
                case DESTINATION_OPTIONS -> {}
                default -> {
                    return last;
                }
            }
            field = at;
            at += ((bytes.get(at + 1) & 0xff) + 1) << 3;
        }
    }

    /** Bytes of the header, and of the extension headers up to that one. */
    static int unfragmentableLength(ByteBuffer bytes, int start, int last) {
        if (last == start + NEXT_HEADER) return LENGTH;
        return last + (((bytes.get(last + 1) & 0xff) + 1) << 3) - start;
    }

    private static boolean isExtension(int nextHeader) {
        return switch (nextHeader) {
            case IpProtocol.TCP, IpProtocol.UDP -> false;
            case HOP_BY_HOP,
                    ROUTING,
                    FRAGMENT,
                    AUTHENTICATION,
                    DESTINATION_OPTIONS,
                    MOBILITY,
                    HOST_IDENTITY,
                    SHIM6 ->
                    true;
            default -> false;
        };
    }

    public int trafficClass() {
        return (bytes.getShort(start) >>> 4) & 0xff;
    }

    public int flowLabel() {
        return bytes.getInt(start) & 0xf_ffff;
    }

    public int payloadLength() {
        return bytes.getShort(start + PAYLOAD_LENGTH) & 0xffff;
    }

    /** The field of this header; {@link #protocol} is what stands at the end of the chain. */
    public int nextHeader() {
        return bytes.get(start + NEXT_HEADER) & 0xff;
    }

    public int hopLimit() {
        return bytes.get(start + HOP_LIMIT) & 0xff;
    }

    public long sourceHigh() {
        return bytes.getLong(start + SOURCE_ADDRESS);
    }

    public long sourceLow() {
        return bytes.getLong(start + SOURCE_ADDRESS + 8);
    }

    public long destinationHigh() {
        return bytes.getLong(start + DESTINATION_ADDRESS);
    }

    public long destinationLow() {
        return bytes.getLong(start + DESTINATION_ADDRESS + 8);
    }

    /**
     * The next header of the last extension header; in a fragment other than the first, of the
     * fragment header.
     */
    public int protocol() {
        return protocol;
    }

    /** Bytes from the packet's first to the field that has the {@link #protocol}. */
    public int protocolField() {
        int field = start + NEXT_HEADER;
        for (int at = start + LENGTH; at < transportOffset; ) {
            int size = extensionLength(bytes.get(field) & 0xff, at);
            field = at;
            at += size;
        }
        return field - start;
    }

    /** Absolute index of the first byte behind the extension headers. */
    public int transportOffset() {
        return transportOffset;
    }

    /** Absolute index of the packet's end, as the payload length says. */
    int end() {
        return end;
    }

    /** Absolute index of an option that no destination may pass over unknown, or -1. */
    int objectionableOption() {
        return objectionableOption;
    }

    /** Bytes from the packet's first to that option. */
    public int objectionableOptionOffset() {
        return objectionableOption - start;
    }

    /** Whether the sender is to be told of that option. */
    public boolean isOptionReported() {
        return (bytes.get(objectionableOption) & ACTION) != DISCARD;
    }

    /** Absolute index of a routing header that has segments left, or -1. */
    int unfinishedRouting() {
        return unfinishedRouting;
    }

    /** Bytes from the packet's first to the type of that routing header. */
    public int unfinishedRoutingType() {
        return unfinishedRouting + ROUTING_TYPE - start;
    }

    /** Absolute index of the fragment header, or -1. */
    public int fragmentHeader() {
        return fragmentHeader;
    }

    /**
     * Absolute index of the byte that says that a fragment header follows. Only where there is a
     * {@link #fragmentHeader}.
     */
    int fragmentNextHeaderField() {
        return fragmentNextHeaderField;
    }

    /** In bytes. Only where there is a {@link #fragmentHeader}. */
    public int fragmentOffset() {
        return bytes.getShort(fragmentHeader + FRAGMENT_FIELD) & 0xfff8;
    }

    /** Only where there is a {@link #fragmentHeader}. */
    public boolean moreFragments() {
        return (bytes.getShort(fragmentHeader + FRAGMENT_FIELD) & 1) != 0;
    }

    /** Only where there is a {@link #fragmentHeader}. */
    public int fragmentIdentification() {
        return bytes.getInt(fragmentHeader + FRAGMENT_IDENTIFICATION);
    }

    public Ipv6Header trafficClass(int value) {
        int before = bytes.getShort(start);
        bytes.putShort(start, (short) ((before & 0xf00f) | ((value & 0xff) << 4)));
        return this;
    }

    public Ipv6Header payloadLength(int value) {
        bytes.putShort(start + PAYLOAD_LENGTH, (short) value);
        return this;
    }

    public Ipv6Header hopLimit(int value) {
        bytes.put(start + HOP_LIMIT, (byte) value);
        return this;
    }

    /** Sets the address alone: the transport's checksum covers it and is the caller's. */
    public Ipv6Header sourceAddress(long high, long low) {
        bytes.putLong(start + SOURCE_ADDRESS, high).putLong(start + SOURCE_ADDRESS + 8, low);
        return this;
    }

    /** Sets the address alone: the transport's checksum covers it and is the caller's. */
    public Ipv6Header destinationAddress(long high, long low) {
        bytes.putLong(start + DESTINATION_ADDRESS, high)
                .putLong(start + DESTINATION_ADDRESS + 8, low);
        return this;
    }
}
