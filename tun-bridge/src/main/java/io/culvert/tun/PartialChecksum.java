package io.culvert.tun;

/** Finishes a transport checksum that holds only the pseudo-header's sum. Stateless. */
public final class PartialChecksum {
    private PartialChecksum() {}

    /**
     * Sums the packet from its checksum's start to its end, stores the checksum and marks it
     * complete. A packet whose checksum is complete stays as it is.
     *
     * @return false where the checksum's place is outside the packet, which then is unchanged
     */
    public static boolean complete(Packet packet) {
        if (!packet.checksumPartial()) {
            return true;
        }
        int start = packet.checksumStart();
        if (!fits(packet.length(), start, packet.checksumOffset())) {
            return false;
        }
        int from = Packet.OFFSET + start;
        int checksum = ~OnesComplement.sum(packet.bytes(), from, packet.length() - start) & 0xffff;
        packet.bytes()
                .putShort(
                        from + packet.checksumOffset(),
                        (short) sent(checksum, packet.checksumOffset()));
        packet.checksumComplete();
        return true;
    }

    /** Whether a checksum at that place is inside a packet. */
    static boolean fits(int length, int start, int offset) {
        return start >= 0 && offset >= 0 && start + offset + Short.BYTES <= length;
    }

    /** RFC 768: a computed zero is sent as all ones, since zero says that there is none. */
    static int sent(int checksum, int offset) {
        return checksum == 0 && offset == UpperLayer.UDP_CHECKSUM ? 0xffff : checksum;
    }
}
