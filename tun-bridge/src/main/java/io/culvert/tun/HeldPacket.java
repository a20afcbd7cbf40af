package io.culvert.tun;

/**
 * A packet kept aside, on the heap and no longer than it is, until something is known that it waits
 * for. Immutable.
 */
public final class HeldPacket {
    private final byte[] bytes;
    private final boolean checksumPartial;
    private final int checksumStart;
    private final int checksumOffset;
    private final Packet.Segmentation segmentation;
    private final boolean congestionExperienced;
    private final boolean fixedIdentification;
    private final int segmentSize;
    private final int headerLength;
    private final int packets;
    private final int fragmentSize;

    /** Copies it. */
    public HeldPacket(Packet packet) {
        bytes = new byte[packet.length()];
        packet.bytes().get(Packet.OFFSET, bytes);
        checksumPartial = packet.checksumPartial();
        checksumStart = packet.checksumStart();
        checksumOffset = packet.checksumOffset();
        segmentation = packet.segmentation();
        congestionExperienced = packet.congestionExperienced();
        fixedIdentification = packet.fixedIdentification();
        segmentSize = packet.segmentSize();
        headerLength = packet.headerLength();
        packets = packet.packets();
        fragmentSize = packet.fragmentSize();
    }

    /** Bytes of the IP packet. */
    public int length() {
        return bytes.length;
    }

    /** Packets of a link that it stands for. */
    public int packets() {
        return packets;
    }

    /** Writes it back as it was. */
    public void into(Packet packet) {
        packet.plain(bytes.length).bytes().put(Packet.OFFSET, bytes);
        if (checksumPartial) {
            packet.partialChecksum(checksumStart, checksumOffset);
        }
        packet.segments(segmentation, segmentSize, headerLength)
                .congestionExperienced(congestionExperienced)
                .fixedIdentification(fixedIdentification)
                .fragments(packets, fragmentSize);
    }
}
