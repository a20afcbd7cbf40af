package io.culvert.tun;

import io.culvert.linux.NativeMemory;

import java.nio.ByteBuffer;

/**
 * One IP packet in direct memory, with what its device says of it: whether its transport checksum
 * is unfinished, and whether it stands for several packets (a super-packet, up to 64 KiB). The
 * fields mirror {@code struct virtio_net_hdr}.
 *
 * <p>The IP header begins at {@link #OFFSET} of {@link #bytes}, always, so that a device's own
 * header fits before it and no packet is ever moved. Reusable; confined to one worker.
 */
public final class Packet {
    /**
     * Where the IP header begins: room before it for a vnet header or a tunnel's own, of which
     * GUE's is the longest.
     */
    public static final int OFFSET = 128;

    /** The longest packet: an IPv6 header and the largest payload length, RFC 8200 section 3. */
    public static final int MAXIMUM_LENGTH = 40 + 65_535;

    /** What a super-packet is to be cut into. */
    public enum Segmentation {
        NONE,
        TCP,
        UDP
    }

    private final ByteBuffer bytes = NativeMemory.allocate(OFFSET + MAXIMUM_LENGTH);
    private final long address = NativeMemory.address(bytes);

    private int length;
    private boolean checksumPartial;
    private int checksumStart;
    private int checksumOffset;
    private Segmentation segmentation = Segmentation.NONE;
    private boolean congestionExperienced;
    private boolean fixedIdentification;
    private int segmentSize;
    private int headerLength;
    private int packets = 1;
    private int fragmentSize;

    /** The memory, network byte order; the IP header is at {@link #OFFSET}. */
    public ByteBuffer bytes() {
        return bytes;
    }

    /** The address of {@link #bytes}' index 0. */
    public long address() {
        return address;
    }

    /** Bytes of the IP packet, its header included. */
    public int length() {
        return length;
    }

    /** Makes this a plain packet of that length: checksums complete, no super-packet. */
    public Packet plain(int length) {
        if (length < 0 || length > MAXIMUM_LENGTH) {
            throw new IllegalArgumentException("packet length " + length);
        }
        this.length = length;
        checksumPartial = false;
        checksumStart = 0;
        checksumOffset = 0;
        segmentation = Segmentation.NONE;
        congestionExperienced = false;
        fixedIdentification = false;
        segmentSize = 0;
        headerLength = 0;
        packets = 1;
        fragmentSize = 0;
        return this;
    }

    /** Leaves away what a link has appended to the packet. */
    public Packet shorten(int length) {
        this.length = Math.min(this.length, length);
        return this;
    }

    /** How many packets of a link this one stands for, for whoever counts. */
    public Packet packets(int count) {
        packets = count;
        return this;
    }

    /**
     * It was put together from fragments, so many and none of them longer than that; whoever sends
     * it on makes none longer either.
     */
    public Packet fragments(int count, int longest) {
        packets = count;
        fragmentSize = longest;
        return this;
    }

    /**
     * The transport checksum holds only the pseudo-header's sum; whoever sends the packet on a link
     * finishes it.
     *
     * @param start bytes from the IP header's first to the transport header's
     * @param offset bytes from there to the checksum field
     */
    public Packet partialChecksum(int start, int offset) {
        checksumPartial = true;
        checksumStart = start;
        checksumOffset = offset;
        return this;
    }

    /** The checksum is no longer partial: somebody finished it. */
    public Packet checksumComplete() {
        checksumPartial = false;
        return this;
    }

    /**
     * Makes this a super-packet, to be cut into packets of {@code segmentSize} bytes of payload
     * each.
     *
     * @param headerLength IP and transport header together, repeated in each packet
     */
    public Packet segments(Segmentation segmentation, int segmentSize, int headerLength) {
        this.segmentation = segmentation;
        this.segmentSize = segmentSize;
        this.headerLength = headerLength;
        return this;
    }

    /**
     * The super-packet carries CWR, which only its first segment keeps (RFC 3168 section 6.1.2;
     * VIRTIO_NET_HDR_GSO_ECN).
     */
    public Packet congestionExperienced(boolean value) {
        congestionExperienced = value;
        return this;
    }

    /**
     * All packets of the super-packet carry the same IPv4 identification, with DF, instead of one
     * after the other: a {@link Segmenter} does that again. A TUN device has no word for it and
     * counts on, as identifications of such packets mean nothing (RFC 6864 section 4.1).
     */
    public Packet fixedIdentification(boolean value) {
        fixedIdentification = value;
        return this;
    }

    public boolean checksumPartial() {
        return checksumPartial;
    }

    public int checksumStart() {
        return checksumStart;
    }

    public int checksumOffset() {
        return checksumOffset;
    }

    public Segmentation segmentation() {
        return segmentation;
    }

    public boolean congestionExperienced() {
        return congestionExperienced;
    }

    public boolean fixedIdentification() {
        return fixedIdentification;
    }

    /** Payload bytes of each segment; 0 where this is no super-packet. */
    public int segmentSize() {
        return segmentSize;
    }

    public int headerLength() {
        return headerLength;
    }

    /** Packets of a link that this one stands for: 1 unless it was set. */
    public int packets() {
        return packets;
    }

    /** Bytes of the longest fragment that it came in; 0 where it came whole. */
    public int fragmentSize() {
        return fragmentSize;
    }

    /** Copies bytes and properties of another packet. */
    public Packet copyOf(Packet other) {
        bytes.put(OFFSET, other.bytes, OFFSET, other.length);
        length = other.length;
        checksumPartial = other.checksumPartial;
        checksumStart = other.checksumStart;
        checksumOffset = other.checksumOffset;
        segmentation = other.segmentation;
        congestionExperienced = other.congestionExperienced;
        fixedIdentification = other.fixedIdentification;
        segmentSize = other.segmentSize;
        headerLength = other.headerLength;
        packets = other.packets;
        fragmentSize = other.fragmentSize;
        return this;
    }
}
