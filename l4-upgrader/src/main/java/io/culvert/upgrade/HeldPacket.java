package io.culvert.upgrade;

import io.culvert.tun.Packet;

/**
 * A small packet kept aside until its flow can take it, with what the device said of its checksum.
 */
final class HeldPacket {
    private final byte[] bytes;
    private final boolean checksumPartial;
    private final int checksumStart;
    private final int checksumOffset;

    HeldPacket(Packet packet) {
        bytes = new byte[packet.length()];
        packet.bytes().get(Packet.OFFSET, bytes);
        checksumPartial = packet.checksumPartial();
        checksumStart = packet.checksumStart();
        checksumOffset = packet.checksumOffset();
    }

    /** Writes it back as it was. */
    void into(Packet packet) {
        packet.plain(bytes.length).bytes().put(Packet.OFFSET, bytes);
        if (checksumPartial) {
            packet.partialChecksum(checksumStart, checksumOffset);
        }
    }
}
