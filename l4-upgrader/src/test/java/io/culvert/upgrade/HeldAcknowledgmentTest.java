package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class HeldAcknowledgmentTest {
    private final List<HeldAcknowledgment> waiting = new ArrayList<>();
    private final List<Integer> sent = new ArrayList<>();
    private final Packet packet = new Packet();
    private final HeldAcknowledgment held =
            new HeldAcknowledgment(waiting, new Packet(), this::sent);

    @Test
    void ofARunTheNewestAloneIsSentAsItWas() {
        held.hold(acknowledgment(1), 1000);
        held.hold(acknowledgment(2), 2000);
        held.hold(acknowledgment(3), 3000);
        assertEquals(List.of(), sent);

        endBatch();

        assertEquals(List.of(3), sent);
    }

    @Test
    void isSentOnceAndWaitsOncePerBatch() {
        held.hold(acknowledgment(1), 1000);
        held.hold(acknowledgment(2), 2000);
        assertEquals(List.of(held), waiting);

        endBatch();
        endBatch();
        assertEquals(List.of(2), sent);

        held.hold(acknowledgment(3), 3000);
        assertEquals(List.of(held), waiting);
    }

    @Test
    void everyDuplicateIsSentInItsOrder() {
        held.hold(acknowledgment(1), 1000);
        held.hold(acknowledgment(2), 2000);
        held.hold(acknowledgment(3), 2000);
        held.hold(acknowledgment(4), 2000);
        held.hold(acknowledgment(5), 1500);

        endBatch();

        assertEquals(List.of(2, 3, 4, 5), sent);
    }

    @Test
    void comparesNumbersThatWrap() {
        held.hold(acknowledgment(1), -10);
        held.hold(acknowledgment(2), 5);
        held.hold(acknowledgment(3), -10);

        endBatch();

        assertEquals(List.of(2, 3), sent);
    }

    @Test
    void whatIsForgottenIsNotSent() {
        held.hold(acknowledgment(1), 1000);
        held.forget();

        endBatch();

        assertEquals(List.of(), sent);
    }

    private void endBatch() {
        waiting.forEach(HeldAcknowledgment::send);
        waiting.clear();
    }

    private Packet acknowledgment(int mark) {
        packet.plain(40).partialChecksum(20, 16).bytes().put(Packet.OFFSET, (byte) mark);
        return packet;
    }

    private void sent(Packet one) {
        assertEquals(40, one.length());
        assertTrue(one.checksumPartial());
        assertEquals(20, one.checksumStart());
        assertEquals(16, one.checksumOffset());
        sent.add((int) one.bytes().get(Packet.OFFSET));
    }
}
