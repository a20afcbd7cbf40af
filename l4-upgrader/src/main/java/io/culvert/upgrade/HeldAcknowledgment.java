package io.culvert.upgrade;

import io.culvert.tun.Packet;

import java.util.List;
import java.util.function.Consumer;

/**
 * The newest of a run of plain acknowledgments in one direction of a busy flow, kept until the end
 * of the batch that brought them. An acknowledgment is cumulative (RFC 9293 section 3.4), so a
 * later one says all that an earlier one did; of a batch's run the last alone is sent, as RFC 3449
 * section 5.2.1 describes. One that does not acknowledge more is a duplicate, which means something
 * (RFC 5681 section 3.2), and never takes another's place.
 *
 * <p>Confined to one worker.
 */
final class HeldAcknowledgment {
    /** Of an IPv6 header and a TCP header with timestamps, and room for an extension header. */
    static final int LONGEST = 96;

    private final List<HeldAcknowledgment> waiting;
    private final Packet scratch;
    private final Consumer<Packet> outlet;

    private final byte[] bytes = new byte[LONGEST];
    private int length;
    private boolean checksumPartial;
    private int checksumStart;
    private int checksumOffset;
    private int acknowledgmentNumber;

    /**
     * @param waiting where it enters itself when it begins to hold one; whoever ends the batch
     *     calls {@link #send} of each there
     * @param scratch what is sent is written there
     */
    HeldAcknowledgment(List<HeldAcknowledgment> waiting, Packet scratch, Consumer<Packet> outlet) {
        this.waiting = waiting;
        this.scratch = scratch;
        this.outlet = outlet;
    }

    /** Keeps a copy, in the place of an earlier one where it says more than that. */
    void hold(Packet packet, int number) {
        // RFC 9293 section 3.4: sequence numbers compare modulo 2^32.
        if (length > 0 && number - acknowledgmentNumber <= 0) {
            send();
        }
        if (length == 0) {
            waiting.add(this);
        }
        length = packet.length();
        packet.bytes().get(Packet.OFFSET, bytes, 0, length);
        checksumPartial = packet.checksumPartial();
        checksumStart = packet.checksumStart();
        checksumOffset = packet.checksumOffset();
        acknowledgmentNumber = number;
    }

    /** Sends what is held, if anything is: at the end of a batch, or before what came after it. */
    void send() {
        if (length == 0) {
            return;
        }
        scratch.plain(length).bytes().put(Packet.OFFSET, bytes, 0, length);
        if (checksumPartial) {
            scratch.partialChecksum(checksumStart, checksumOffset);
        }
        length = 0;
        outlet.accept(scratch);
    }

    /** The flow is over, and nobody waits for it any more. */
    void forget() {
        length = 0;
    }
}
