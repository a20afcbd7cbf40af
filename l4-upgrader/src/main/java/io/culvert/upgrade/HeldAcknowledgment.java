package io.culvert.upgrade;

import io.culvert.tun.Packet;

/**
 * The newest of a run of plain acknowledgments in one direction of a busy flow, kept until the end
 * of the batch that brought them. An acknowledgment is cumulative (RFC 9293 section 3.4), so a
 * later one says all that an earlier one did; of a batch's run the last alone is sent, as RFC 3449
 * section 5.2.1 describes. One that does not acknowledge more is a duplicate, which means something
 * (RFC 5681 section 3.2), and never takes another's place.
 */
final class HeldAcknowledgment {
    /** Of an IPv6 header and a TCP header with timestamps, and room for an extension header. */
    static final int LONGEST = 96;

    private final byte[] bytes = new byte[LONGEST];
    private int length;
    private boolean checksumPartial;
    private int checksumStart;
    private int checksumOffset;
    private int acknowledgmentNumber;

    /** Whether nothing is held, or an acknowledgment of that number says more than what is. */
    boolean isSupersededBy(int number) {
        // RFC 9293 section 3.4: sequence numbers compare modulo 2^32.
        return length == 0 || number - acknowledgmentNumber > 0;
    }

    /** Takes the place of what was held; true where nothing was. */
    boolean hold(Packet packet, int number) {
        boolean first = length == 0;
        length = packet.length();
        packet.bytes().get(Packet.OFFSET, bytes, 0, length);
        checksumPartial = packet.checksumPartial();
        checksumStart = packet.checksumStart();
        checksumOffset = packet.checksumOffset();
        acknowledgmentNumber = number;
        return first;
    }

    /** Gives back what was held, so that nothing is; false where nothing was. */
    boolean release(Packet into) {
        if (length == 0) {
            return false;
        }
        into.plain(length).bytes().put(Packet.OFFSET, bytes, 0, length);
        if (checksumPartial) {
            into.partialChecksum(checksumStart, checksumOffset);
        }
        length = 0;
        return true;
    }
}
