package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How a connection begins for a {@link TcpTracker}, seen from its first segment or later. */
class TcpTrackerOpeningTest {
    private TcpScript script = TcpScript.tracked(false);

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
        assertTrue(TcpTracker.opens(TcpScript.segment("SYN 1 len 10"), false));
        assertFalse(TcpTracker.opens(TcpScript.segment("SYN+ACK 1"), true));
        assertFalse(TcpTracker.opens(TcpScript.segment("RST 1"), true));
        assertFalse(TcpTracker.opens(TcpScript.segment("ACK 1"), false));
        assertTrue(TcpTracker.opens(TcpScript.segment("ACK 1"), true));
        assertTrue(TcpTracker.opens(TcpScript.segment("FIN+ACK 1"), true));
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
                t ACK+PSH 6411 ack 1501 win 2000 len 1400: ACCEPT SYN_RECEIVED
                t ACK+PSH 9002 ack 1501 win 2000 len 1400: OUT_OF_WINDOW SYN_RECEIVED
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

    /** RFC 5382 REQ-2 a); RFC 9293 section 3.5, figure 8. */
    @Nested
    class WhenBothOpenAtOnce {
        @Test
        @Tag("rfc5382-req-2-a")
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
        @Tag("rfc5382-req-2-a")
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
            assertTrue(late.flow().isReopenedBy(TcpScript.segment("SYN 0")));
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
}
