package io.culvert.flow;

import static io.culvert.flow.Direction.FROM_INITIATOR;
import static io.culvert.flow.Direction.FROM_TARGET;
import static io.culvert.wire.TcpHeader.ACK;
import static io.culvert.wire.TcpHeader.FIN;
import static io.culvert.wire.TcpHeader.PSH;
import static io.culvert.wire.TcpHeader.RST;
import static io.culvert.wire.TcpHeader.SYN;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FlowTest {
    /** The numbers of their next bytes, which pass 2^32 and 2^31 soon. */
    private static final int INITIATOR = -5;

    // Not a constant expression, whose overflow the compiler would refuse.
    private static final int TARGET = Integer.valueOf(Integer.MAX_VALUE - 40_000);

    private final FlowKey key = key();
    private final Tenant tenant = new Tenant(1, "acme");
    private final FlowDecision decision = new FlowDecision.Upgrade("web", "relay", "socket");
    private final Flow flow = new Flow(key, tenant, 7, 2, decision, 5_000);

    private static FlowKey key() {
        IpAddress source = IpAddress.parse("10.50.0.2");
        IpAddress destination = IpAddress.parse("203.0.113.7");
        return new FlowKey()
                .set(
                        1,
                        IpProtocol.TCP,
                        source.high(),
                        source.low(),
                        40_000,
                        destination.high(),
                        destination.low(),
                        443);
    }

    private boolean fromInitiator(int flags, int sequence, int acknowledgment, int payload) {
        return flow.segment(FROM_INITIATOR, Segment.of(flags, sequence, acknowledgment, payload));
    }

    private boolean fromTarget(int flags, int sequence, int acknowledgment, int payload) {
        return flow.segment(FROM_TARGET, Segment.of(flags, sequence, acknowledgment, payload));
    }

    private void establish() {
        fromInitiator(SYN, INITIATOR - 1, 0, 0);
        fromTarget(SYN | ACK, TARGET - 1, INITIATOR, 0);
        fromInitiator(ACK, INITIATOR, TARGET, 0);
        assertEquals(TcpState.ESTABLISHED, flow.tcpState());
    }

    @Test
    void beginsAsItWasOpened() {
        assertSame(key, flow.key());
        assertSame(tenant, flow.tenant());
        assertSame(decision, flow.decision());
        assertEquals(7, flow.id());
        assertEquals(2, flow.worker());
        assertEquals(5_000, flow.openedAtNanos());
        assertEquals(5_000, flow.lastSeenNanos());
        assertEquals(TcpState.NEW, flow.tcpState());
        assertNull(flow.tracker());
        assertNull(flow.path());
        assertFalse(flow.isClosed());
        assertNull(flow.closeReason());
        assertEquals("flow 7 acme tcp 10.50.0.2:40000 -> 203.0.113.7:443", flow.toString());
    }

    @Test
    void countsEachSideApart() {
        flow.count(FROM_INITIATOR, 1, 60, 6_000);
        flow.count(FROM_INITIATOR, 44, 65_535, 7_000);

        assertEquals(45, flow.initiatorPackets());
        assertEquals(65_595, flow.initiatorBytes());
        assertEquals(7_000, flow.lastSeenNanos());
        assertFalse(flow.isReplied());

        flow.count(FROM_TARGET, 2, 104, 8_000);

        assertEquals(2, flow.targetPackets());
        assertEquals(104, flow.targetBytes());
        assertEquals(8_000, flow.lastSeenNanos());
        assertTrue(flow.isReplied());
    }

    @Test
    void remembersWhyItEnded() {
        flow.closed(Reason.IDLE);

        assertTrue(flow.isClosed());
        assertEquals(Reason.IDLE, flow.closeReason());
    }

    @Nested
    class AsATcpConnection {
        @Test
        void changesItsTimeOutWhenTheHandshakeEnds() {
            assertFalse(fromInitiator(SYN, INITIATOR - 1, 0, 0));
            assertFalse(fromTarget(SYN | ACK, TARGET - 1, INITIATOR, 0));
            assertTrue(fromInitiator(ACK, INITIATOR, TARGET, 0));
            assertEquals(TcpState.ESTABLISHED, flow.tcpState());
            assertFalse(fromInitiator(ACK | PSH, INITIATOR, TARGET, 100));
        }

        @Test
        void isEstablishedByTheAckOfTheTargetsSynAndNoEarlierOne() {
            fromInitiator(SYN, INITIATOR - 1, 0, 0);
            fromTarget(SYN | ACK, TARGET - 1, INITIATOR, 0);

            fromInitiator(ACK, INITIATOR, TARGET - 1, 0);
            assertEquals(TcpState.SYN_RECEIVED, flow.tcpState());

            // A copy of the first segment changes nothing.
            fromInitiator(SYN, INITIATOR - 1, 0, 0);
            fromInitiator(ACK, INITIATOR, TARGET, 0);
            assertEquals(TcpState.ESTABLISHED, flow.tcpState());
        }

        @Test
        void isEstablishedByEitherSidesAckWhereBothOpenAtOnce() {
            fromInitiator(SYN, INITIATOR - 1, 0, 0);
            fromTarget(SYN, TARGET - 1, 0, 0);
            fromInitiator(SYN | ACK, INITIATOR - 1, TARGET, 0);
            assertEquals(TcpState.SYN_RECEIVED, flow.tcpState());

            assertTrue(fromTarget(SYN | ACK, TARGET - 1, INITIATOR, 0));
            assertEquals(TcpState.ESTABLISHED, flow.tcpState());
        }

        @Test
        void changesItsTimeOutBackWhenOneSideCloses() {
            establish();

            assertTrue(fromTarget(FIN | ACK, TARGET, INITIATOR, 0));
            assertEquals(TcpState.TARGET_CLOSED, flow.tcpState());
            assertFalse(fromInitiator(ACK, INITIATOR, TARGET + 1, 0));
        }

        @Test
        void changesItsTimeOutBackWhenItIsReset() {
            establish();

            assertTrue(fromInitiator(RST, INITIATOR, 0, 0));
            assertEquals(TcpState.RESET, flow.tcpState());
        }

        @Test
        void isOverWhenTheSecondFinIsAcknowledged() {
            establish();
            fromInitiator(FIN | ACK, INITIATOR, TARGET, 10);
            fromTarget(ACK, TARGET, INITIATOR + 11, 0);
            fromTarget(FIN | ACK, TARGET, INITIATOR + 11, 200);
            assertEquals(TcpState.BOTH_CLOSED, flow.tcpState());

            fromInitiator(ACK, INITIATOR + 11, TARGET + 201, 0);

            assertEquals(TcpState.CLOSED, flow.tcpState());
        }

        @Test
        void isOverWhenTheTargetClosesFirst() {
            establish();
            fromTarget(FIN | ACK, TARGET, INITIATOR, 0);
            fromInitiator(FIN | ACK, INITIATOR, TARGET + 1, 0);
            assertEquals(TcpState.BOTH_CLOSED, flow.tcpState());

            fromTarget(ACK, TARGET + 1, INITIATOR + 1, 0);

            assertEquals(TcpState.CLOSED, flow.tcpState());
        }

        @Test
        void isNotOverWhileDataBeforeTheFinIsUnderWay() {
            establish();
            fromInitiator(FIN | ACK, INITIATOR, TARGET, 0);
            fromTarget(ACK, TARGET, INITIATOR + 1, 60_000);
            fromTarget(FIN | ACK, TARGET + 60_000, INITIATOR + 1, 500);

            fromInitiator(ACK, INITIATOR + 1, TARGET + 30_000, 0);
            fromInitiator(ACK, INITIATOR + 1, TARGET + 60_500, 0);
            assertEquals(TcpState.BOTH_CLOSED, flow.tcpState(), "the FIN itself is not there");

            fromInitiator(ACK, INITIATOR + 1, TARGET + 60_501, 0);
            assertEquals(TcpState.CLOSED, flow.tcpState());
        }

        @Test
        void waitsForBothAcksWhenBothCloseAtOnce() {
            // RFC 9293 section 3.6, figure 13: the FINs pass each other.
            establish();
            fromInitiator(FIN | ACK, INITIATOR, TARGET, 0);
            fromTarget(FIN | ACK, TARGET, INITIATOR, 0);

            fromInitiator(ACK, INITIATOR + 1, TARGET + 1, 0);
            assertEquals(TcpState.BOTH_CLOSED, flow.tcpState());

            fromTarget(ACK, TARGET + 1, INITIATOR + 1, 0);
            assertEquals(TcpState.CLOSED, flow.tcpState());
        }

        @Test
        void believesARepeatedFinAsFarAsItAcknowledges() {
            establish();
            fromInitiator(FIN | ACK, INITIATOR, TARGET, 0);
            fromTarget(FIN | ACK, TARGET, INITIATOR + 1, 0);
            fromTarget(FIN | ACK, TARGET, INITIATOR + 1, 0);
            fromInitiator(FIN | ACK, INITIATOR, TARGET, 0);
            assertEquals(TcpState.BOTH_CLOSED, flow.tcpState());

            fromInitiator(FIN | ACK, INITIATOR, TARGET + 1, 0);
            assertEquals(TcpState.CLOSED, flow.tcpState());
        }

        @Test
        void staysHalfOpenForAsLongAsTheOtherSideSends() {
            establish();
            fromInitiator(FIN | ACK, INITIATOR, TARGET, 0);
            int sent = TARGET;
            for (int i = 0; i < 1_000; i++) {
                fromTarget(ACK | PSH, sent, INITIATOR + 1, 1_448);
                sent += 1_448;
                fromInitiator(ACK, INITIATOR + 1, sent, 0);
            }

            assertEquals(TcpState.INITIATOR_CLOSED, flow.tcpState());
        }
    }
}
