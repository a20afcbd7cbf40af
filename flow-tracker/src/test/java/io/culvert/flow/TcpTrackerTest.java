package io.culvert.flow;

import static io.culvert.flow.Direction.FROM_INITIATOR;
import static io.culvert.flow.Direction.FROM_TARGET;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;

/** The cases of the table on {@link TcpTracker}, as scripts of literal segments. */
class TcpTrackerTest {
    private TcpScript script = TcpScript.tracked(false);

    private static TcpHeader segment(String words) {
        return TcpScript.segment(Arrays.asList(words.split(" ")));
    }

    private void establish() {
        script.run(
                """
                i SYN 1000 win 4000              : ACCEPT SYN_SENT
                t SYN+ACK 5000 ack 1001 win 2000 : ACCEPT SYN_RECEIVED
                i ACK 1001 ack 5001 win 4000     : ACCEPT ESTABLISHED
                """);
    }

    private void reset() {
        script.run("i RST 1001 : ACCEPT RESET");
    }

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
        assertFalse(TcpTracker.opens(segment(flags + " 1"), true));
        script.run("i " + flags + " 999 : INVALID_FLAGS NEW");
        establish();
        script.run("i " + flags + " 1001 ack 5001 : INVALID_FLAGS ESTABLISHED");
        script.run("t " + flags + " 5001 ack 1001 : INVALID_FLAGS ESTABLISHED");
        reset();
        script.run("t " + flags + " 5001 ack 1001 : INVALID_FLAGS RESET");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ACK", "ACK+PSH", "ACK+URG", "ACK+PSH+URG+ECE+CWR"})
    void acceptsWhatOtherBitsAnHonestSegmentMayHave(String flags) {
        establish();
        script.run("i " + flags + " 1001 ack 5001 len 100 : ACCEPT ESTABLISHED");
    }

    @Nested
    class AtTheBeginning {
        @Test
        void takesASynAndNothingElse() {
            script.run(
                    """
                    i ACK 1001 ack 5001              : NO_CONNECTION NEW
                    i FIN+ACK 1001 ack 5001          : NO_CONNECTION NEW
                    i RST 1001                       : NO_CONNECTION NEW
                    i SYN+ACK 1001 ack 5001          : NO_CONNECTION NEW
                    t SYN 5000                       : NO_CONNECTION NEW
                    i SYN+ECE+CWR 1000 win 100       : ACCEPT SYN_SENT
                    """);
        }

        @Test
        void saysSoOfAHeaderBeforeThereIsATracker() {
            assertTrue(TcpTracker.opens(segment("SYN 1 len 10"), false));
            assertFalse(TcpTracker.opens(segment("SYN+ACK 1"), true));
            assertFalse(TcpTracker.opens(segment("RST 1"), true));
            assertFalse(TcpTracker.opens(segment("ACK 1"), false));
            assertTrue(TcpTracker.opens(segment("ACK 1"), true));
            assertTrue(TcpTracker.opens(segment("FIN+ACK 1"), true));
        }

