package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.Defect;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

/** A connection is over once both ends know it: RFC 9293 section 3.6. */
class TcpEndingTest {
    private static final int FIN = 1;
    private static final int RST = 4;
    private static final int ACK = 16;

    /** Sequence numbers pass zero on the way. */
    private static final int KERNEL = -3;

    private static final int PEER = Integer.MAX_VALUE - 2;

    private final TcpEnding ending = new TcpEnding();

    private static TcpHeader segment(int flags, int sequence, int acknowledgment, int payload) {
        ByteBuffer bytes = ByteBuffer.allocate(20 + payload);
        bytes.putInt(4, sequence).putInt(8, acknowledgment);
        bytes.putShort(12, (short) (0x5000 | flags));
        TcpHeader tcp = new TcpHeader();
        assertEquals(Defect.NONE, tcp.wrap(bytes, 0, 20 + payload));
        return tcp;
    }

    private void kernel(int flags, int sequence, int acknowledgment, int payload) {
        ending.fromKernel(segment(flags, KERNEL + sequence, PEER + acknowledgment, payload));
    }

    private void peer(int flags, int sequence, int acknowledgment, int payload) {
        ending.fromPeer(segment(flags, PEER + sequence, KERNEL + acknowledgment, payload));
    }

    @Test
    void livesWhileThereIsData() {
        peer(ACK, 0, 0, 100);
        kernel(ACK, 0, 100, 1);
        peer(ACK, 100, 1, 0);
        assertFalse(ending.isOver());
        assertFalse(ending.bothClosed());
    }

    @Test
    void isOverWhenTheLastFinIsAcknowledgedWhoeverClosesFirst() {
        peer(FIN | ACK, 0, 0, 10);
        kernel(ACK, 0, 11, 0);
        assertFalse(ending.isOver());
        kernel(FIN | ACK, 0, 11, 5);
        assertTrue(ending.bothClosed());
        assertFalse(ending.isOver());
        peer(ACK, 11, 5, 0);
        assertFalse(ending.isOver(), "the data is acknowledged, its end is not");
        peer(ACK, 11, 6, 0);
        assertTrue(ending.isOver());
    }

    @Test
    void isOverWhereBothCloseAtOnce() {
        peer(FIN | ACK, 0, 0, 0);
        kernel(FIN | ACK, 0, 0, 0);
        peer(ACK, 1, 1, 0);
        assertFalse(ending.isOver());
        kernel(ACK, 1, 1, 0);
        assertTrue(ending.isOver());
    }

    @Test
    void isNotOverByARepeatedFinThatAsksForNothingNew() {
        kernel(FIN | ACK, 0, 0, 0);
        peer(ACK, 0, 1, 0);
        kernel(FIN | ACK, 0, 0, 0);
        peer(FIN | ACK, 0, 1, 0);
        assertFalse(ending.isOver());
        kernel(ACK, 1, 1, 0);
        assertTrue(ending.isOver());
    }

    @Test
    void isNotOverByAnAcknowledgmentOfWhatWasBefore() {
        kernel(FIN | ACK, 100, 0, 0);
        peer(FIN | ACK, 0, 100, 0);
        kernel(ACK, 101, 1, 0);
        assertFalse(ending.isOver());
    }

    @Test
    void believesTheKernelsResetAndLeavesThePeersToTheKernel() {
        peer(RST | ACK, 0, 0, 0);
        assertFalse(ending.isOver());
        kernel(RST, 0, 0, 0);
        assertTrue(ending.isOver());
    }

    @Test
    void isOverWhereItIsSaidToBe() {
        ending.over();
        assertTrue(ending.isOver());
    }
}
