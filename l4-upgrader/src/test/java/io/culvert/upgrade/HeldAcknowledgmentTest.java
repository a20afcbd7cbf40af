package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet;

import org.junit.jupiter.api.Test;

class HeldAcknowledgmentTest {
    private final HeldAcknowledgment held = new HeldAcknowledgment();
    private final Packet packet = new Packet();

    @Test
    void givesBackTheNewestOfARun() {
        assertTrue(held.hold(acknowledgment(1), 1000), "the first");
        assertFalse(held.hold(acknowledgment(2), 2000), "in its place");

        assertTrue(held.release(packet));
        assertEquals(40, packet.length());
        assertEquals(2, packet.bytes().get(Packet.OFFSET));
        assertTrue(packet.checksumPartial());
        assertEquals(20, packet.checksumStart());
        assertEquals(16, packet.checksumOffset());
        assertFalse(held.release(packet), "only once");
    }

    @Test
    void isSupersededOnlyByWhatAcknowledgesMore() {
        assertTrue(held.isSupersededBy(7), "nothing is held");
        held.hold(acknowledgment(1), 1000);
        assertTrue(held.isSupersededBy(1001));
        assertFalse(held.isSupersededBy(1000), "a duplicate, RFC 5681 section 3.2");
        assertFalse(held.isSupersededBy(999));
    }

    @Test
    void comparesNumbersThatWrap() {
        held.hold(acknowledgment(1), -10);
        assertTrue(held.isSupersededBy(5));
        held.hold(acknowledgment(1), 5);
        assertFalse(held.isSupersededBy(-10));
    }

    private Packet acknowledgment(int mark) {
        packet.plain(40).partialChecksum(20, 16).bytes().put(Packet.OFFSET, (byte) mark);
        return packet;
    }
}
