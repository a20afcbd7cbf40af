package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** How a connection ends for a {@link TcpTracker}, and how another takes its place. */
class TcpTrackerEndTest {
    private final TcpScript script = TcpScript.tracked(false);

    @Test
    void closesInTheUsualOrder() {
        script.establish();
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
        script.establish();
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
        script.establish();
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
        script.establish();
        assertFalse(script.flow().isReopenedBy(TcpScript.segment("SYN 9000")));
        script.run(
                """
                i FIN+ACK 1001 ack 5001 win 4000        : ACCEPT INITIATOR_CLOSED
                t FIN+ACK 5001 ack 1002 win 2000        : ACCEPT BOTH_CLOSED
                """);
        assertFalse(script.flow().isReopenedBy(TcpScript.segment("SYN 9000")));
        script.run("i ACK 1002 ack 5002 win 4000 : ACCEPT CLOSED");

        assertTrue(script.flow().isReopenedBy(TcpScript.segment("SYN 9000")));
        assertFalse(script.flow().isReopenedBy(TcpScript.segment("SYN+ACK 9000")));
        assertFalse(script.flow().isReopenedBy(TcpScript.segment("RST 9000")));
        assertFalse(script.flow().isReopenedBy(TcpScript.segment("ACK 1002")));
        assertFalse(
                script.flow().isReopenedBy(TcpScript.segment("SYN 1000")),
                "a late copy of its own first segment");
    }

    @Test
    void isReopenedByTheSameSynWhereTheRefusalWasLost() {
        script.run(
                """
                i SYN 1000 win 100                      : ACCEPT SYN_SENT
                t RST+ACK 0 ack 1001                    : ACCEPT RESET
                """);

        assertTrue(script.flow().isReopenedBy(TcpScript.segment("SYN 1000")));
    }

    @Nested
    class OfASynInAnEstablishedConnection {
        @Test
        void passesThoseOfEitherSideAndStaysEstablished() {
            script.establish();
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
            script.establish();
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
            script.establish();
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
        void knowsTheNewConnectionFromItsBeginningThoughNotTheOldOne() {
            TcpScript late = TcpScript.tracked(true);
            late.run(
                    """
                    i ACK 1001 ack 5001 win 4000            : ACCEPT PICKED_UP
                    t ACK 5001 ack 1001 win 4000            : ACCEPT ESTABLISHED
                    i SYN 9000 win 8000                     : PASS ESTABLISHED
                    t SYN+ACK 70000 ack 9001 win 4000       : RESTART SYN_RECEIVED
                    i ACK 9001 ack 70001 win 8000           : ACCEPT ESTABLISHED
                    i ACK 9001 ack 70002 win 8000           : BAD_ACKNOWLEDGMENT ESTABLISHED
                    i ACK 13002 ack 70001 win 8000          : OUT_OF_WINDOW ESTABLISHED
                    """);
        }

        @Test
        void endsWhereTheTargetRefusesTheNewConnection() {
            script.establish();
            script.run(
                    """
                    i SYN 9000 win 8000                     : PASS ESTABLISHED
                    t RST+ACK 0 ack 9003000                 : BAD_RESET ESTABLISHED
                    i RST+ACK 0 ack 9001                    : BAD_RESET ESTABLISHED
                    t RST+ACK 0 ack 9001                    : ACCEPT RESET
                    """);
        }
    }
}
