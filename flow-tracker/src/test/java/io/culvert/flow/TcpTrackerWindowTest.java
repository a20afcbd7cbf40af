package io.culvert.flow;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which segments of an established connection are within the bounds of {@link TcpTracker}. */
class TcpTrackerWindowTest {
    private TcpScript script = TcpScript.tracked(false);

    @Test
    void bindsWhereASegmentBeginsAndNotHowLongItIs() {
        script.establish();
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
        script.establish();
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
        script.establish();
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

    @Test
    void scalesNoWindowOfASynThatIsRepeated() {
        script.run(
                """
                i SYN 1000 win 1000 ws 4               : ACCEPT SYN_SENT
                t SYN+ACK 5000 ack 1001 win 1000 ws 14 : ACCEPT SYN_RECEIVED
                t SYN+ACK 5000 ack 1001 win 1000 ws 14 : ACCEPT SYN_RECEIVED
                i ACK 1001 ack 5001 win 1000           : ACCEPT ESTABLISHED
                i ACK 2002 ack 5001 win 1000           : OUT_OF_WINDOW ESTABLISHED
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
        script.establish();
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
        script.establish();
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
