package io.culvert.flow;

import static io.culvert.flow.Direction.FROM_INITIATOR;
import static io.culvert.flow.Direction.FROM_TARGET;
import static io.culvert.flow.TcpState.BOTH_CLOSED;
import static io.culvert.flow.TcpState.CLOSED;
import static io.culvert.flow.TcpState.ESTABLISHED;
import static io.culvert.flow.TcpState.INITIATOR_CLOSED;
import static io.culvert.flow.TcpState.NEW;
import static io.culvert.flow.TcpState.PICKED_UP;
import static io.culvert.flow.TcpState.RESET;
import static io.culvert.flow.TcpState.SYN_RECEIVED;
import static io.culvert.flow.TcpState.SYN_SENT;
import static io.culvert.flow.TcpState.TARGET_CLOSED;
import static io.culvert.wire.TcpHeader.ACK;
import static io.culvert.wire.TcpHeader.ECE;
import static io.culvert.wire.TcpHeader.FIN;
import static io.culvert.wire.TcpHeader.PSH;
import static io.culvert.wire.TcpHeader.RST;
import static io.culvert.wire.TcpHeader.SYN;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TcpStateTest {
    private static TcpState after(TcpState state, Direction from, int flags) {
        return state.after(from, flags, false);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc7857-2")
    void isResetByEitherSide(TcpState state) {
        assertEquals(RESET, after(state, FROM_INITIATOR, RST));
        assertEquals(RESET, after(state, FROM_TARGET, RST | ACK));
    }

    @ParameterizedTest
    @EnumSource
    void hasTheEstablishedTimerOnlyWhenEstablished(TcpState state) {
        assertEquals(state == ESTABLISHED, state.isEstablished());
    }

    @Nested
    class New {
        @Test
        void isLeftByTheInitiatorsSyn() {
            assertEquals(SYN_SENT, after(NEW, FROM_INITIATOR, SYN));
            assertEquals(SYN_SENT, after(NEW, FROM_INITIATOR, SYN | ECE));
        }

        @Test
        void isLeftByAnyOtherSegmentOfAConnectionThatHadBegunBefore() {
            assertEquals(PICKED_UP, after(NEW, FROM_INITIATOR, ACK));
            assertEquals(INITIATOR_CLOSED, after(NEW, FROM_INITIATOR, FIN | ACK));
        }
    }

    @Nested
    class PickedUp {
        @Test
        void isEstablishedOnceBothSidesAreHeard() {
            assertEquals(PICKED_UP, after(PICKED_UP, FROM_INITIATOR, ACK | PSH));
            assertEquals(ESTABLISHED, after(PICKED_UP, FROM_TARGET, ACK));
        }

        @Test
        void isHalfClosedByAFin() {
            assertEquals(INITIATOR_CLOSED, after(PICKED_UP, FROM_INITIATOR, FIN | ACK));
            assertEquals(TARGET_CLOSED, after(PICKED_UP, FROM_TARGET, FIN | ACK));
        }
    }

    @Nested
    class SynSent {
        @Test
        void waitsForTheTargetsSynAndAck() {
            assertEquals(SYN_RECEIVED, after(SYN_SENT, FROM_TARGET, SYN | ACK));
            assertEquals(SYN_RECEIVED, after(SYN_SENT, FROM_TARGET, SYN | ACK | ECE));
        }

        @Test
        void isLeftByTheTargetsSynAloneToo() {
            // RFC 9293 section 3.5, figure 8: both open at once.
            assertEquals(SYN_RECEIVED, after(SYN_SENT, FROM_TARGET, SYN));
        }

        @Test
        void awaitsTheAcknowledgmentOfTheOneSyn() {
            assertTrue(SYN_SENT.awaitsAcknowledgmentOf(FROM_INITIATOR));
            assertFalse(SYN_SENT.awaitsAcknowledgmentOf(FROM_TARGET));
        }

        @Test
        void staysWhenTheInitiatorRepeatsItsSyn() {
            assertEquals(SYN_SENT, after(SYN_SENT, FROM_INITIATOR, SYN));
        }

        @Test
        void staysForAnythingElse() {
            assertEquals(SYN_SENT, after(SYN_SENT, FROM_TARGET, ACK));
            assertEquals(SYN_SENT, after(SYN_SENT, FROM_INITIATOR, SYN | ACK));
            assertEquals(SYN_SENT, after(SYN_SENT, FROM_INITIATOR, FIN | ACK));
        }
    }

    @Nested
    class SynReceived {
        @Test
        @Tag("rfc7857-2")
        void isEstablishedOnceBothSynsAreAcknowledged() {
            assertEquals(ESTABLISHED, SYN_RECEIVED.after(FROM_INITIATOR, ACK, true));
            assertEquals(ESTABLISHED, SYN_RECEIVED.after(FROM_INITIATOR, ACK | PSH, true));
            assertEquals(ESTABLISHED, SYN_RECEIVED.after(FROM_TARGET, SYN | ACK, true));
            assertEquals(SYN_RECEIVED, SYN_RECEIVED.after(FROM_INITIATOR, ACK, false));
        }

        @Test
        void awaitsTheAcknowledgmentOfBothSyns() {
            assertTrue(SYN_RECEIVED.awaitsAcknowledgmentOf(FROM_INITIATOR));
            assertTrue(SYN_RECEIVED.awaitsAcknowledgmentOf(FROM_TARGET));
        }

        @Test
        void staysWhenEitherHandshakeSegmentIsRepeated() {
            assertEquals(SYN_RECEIVED, after(SYN_RECEIVED, FROM_INITIATOR, SYN));
            assertEquals(SYN_RECEIVED, after(SYN_RECEIVED, FROM_TARGET, SYN | ACK));
            assertEquals(SYN_RECEIVED, after(SYN_RECEIVED, FROM_TARGET, ACK));
        }

        @Test
        void isHalfClosedByAFinThatComesWithOrBeforeTheAck() {
            assertEquals(INITIATOR_CLOSED, after(SYN_RECEIVED, FROM_INITIATOR, FIN | ACK));
            assertEquals(TARGET_CLOSED, after(SYN_RECEIVED, FROM_TARGET, FIN | ACK));
        }
    }

    @Nested
    class Established {
        @Test
        void staysForDataAndAcknowledgments() {
            assertEquals(ESTABLISHED, after(ESTABLISHED, FROM_INITIATOR, ACK | PSH));
            assertEquals(ESTABLISHED, after(ESTABLISHED, FROM_TARGET, ACK));
            assertEquals(ESTABLISHED, after(ESTABLISHED, FROM_TARGET, SYN | ACK));
        }

        @Test
        void isHalfClosedByAFin() {
            assertEquals(INITIATOR_CLOSED, after(ESTABLISHED, FROM_INITIATOR, FIN | ACK));
            assertEquals(TARGET_CLOSED, after(ESTABLISHED, FROM_TARGET, FIN | ACK | PSH));
        }
    }

    @Nested
    class InitiatorClosed {
        @Test
        void staysWhileTheTargetGoesOnSending() {
            assertEquals(INITIATOR_CLOSED, after(INITIATOR_CLOSED, FROM_TARGET, ACK | PSH));
            assertEquals(INITIATOR_CLOSED, after(INITIATOR_CLOSED, FROM_INITIATOR, ACK));
        }

        @Test
        void staysWhenTheFinIsRepeated() {
            assertEquals(INITIATOR_CLOSED, after(INITIATOR_CLOSED, FROM_INITIATOR, FIN | ACK));
        }

        @Test
        void isClosedByTheTargetsFin() {
            assertEquals(BOTH_CLOSED, after(INITIATOR_CLOSED, FROM_TARGET, FIN | ACK));
        }

        @Test
        void knowsTheInitiatorsEndOnly() {
            assertTrue(INITIATOR_CLOSED.hasClosed(FROM_INITIATOR));
            assertFalse(INITIATOR_CLOSED.hasClosed(FROM_TARGET));
        }
    }

    @Nested
    class TargetClosed {
        @Test
        void staysWhileTheInitiatorGoesOnSending() {
            assertEquals(TARGET_CLOSED, after(TARGET_CLOSED, FROM_INITIATOR, ACK | PSH));
            assertEquals(TARGET_CLOSED, after(TARGET_CLOSED, FROM_TARGET, ACK));
        }

        @Test
        void staysWhenTheFinIsRepeated() {
            assertEquals(TARGET_CLOSED, after(TARGET_CLOSED, FROM_TARGET, FIN | ACK));
        }

        @Test
        void isClosedByTheInitiatorsFin() {
            assertEquals(BOTH_CLOSED, after(TARGET_CLOSED, FROM_INITIATOR, FIN | ACK));
        }

        @Test
        void knowsTheTargetsEndOnly() {
            assertTrue(TARGET_CLOSED.hasClosed(FROM_TARGET));
            assertFalse(TARGET_CLOSED.hasClosed(FROM_INITIATOR));
        }
    }

    @Nested
    class BothClosed {
        @Test
        void staysUntilBothFinsAreAcknowledged() {
            assertEquals(BOTH_CLOSED, BOTH_CLOSED.after(FROM_INITIATOR, ACK, false));
            assertEquals(BOTH_CLOSED, BOTH_CLOSED.after(FROM_TARGET, FIN | ACK, false));
        }

        @Test
        void isClosedByTheLastAck() {
            assertEquals(CLOSED, BOTH_CLOSED.after(FROM_INITIATOR, ACK, true));
            assertEquals(CLOSED, BOTH_CLOSED.after(FROM_TARGET, ACK, true));
        }

        @Test
        void knowsBothEnds() {
            assertTrue(BOTH_CLOSED.hasClosed(FROM_INITIATOR));
            assertTrue(BOTH_CLOSED.hasClosed(FROM_TARGET));
            assertFalse(BOTH_CLOSED.isOver());
        }
    }

    @Nested
    class Closed {
        @Test
        void isOverAndStaysSo() {
            assertTrue(CLOSED.isOver());
            assertEquals(CLOSED, after(CLOSED, FROM_INITIATOR, SYN));
            assertEquals(CLOSED, after(CLOSED, FROM_TARGET, FIN | ACK));
        }
    }

    @Nested
    class Reset {
        @Test
        void isOverAndStaysSo() {
            assertTrue(RESET.isOver());
            assertEquals(RESET, after(RESET, FROM_INITIATOR, SYN));
            assertEquals(RESET, after(RESET, FROM_TARGET, SYN | ACK));
        }
    }
}
