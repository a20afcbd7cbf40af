package io.culvert.flow;

import static io.culvert.flow.Direction.FROM_INITIATOR;
import static io.culvert.flow.Direction.FROM_TARGET;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The cases of the table on {@link TcpTracker}, as scripts of literal segments. */
class TcpTrackerTest {
    private final TcpScript script = TcpScript.tracked(false);

    @ParameterizedTest
    @EnumSource
    void saysWhyExactlyWhereItDoesNotPassASegmentOn(TcpVerdict verdict) {
        assertEquals(verdict.isPassed(), verdict.reason() == null);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "none",
                "PSH",
                "URG",
                "FIN",
                "PSH+URG+ECE",
                "SYN+FIN",
                "SYN+FIN+ACK",
                "SYN+RST",
                "SYN+RST+ACK",
                "RST+FIN",
                "RST+FIN+ACK",
                "SYN+FIN+RST+PSH+ACK+URG"
            })
    void refusesControlBitsThatNoHonestSegmentHas(String flags) {
        assertFalse(TcpTracker.opens(TcpScript.segment(flags + " 1"), true));
        script.run("i " + flags + " 999 : INVALID_FLAGS NEW");
        script.establish();
        script.run("i " + flags + " 1001 ack 5001 : INVALID_FLAGS ESTABLISHED");
        script.run("t " + flags + " 5001 ack 1001 : INVALID_FLAGS ESTABLISHED");
        script.run("i RST 1001 : ACCEPT RESET");
        script.run("t " + flags + " 5001 ack 1001 : INVALID_FLAGS RESET");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ACK", "ACK+PSH", "ACK+URG", "ACK+PSH+URG+ECE+CWR"})
    void acceptsWhatOtherBitsAnHonestSegmentMayHave(String flags) {
        script.establish();
        script.run("i " + flags + " 1001 ack 5001 len 100 : ACCEPT ESTABLISHED");
    }

    /** The situations that Linux tests its connection tracking with, written from the RFCs. */
    @Nested
    class InSituationsThatLinuxTests {
        @Test
        void passesARetransmissionOfWhatWasAcknowledgedLongAgo() {
            script.establish();
            int number = 1001;
            for (int i = 0; i < 60; i++) {
                script.run("i ACK " + number + " ack 5001 len 1400 : ACCEPT ESTABLISHED");
                number += 1400;
                script.run("t ACK 5001 ack " + number + " win 2000 : ACCEPT ESTABLISHED");
            }

            // Every acknowledgment was lost on the way to the initiator.
            script.run("i ACK 1001 ack 5001 len 1400 : PASS ESTABLISHED");
            script.run("t ACK 5001 ack " + number + " win 2000 : ACCEPT ESTABLISHED");
        }

        @Test
        void waitsForTheExactResetThatAChallengeBrings() {
            script.establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 500    : ACCEPT ESTABLISHED
                    i ACK 1501 ack 5001 win 4000 len 500    : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1001 win 2000            : ACCEPT ESTABLISHED
                    i RST 1501                              : PASS ESTABLISHED
                    t ACK 5001 ack 1001 win 2000            : ACCEPT ESTABLISHED
                    i RST 1001                              : ACCEPT RESET
                    """);
        }

        @Test
        void closesOnAResetAtTheHeelsOfData() {
            script.establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 500    : ACCEPT ESTABLISHED
                    i RST+ACK 1501 ack 5001                 : ACCEPT RESET
                    """);
        }

        @Test
        void dropsAResetOutsideTheWindow() {
            script.establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 500    : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1501 win 2000            : ACCEPT ESTABLISHED
                    i RST 1500                              : BAD_RESET ESTABLISHED
                    i RST 3502                              : BAD_RESET ESTABLISHED
                    i RST 0                                 : BAD_RESET ESTABLISHED
                    t RST 5000                              : BAD_RESET ESTABLISHED
                    t RST+ACK 0 ack 1501                    : BAD_RESET ESTABLISHED
                    i RST 3501                              : PASS ESTABLISHED
                    t RST 9001                              : PASS ESTABLISHED
                    t RST 5001                              : ACCEPT RESET
                    """);
        }

        @Test
        void passesTheChallengeOfATargetThatStillHasTheOldConnection() {
            // RFC 9293 section 3.5.1, the old connection being forgotten here.
            script.run(
                    """
                    i SYN 1000 win 4000                     : ACCEPT SYN_SENT
                    t ACK 145824453 ack 643160523 win 240   : PASS SYN_SENT
                    i RST 643160523                         : PASS SYN_SENT
                    i SYN 1000 win 4000                     : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 2000        : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 4000            : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void ignoresTheAnswerToAnOldSyn() {
            script.run(
                    """
                    i SYN 1000 win 4000                     : ACCEPT SYN_SENT
                    t SYN+ACK 145824453 ack 643160523       : BAD_ACKNOWLEDGMENT SYN_SENT
                    i SYN 1000 win 4000                     : ACCEPT SYN_SENT
                    t SYN+ACK 162602410 ack 1001 win 2000   : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 162602411 win 4000       : ACCEPT ESTABLISHED
                    i ACK 1001 ack 162602411 win 4000 len 1 : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void opensAnewAfterAChallengeToAnInitiatorThatWasStartedAnew() {
            // RFC 9293 section 3.5.1, figure 9; RFC 5961 section 4.2.
            script.establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 100    : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1101 win 2000            : ACCEPT ESTABLISHED
                    i SYN 20000 win 4000                    : PASS ESTABLISHED
                    t ACK 5001 ack 1101 win 2000            : ACCEPT ESTABLISHED
                    i RST 1101                              : ACCEPT RESET
                    """);
            assertTrue(script.flow().isReopenedBy(TcpScript.segment("SYN 20000")));
        }
    }

    @Nested
    class AsAJudgeOfIcmpErrors {
        private boolean quotes(Direction of, int number) {
            return script.flow().tracker().quotes(of, number);
        }

        @Test
        void believesNoneBeforeTheFirstSegment() {
            assertFalse(quotes(FROM_INITIATOR, 0));
            assertFalse(quotes(FROM_TARGET, 0));
        }

        @Test
        void believesOneAboutTheSyn() {
            script.run("i SYN 1000 win 100 : ACCEPT SYN_SENT");

            assertFalse(quotes(FROM_INITIATOR, 999));
            assertTrue(quotes(FROM_INITIATOR, 1000));
            assertFalse(quotes(FROM_INITIATOR, 1001));
        }

        @Test
        void believesOneAboutWhatIsSentAndNotAcknowledged() {
            // RFC 5927 section 4.1: SND.UNA =< SEG.SEQ < SND.NXT.
            script.establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 700    : ACCEPT ESTABLISHED
                    i ACK 1701 ack 5001 win 4000 len 700    : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1701 win 2000 len 9      : ACCEPT ESTABLISHED
                    """);

            assertFalse(quotes(FROM_INITIATOR, 1700));
            assertTrue(quotes(FROM_INITIATOR, 1701));
            assertTrue(quotes(FROM_INITIATOR, 2400));
            assertFalse(quotes(FROM_INITIATOR, 2401));
            assertFalse(quotes(FROM_TARGET, 5000));
            assertTrue(quotes(FROM_TARGET, 5001));
            assertTrue(quotes(FROM_TARGET, 5009));
            assertFalse(quotes(FROM_TARGET, 5010));
        }

        @Test
        void believesOneAboutNumbersBeyondTheirLargest() {
            script.run(
                    """
                    i SYN 4294967295 win 100 len 5          : ACCEPT SYN_SENT
                    """);

            assertTrue(quotes(FROM_INITIATOR, -1));
            assertTrue(quotes(FROM_INITIATOR, 4));
            assertFalse(quotes(FROM_INITIATOR, 5));
        }
    }

    @Nested
    class OfDataInVain {
        private void assertUnanswered(boolean unanswered) {
            assertEquals(unanswered, script.flow().tracker().isUnanswered());
        }

        private void retransmit(int times) {
            for (int i = 0; i < times; i++) {
                script.run("t ACK+PSH 5001 ack 1001 win 2000 len 100 : ACCEPT ESTABLISHED");
            }
        }

        @Test
        void isCountedFromTheThirdRetransmissionOn() {
            script.establish();
            retransmit(3);
            assertUnanswered(false);
            retransmit(1);
            assertUnanswered(true);
            retransmit(300);
            assertUnanswered(true);
        }

        @Test
        void isForgottenByAnyAnswer() {
            script.establish();
            retransmit(4);

            script.run("i ACK 1001 ack 5001 win 4000 : ACCEPT ESTABLISHED");

            assertUnanswered(false);
            retransmit(2);
            assertUnanswered(false);
        }

        @Test
        void isNotMistakenForKeepAlivesOrNewData() {
            script.establish();
            for (int i = 0; i < 9; i++) {
                script.run("i ACK 1000 ack 5001 win 4000 len 1 : ACCEPT ESTABLISHED");
                script.run("i ACK 1001 ack 5001 win 4000 : ACCEPT ESTABLISHED");
            }
            for (int i = 0; i < 9; i++) {
                int number = 1001 + 100 * i;
                script.run("i ACK " + number + " ack 5001 win 4000 len 100 : ACCEPT ESTABLISHED");
            }
            assertUnanswered(false);
        }
    }

    @Test
    void namesAReasonThatTellsTheCasesApart() {
        assertNull(TcpVerdict.RESTART.reason());
        assertEquals(Reason.NO_FLOW, TcpVerdict.NO_CONNECTION.reason());
        assertEquals(Reason.TCP_INVALID_FLAGS, TcpVerdict.INVALID_FLAGS.reason());
        assertEquals(Reason.TCP_OUT_OF_WINDOW, TcpVerdict.OUT_OF_WINDOW.reason());
        assertEquals(Reason.TCP_BAD_ACKNOWLEDGMENT, TcpVerdict.BAD_ACKNOWLEDGMENT.reason());
        assertEquals(Reason.TCP_BAD_RESET, TcpVerdict.BAD_RESET.reason());
    }
}
