package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;

class PacketCountersTest {
    private final PacketCounters counters = new PacketCounters();

    @Test
    void addsUpWhatBecameOfThePacketsReceived() {
        counters.received(10);
        counters.carried(5);
        counters.answered(2);
        counters.dropped(Reason.POLICY_RULE, 1);
        counters.dropped(Reason.MALFORMED_TCP, 2);

        assertEquals(10, counters.receivedCount());
        assertEquals(
                counters.receivedCount(),
                counters.carriedCount() + counters.answeredCount() + counters.droppedCount());
    }

    @Test
    void turnsPacketsThatWereLostFromCarriedToDropped() {
        counters.received(4);
        counters.carried(4);
        counters.lost(Reason.QUEUE_FULL, 3);

        assertEquals(1, counters.carriedCount());
        assertEquals(3, counters.droppedCount(Reason.QUEUE_FULL));
        assertEquals(3, counters.droppedCount());
    }

    @Test
    void keepsReturnedPacketsOutOfThatSum() {
        counters.returned(7);

        assertEquals(7, counters.returnedCount());
        assertEquals(0, counters.receivedCount());
        assertEquals(0, counters.carriedCount() + counters.answeredCount());
        assertEquals(0, counters.droppedCount());
    }

    @Test
    void hasACellForEveryReason() {
        for (Reason reason : Reason.values()) {
            counters.dropped(reason, 1 + reason.ordinal());
        }

        for (Reason reason : Reason.values()) {
            assertEquals(1 + reason.ordinal(), counters.droppedCount(reason));
        }
    }

    @Test
    void countsBeyondThirtyTwoBits() {
        for (int i = 0; i < 4; i++) {
            counters.received(Integer.MAX_VALUE);
        }

        assertEquals(4L * Integer.MAX_VALUE, counters.receivedCount());
    }
}