        @Test
        void takesASynThatIsRepeatedWithAnotherNumber() {
            script.run(
                    """
                    i SYN 1000 win 100               : ACCEPT SYN_SENT
                    i SYN 1000 win 100               : ACCEPT SYN_SENT
                    i SYN 3000000000 win 100         : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001          : BAD_ACKNOWLEDGMENT SYN_SENT
                    t SYN+ACK 5000 ack 3000000001    : ACCEPT SYN_RECEIVED
                    i ACK 3000000001 ack 5001        : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void refusesWhatCannotBeBeforeTheTargetHasAnswered() {
            script.run(
                    """
                    i SYN 1000 win 100               : ACCEPT SYN_SENT
                    i ACK 1001 ack 5001              : BAD_ACKNOWLEDGMENT SYN_SENT
                    i FIN+ACK 1001 ack 5001          : BAD_ACKNOWLEDGMENT SYN_SENT
                    i SYN+ACK 1000 ack 5001          : BAD_ACKNOWLEDGMENT SYN_SENT
                    t SYN+ACK 5000 ack 1000          : BAD_ACKNOWLEDGMENT SYN_SENT
                    t SYN+ACK 5000 ack 1002          : BAD_ACKNOWLEDGMENT SYN_SENT
                    t SYN+ACK 5000 ack 1001          : ACCEPT SYN_RECEIVED
                    """);
        }

        @Test
        void isRefusedByAResetThatAcknowledgesTheSyn() {
            script.run(
                    """
                    i SYN 1000 win 100               : ACCEPT SYN_SENT
                    t RST 1001                       : BAD_RESET SYN_SENT
                    t RST 0                          : BAD_RESET SYN_SENT
                    t RST+ACK 0 ack 1000             : BAD_RESET SYN_SENT
                    t RST+ACK 0 ack 1002             : BAD_RESET SYN_SENT
                    t RST+ACK 0 ack 1001             : ACCEPT RESET
                    """);
        }

        @Test
        void endsWhenTheInitiatorTakesItsSynBack() {
            script.run(
                    """
                    i SYN 1000 win 100               : ACCEPT SYN_SENT
                    i RST 1001                       : ACCEPT RESET
                    """);
        }

        @Test
        void carriesDataOnTheSynAndBeforeTheLastAck() {
            // RFC 7413 section 3: data of both sides before the handshake is over.
            script.run(
                    """
                    i SYN 1000 win 4000 len 500              : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1501 win 2000 len 10  : ACCEPT SYN_RECEIVED
                    t ACK+PSH 5011 ack 1501 win 2000 len 1400: ACCEPT SYN_RECEIVED
                    i ACK 1501 ack 5011 win 4000             : ACCEPT ESTABLISHED
                    i ACK 1501 ack 6411 win 4000             : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void isEstablishedThoughTheTargetTookNoDataOnTheSyn() {
            script.run(
                    """
                    i SYN 1000 win 4000 len 500              : ACCEPT SYN_SENT
                    i SYN 1000 win 4000                      : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 2000         : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 4000 len 500     : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void believesASynAndAckThatAnswersTheSynWithDataAfterOneWithout() {
            script.run(
                    """
                    i SYN 1000 win 4000 len 500 ws 3 sackok  : ACCEPT SYN_SENT
                    i SYN 1000 win 4000                      : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1501 win 2000 ws 3    : ACCEPT SYN_RECEIVED
                    i ACK 1501 ack 5001 win 4000             : ACCEPT ESTABLISHED
                    t ACK 36000 ack 1501 win 2000 len 100    : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void takesTheHandshakeAgainWhereTheAckWasLost() {
            script.run(
                    """
                    i SYN 1000 win 100               : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 100  : ACCEPT SYN_RECEIVED
                    i SYN 1000 win 100               : PASS SYN_RECEIVED
                    t SYN+ACK 5000 ack 1001 win 100  : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5000 win 100      : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 100      : ACCEPT ESTABLISHED
                    t SYN+ACK 5000 ack 1001 win 100  : PASS ESTABLISHED
                    i SYN 1000 win 100               : PASS ESTABLISHED
                    i ACK 1001 ack 5001 win 100      : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void followsATargetThatAnswersAgainWithAnotherNumber() {
            // As SYN cookies (RFC 4987 section 3.6) or a target that was started anew may.
            script.run(
                    """
                    i SYN 1000 win 100                     : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 100        : ACCEPT SYN_RECEIVED
                    t SYN+ACK 4000000000 ack 1001 win 100  : ACCEPT SYN_RECEIVED
                    t SYN+ACK 7000 ack 1002 win 100        : BAD_ACKNOWLEDGMENT SYN_RECEIVED
                    i ACK 1001 ack 4000000001 win 100      : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void isResetByEitherSideBeforeTheLastAck() {
            String handshake =
                    """
                    i SYN 1000 win 100               : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 100  : ACCEPT SYN_RECEIVED
                    """;
            script.run(handshake);
            script.run(
                    """
                    i RST 1000                       : BAD_RESET SYN_RECEIVED
                    i RST 1002                       : PASS SYN_RECEIVED
                    i RST 1001                       : ACCEPT RESET
                    """);
            script = TcpScript.tracked(false);
            script.run(handshake);
            script.run(
                    """
                    t RST 7000                       : BAD_RESET SYN_RECEIVED
                    t RST+ACK 5001 ack 1001          : ACCEPT RESET
                    """);
        }
    }

    /** RFC 5382 REQ-2 a); RFC 9293 section 3.5, figure 8. */
    @Nested
    class WhenBothOpenAtOnce {
        @Test
        void isEstablishedByTheSynAndAcksOfBoth() {
            script.run(
                    """
                    i SYN 1000 win 4000 ws 2         : ACCEPT SYN_SENT
                    t SYN 5000 win 2000 ws 2         : ACCEPT SYN_RECEIVED
                    i SYN+ACK 1000 ack 5001 win 4000 : ACCEPT SYN_RECEIVED
                    t SYN+ACK 5000 ack 1001 win 2000 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 1000 len 500 : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1501 win 500      : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void isEstablishedByAcksThatComeInTheOtherOrder() {
            script.run(
                    """
                    i SYN 1000 win 4000              : ACCEPT SYN_SENT
                    t SYN 5000 win 2000              : ACCEPT SYN_RECEIVED
                    t SYN+ACK 5000 ack 1001 win 2000 : ACCEPT SYN_RECEIVED
                    i SYN+ACK 1000 ack 5001 win 4000 : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1001 win 2000     : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void isEstablishedByPlainAcks() {
            script.run(
                    """
                    i SYN 1000 win 4000              : ACCEPT SYN_SENT
                    t SYN 5000 win 2000              : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 4000     : ACCEPT SYN_RECEIVED
                    t ACK 5001 ack 1001 win 2000     : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void repeatsTheSynsAsOftenAsTheyAreLost() {
            script.run(
                    """
                    i SYN 1000 win 4000              : ACCEPT SYN_SENT
                    t SYN 5000 win 2000              : ACCEPT SYN_RECEIVED
                    t SYN 5000 win 2000              : PASS SYN_RECEIVED
                    i SYN 1000 win 4000              : PASS SYN_RECEIVED
                    i SYN+ACK 1000 ack 5001 win 4000 : ACCEPT SYN_RECEIVED
                    i SYN+ACK 1000 ack 5001 win 4000 : ACCEPT SYN_RECEIVED
                    t SYN+ACK 5000 ack 1001 win 2000 : ACCEPT ESTABLISHED
                    t SYN+ACK 5000 ack 1001 win 2000 : PASS ESTABLISHED
                    """);
        }
    }

    @Nested
    class WithinTheWindow {
        @Test
        void bindsWhereASegmentBeginsAndNotHowLongItIs() {
            establish();
            script.run(
                    """
                    i ACK 3002 ack 5001 win 4000 len 1     : OUT_OF_WINDOW ESTABLISHED
                    i ACK 3001 ack 5001 win 4000           : ACCEPT ESTABLISHED
                    t ACK 9002 ack 1001 win 2000 len 1     : OUT_OF_WINDOW ESTABLISHED
                    t ACK 9001 ack 1001 win 2000 len 65000 : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void movesOnWithWhatTheReceiverOffers() {
            establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 2000  : ACCEPT ESTABLISHED
                    i ACK 3002 ack 5001 win 4000 len 1     : OUT_OF_WINDOW ESTABLISHED
                    t ACK 5001 ack 3001 win 500            : ACCEPT ESTABLISHED
                    i ACK 3501 ack 5001 win 4000 len 1     : ACCEPT ESTABLISHED
                    i ACK 3502 ack 5001 win 4000 len 1     : OUT_OF_WINDOW ESTABLISHED
                    """);
        }

        @Test
        void acknowledgesWhatWasSentAndNoMore() {
            establish();
            script.run(
                    """
                    t ACK 5001 ack 1001 win 2000 len 100   : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5102 win 4000           : BAD_ACKNOWLEDGMENT ESTABLISHED
                    i ACK 1001 ack 5101 win 4000           : ACCEPT ESTABLISHED
                    i ACK 1001 ack 4294906397 win 4000     : ACCEPT ESTABLISHED
                    i ACK 1001 ack 4294906396 win 4000     : BAD_ACKNOWLEDGMENT ESTABLISHED
                    """);
        }

        @Test
        void scalesWindowsWhereBothOfferTo() {
            script.run(
                    """
                    i SYN 1000 win 1000 ws 4               : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 1000 ws 14 : ACCEPT SYN_RECEIVED
                    t ACK 6002 ack 1001 win 1000 len 1     : OUT_OF_WINDOW SYN_RECEIVED
                    i ACK 1001 ack 5001 win 1000           : ACCEPT ESTABLISHED
                    t ACK 21002 ack 1001 win 1             : OUT_OF_WINDOW ESTABLISHED
                    t ACK 21001 ack 1001 win 1             : ACCEPT ESTABLISHED
                    i ACK 17386 ack 5001 win 1000 len 1    : OUT_OF_WINDOW ESTABLISHED
                    i ACK 17385 ack 5001 win 1000 len 1    : ACCEPT ESTABLISHED
                    """);
        }

        @ParameterizedTest
        @ValueSource(strings = {"ws 4 ;", "; ws 4", ";"})
        void scalesNoWindowsWhereOneDoesNotOfferTo(String offers) {
            String[] offer = offers.split(";", -1);
            script.run("i SYN 1000 win 1000 " + offer[0] + " : ACCEPT SYN_SENT");
            script.run("t SYN+ACK 5000 ack 1001 win 1000" + offer[1] + " : ACCEPT SYN_RECEIVED");
            script.run(
                    """
                    i ACK 1001 ack 5001 win 1000           : ACCEPT ESTABLISHED
                    t ACK 6002 ack 1001 win 1000           : OUT_OF_WINDOW ESTABLISHED
                    i ACK 2002 ack 5001 win 1000           : OUT_OF_WINDOW ESTABLISHED
                    """);
        }

        @Test
        void takesALargerScaleForFourteen() {
            // RFC 7323 section 2.3.
            script.run(
                    """
                    i SYN 1000 win 1000 ws 15              : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 1000 ws 0  : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 1              : ACCEPT ESTABLISHED
                    t ACK 21386 ack 1001 win 1000          : OUT_OF_WINDOW ESTABLISHED
                    t ACK 21385 ack 1001 win 1000          : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void carriesAWholeWindowOfAGibibyte() {
            script.run(
                    """
                    i SYN 1000 win 65535 ws 14             : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 65535 ws 14: ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 65535          : ACCEPT ESTABLISHED
                    t ACK 1073730441 ack 1001 win 65535 len 65535 : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1001 win 65535 len 65535: ACCEPT ESTABLISHED
                    i ACK 1001 ack 1073795976 win 65535    : ACCEPT ESTABLISHED
                    t ACK 2147000000 ack 1001 win 65535    : ACCEPT ESTABLISHED
                    t ACK 2147521418 ack 1001 win 65535    : OUT_OF_WINDOW ESTABLISHED
                    """);
        }

        @Test
        void followsNumbersBeyondTheirLargest() {
            script.run(
                    """
                    i SYN 4294967295 win 4000              : ACCEPT SYN_SENT
                    t SYN+ACK 2147483647 ack 0 win 4000    : ACCEPT SYN_RECEIVED
                    i ACK 0 ack 2147483648 win 4000 len 10 : ACCEPT ESTABLISHED
                    t ACK 2147483648 ack 10 win 4000       : ACCEPT ESTABLISHED
                    """);
            script = TcpScript.tracked(false);
            script.run(
                    """
                    i SYN 4294966295 win 4000              : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 4294966296 win 4000 : ACCEPT SYN_RECEIVED
                    i ACK 4294966296 ack 5001 win 4000 len 1400 : ACCEPT ESTABLISHED
                    i ACK 400 ack 5001 win 4000 len 1400   : ACCEPT ESTABLISHED
                    i ACK 3001 ack 5001 win 4000 len 1400  : OUT_OF_WINDOW ESTABLISHED
                    t ACK 5001 ack 1800 win 4000           : ACCEPT ESTABLISHED
                    i FIN+ACK 1800 ack 5001 win 4000       : ACCEPT INITIATOR_CLOSED
                    t ACK 5001 ack 4294966296 win 4000     : ACCEPT INITIATOR_CLOSED
                    t FIN+ACK 5001 ack 1801 win 4000       : ACCEPT BOTH_CLOSED
                    i ACK 1801 ack 5002 win 4000           : ACCEPT CLOSED
                    """);
        }

        @Test
        void passesKeepAlivesAndTheirAnswers() {
            // RFC 9293 section 3.8.4: a number less than expected, with or without a byte.
            establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 700   : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1701 win 2000           : ACCEPT ESTABLISHED
                    i ACK 1700 ack 5001 win 4000           : ACCEPT ESTABLISHED
                    i ACK 1700 ack 5001 win 4000 len 1     : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1701 win 2000           : ACCEPT ESTABLISHED
                    t ACK 5000 ack 1701 win 2000 len 1     : ACCEPT ESTABLISHED
                    i ACK 1701 ack 5001 win 4000           : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void passesProbesOfAClosedWindow() {
            // RFC 9293 section 3.8.6.1.
            establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 2000  : ACCEPT ESTABLISHED
                    t ACK 5001 ack 3001 win 0              : ACCEPT ESTABLISHED
                    i ACK 3001 ack 5001 win 4000 len 1     : ACCEPT ESTABLISHED
                    t ACK 5001 ack 3001 win 0              : ACCEPT ESTABLISHED
                    i ACK 3001 ack 5001 win 4000 len 1     : ACCEPT ESTABLISHED
                    t ACK 5001 ack 3002 win 0              : ACCEPT ESTABLISHED
                    i ACK 3001 ack 5001 win 4000           : ACCEPT ESTABLISHED
                    i FIN+ACK 3002 ack 5001 win 4000       : ACCEPT INITIATOR_CLOSED
                    t ACK 5001 ack 3003 win 2000           : ACCEPT INITIATOR_CLOSED
                    """);
        }

        @Test
        void worksWithAWindowThatIsClosedFromTheBeginning() {
            script.run(
                    """
                    i SYN 1000 win 0                       : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 0          : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 0              : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 0 len 1        : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1001 win 3000           : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 0 len 1400     : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void boundsTheEdgesOfSelectiveAcknowledgments() {
            script.run(
                    """
                    i SYN 1000 win 4000 sackok               : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 4000 sackok  : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 4000             : ACCEPT ESTABLISHED
                    i ACK 1501 ack 5001 win 4000 len 500     : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1001 win 4000 sack 1501-2001 : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1001 win 4000 sack 1501-2002 : BAD_ACKNOWLEDGMENT ESTABLISHED
                    i ACK 1001 ack 5001 win 4000 len 500     : ACCEPT ESTABLISHED
                    t ACK 5001 ack 2001 win 4000 sack 1001-1501 : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void readsNoSelectiveAcknowledgmentsThatWereNotPermitted() {
            // RFC 2018 section 2: one that was not told may not send them.
            script.run(
                    """
                    i SYN 1000 win 4000                      : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 4000 sackok  : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 4000             : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1001 win 4000 sack 1501-2002 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 4000 sack 6000-7000 : BAD_ACKNOWLEDGMENT ESTABLISHED
                    """);
        }
    }

    @Nested
    class AtTheEnd {
        @Test
        void closesInTheUsualOrder() {
            establish();
            script.run(
                    """
                    i FIN+ACK 1001 ack 5001 win 4000 len 10 : ACCEPT INITIATOR_CLOSED
                    t ACK 5001 ack 1012 win 2000 len 1000   : ACCEPT INITIATOR_CLOSED
                    i ACK 1012 ack 6001 win 4000            : ACCEPT INITIATOR_CLOSED
                    t FIN+ACK 6001 ack 1012 win 2000        : ACCEPT BOTH_CLOSED
                    i ACK 1012 ack 6001 win 4000            : ACCEPT BOTH_CLOSED
                    i ACK 1012 ack 6002 win 4000            : ACCEPT CLOSED
                    t FIN+ACK 6001 ack 1012 win 2000        : ACCEPT CLOSED
                    i ACK 1012 ack 6002 win 4000            : ACCEPT CLOSED
                    """);
        }

        @Test
        void closesFromBothSidesAtOnce() {
            establish();
            script.run(
                    """
                    i FIN+ACK 1001 ack 5001 win 4000        : ACCEPT INITIATOR_CLOSED
                    t FIN+ACK 5001 ack 1001 win 2000        : ACCEPT BOTH_CLOSED
                    i ACK 1002 ack 5002 win 4000            : ACCEPT BOTH_CLOSED
                    t ACK 5002 ack 1002 win 2000            : ACCEPT CLOSED
                    """);
        }

        @Test
        void answersDataForAProgramThatIsGoneWithAReset() {
            establish();
            script.run(
                    """
                    i FIN+ACK 1001 ack 5001 win 4000        : ACCEPT INITIATOR_CLOSED
                    t ACK 5001 ack 1002 win 2000 len 1000   : ACCEPT INITIATOR_CLOSED
                    i RST 1002                              : ACCEPT RESET
                    t ACK 6001 ack 1002 win 2000 len 1000   : ACCEPT RESET
                    i RST 1002                              : ACCEPT RESET
                    """);
        }

        @Test
        void isReopenedByAnotherSynOfEitherSideAndByNothingElse() {
            establish();
            assertFalse(script.flow().isReopenedBy(segment("SYN 9000")));
            script.run(
                    """
                    i FIN+ACK 1001 ack 5001 win 4000        : ACCEPT INITIATOR_CLOSED
                    t FIN+ACK 5001 ack 1002 win 2000        : ACCEPT BOTH_CLOSED
                    """);
            assertFalse(script.flow().isReopenedBy(segment("SYN 9000")));
            script.run("i ACK 1002 ack 5002 win 4000 : ACCEPT CLOSED");

            assertTrue(script.flow().isReopenedBy(segment("SYN 9000")));
            assertFalse(script.flow().isReopenedBy(segment("SYN+ACK 9000")));
            assertFalse(script.flow().isReopenedBy(segment("RST 9000")));
            assertFalse(script.flow().isReopenedBy(segment("ACK 1002")));
            assertFalse(
                    script.flow().isReopenedBy(segment("SYN 1000")),
                    "a late copy of its own first segment");
        }

        @Test
        void isReopenedByTheSameSynWhereTheRefusalWasLost() {
            script.run(
                    """
                    i SYN 1000 win 100                      : ACCEPT SYN_SENT
                    t RST+ACK 0 ack 1001                    : ACCEPT RESET
                    """);

            assertTrue(script.flow().isReopenedBy(segment("SYN 1000")));
        }
    }

    @Nested
    class WhereTheBeginningWasMissed {
        private final TcpScript late = TcpScript.tracked(true);

        @Test
        void isEstablishedOnceBothSidesAreHeard() {
            late.run(
                    """
                    i ACK 1001 ack 5001 win 4000            : ACCEPT PICKED_UP
                    i ACK 1001 ack 5001 win 4000 len 1000   : ACCEPT PICKED_UP
                    t ACK 5001 ack 2001 win 2000            : ACCEPT ESTABLISHED
                    i FIN+ACK 2001 ack 5001 win 4000        : ACCEPT INITIATOR_CLOSED
                    t FIN+ACK 5001 ack 2002 win 2000        : ACCEPT BOTH_CLOSED
                    i ACK 2002 ack 5002 win 4000            : ACCEPT CLOSED
                    """);
        }

        @Test
        void believesThatMoreWasSentBeforeThanIsSeen() {
            late.run(
                    """
                    i ACK 1001 ack 5001 win 0               : ACCEPT PICKED_UP
                    t ACK 4000 ack 1001 win 0 len 100       : ACCEPT ESTABLISHED
                    i ACK 1001 ack 900000 win 500           : ACCEPT ESTABLISHED
                    t ACK 900000 ack 800000 win 500 len 100 : ACCEPT ESTABLISHED
                    i ACK 800000 ack 1100000 win 500 len 100: ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void boundsNumbersAllTheSame() {
            late.run(
                    """
                    i ACK 1001 ack 5001 win 500             : ACCEPT PICKED_UP
                    t ACK 1073746826 ack 1001 win 500       : OUT_OF_WINDOW PICKED_UP
                    t ACK 5001 ack 1073742826 win 500       : BAD_ACKNOWLEDGMENT PICKED_UP
                    t ACK 1073746825 ack 1001 win 500       : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void isResetByAnExactNumberOnly() {
            late.run(
                    """
                    i ACK 1001 ack 5001 win 500             : ACCEPT PICKED_UP
                    t RST 5002                              : PASS PICKED_UP
                    t RST 4000                              : BAD_RESET PICKED_UP
                    t RST 5001                              : ACCEPT RESET
                    """);
            TcpScript other = TcpScript.tracked(true);
            other.run(
                    """
                    i ACK 1001 ack 5001 win 500 len 10      : ACCEPT PICKED_UP
                    i RST 1005                              : PASS PICKED_UP
                    i RST 1011                              : ACCEPT RESET
                    """);
        }

        @Test
        void closesThoughOnlyItsEndIsSeen() {
            late.run(
                    """
                    i FIN+ACK 1001 ack 5001 win 500         : ACCEPT INITIATOR_CLOSED
                    t FIN+ACK 5001 ack 1002 win 500         : ACCEPT BOTH_CLOSED
                    i ACK 1002 ack 5002 win 500             : ACCEPT CLOSED
                    """);
            assertTrue(late.flow().isReopenedBy(segment("SYN 0")));
        }

        @Test
        void beginsLikeAnyOtherWithASyn() {
            late.run(
                    """
                    i SYN 1000 win 100                      : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 100         : ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 100             : ACCEPT ESTABLISHED
                    t ACK 5102 ack 1001 win 100             : OUT_OF_WINDOW ESTABLISHED
                    """);
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
            establish();
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
            establish();
            retransmit(3);
            assertUnanswered(false);
            retransmit(1);
            assertUnanswered(true);
            retransmit(300);
            assertUnanswered(true);
        }

        @Test
        void isForgottenByAnyAnswer() {
            establish();
            retransmit(4);

            script.run("i ACK 1001 ack 5001 win 4000 : ACCEPT ESTABLISHED");

            assertUnanswered(false);
            retransmit(2);
            assertUnanswered(false);
        }

        @Test
        void isNotMistakenForKeepAlivesOrNewData() {
            establish();
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

    /** The situations that Linux tests its connection tracking with, written from the RFCs. */
    @Nested
    class InSituationsThatLinuxTests {
        @Test
        void passesARetransmissionOfWhatWasAcknowledgedLongAgo() {
            establish();
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
            establish();
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
            establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 500    : ACCEPT ESTABLISHED
                    i RST+ACK 1501 ack 5001                 : ACCEPT RESET
                    """);
        }

        @Test
        void dropsAResetOutsideTheWindow() {
            establish();
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
            establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 4000 len 100    : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1101 win 2000            : ACCEPT ESTABLISHED
                    i SYN 20000 win 4000                    : PASS ESTABLISHED
                    t ACK 5001 ack 1101 win 2000            : ACCEPT ESTABLISHED
                    i RST 1101                              : ACCEPT RESET
                    """);
            assertTrue(script.flow().isReopenedBy(segment("SYN 20000")));
        }
    }

    @Nested
    class OfASynInAnEstablishedConnection {
        @Test
        void passesThoseOfEitherSideAndStaysEstablished() {
            establish();
            script.run(
                    """
                    i SYN 1000 win 4000                     : PASS ESTABLISHED
                    i SYN 4000000000 win 4000               : PASS ESTABLISHED
                    t SYN 5000 win 2000                     : PASS ESTABLISHED
                    t SYN 1 win 2000                        : PASS ESTABLISHED
                    t SYN+ACK 5000 ack 1001 win 2000        : PASS ESTABLISHED
                    t SYN+ACK 777 ack 888 win 2000          : PASS ESTABLISHED
                    i SYN+ACK 777 ack 888 win 2000          : PASS ESTABLISHED
                    i ACK 1001 ack 5001 win 4000 len 10     : ACCEPT ESTABLISHED
                    t ACK 5001 ack 1011 win 2000            : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void followsTheNewConnectionWhereTheTargetHasForgottenTheOldOne() {
            establish();
            script.run(
                    """
                    i SYN 3000000000 win 8000 ws 2          : PASS ESTABLISHED
                    t SYN+ACK 70000 ack 3000000001 win 4000 ws 3 : RESTART SYN_RECEIVED
                    t ACK 5001 ack 1001 win 2000            : BAD_ACKNOWLEDGMENT SYN_RECEIVED
                    i ACK 3000000001 ack 70001 win 2000     : ACCEPT ESTABLISHED
                    i ACK 3000000001 ack 70001 win 2000 len 900 : ACCEPT ESTABLISHED
                    t ACK 70001 ack 3000000901 win 500 len 300  : ACCEPT ESTABLISHED
                    i ACK 3000004902 ack 70301 win 2000 len 1   : OUT_OF_WINDOW ESTABLISHED
                    i ACK 3000004901 ack 70301 win 2000 len 1   : ACCEPT ESTABLISHED
                    t SYN+ACK 70000 ack 3000000001 win 4000 : PASS ESTABLISHED
                    """);
        }

        @Test
        void followsItInEveryLaterStateToo() {
            establish();
            script.run(
                    """
                    t FIN+ACK 5001 ack 1001 win 4000        : ACCEPT TARGET_CLOSED
                    i SYN 9000 win 8000                     : PASS TARGET_CLOSED
                    t SYN+ACK 70000 ack 9001 win 4000       : RESTART SYN_RECEIVED
                    i FIN+ACK 9001 ack 70001 win 8000       : ACCEPT INITIATOR_CLOSED
                    t FIN+ACK 70001 ack 9002 win 4000       : ACCEPT BOTH_CLOSED
                    i ACK 9002 ack 70002 win 8000           : ACCEPT CLOSED
                    """);
        }

        @Test
        void endsWhereTheTargetRefusesTheNewConnection() {
            establish();
            script.run(
                    """
                    i SYN 9000 win 8000                     : PASS ESTABLISHED
                    t RST+ACK 0 ack 9003000                 : BAD_RESET ESTABLISHED
                    t RST+ACK 0 ack 9001                    : ACCEPT RESET
                    """);
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
