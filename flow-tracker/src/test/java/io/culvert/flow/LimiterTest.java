package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;

class LimiterTest {
    private static final long SECOND = 1_000_000_000L;

    private long now = Long.MAX_VALUE - SECOND;

    private Limiter limiter(int flowsPerSecond, int flows, long packets, long bytes) {
        return new Limiter(new Allowance(flowsPerSecond, flows, packets, bytes), now);
    }

    private Reason open(Limiter limiter) {
        assertTrue(limiter.enter());
        return limiter.open(now);
    }

    /** Offers packets of that length for ten seconds, a thousand a second. */
    private long bytesOf(Limiter limiter, int packets, int length) {
        long passed = 0;
        for (int i = 0; i < 10_000; i++) {
            passed += limiter.pass(packets, length, now) == null ? length : 0;
            now += SECOND / 1000;
        }
        return passed;
    }

    @Test
    void opensASecondsWorthOfFlowsAtOnceAndThenSoManyASecond() {
        Limiter limiter = limiter(50, 0, 0, 0);
        for (int i = 0; i < 50; i++) {
            assertNull(open(limiter), "flow " + i);
        }
        assertEquals(Reason.RATE_FLOWS_PER_SECOND, open(limiter));
        now += SECOND / 50;
        assertNull(open(limiter));
        assertEquals(Reason.RATE_FLOWS_PER_SECOND, open(limiter));
        assertEquals(51, limiter.flows());
    }

    @Test
    void letsSoManyFlowsLiveAtOnceAndNoneBeyondUntilOneEnds() {
        Limiter limiter = limiter(0, 3, 0, 0);
        for (int i = 0; i < 3; i++) {
            assertNull(open(limiter));
        }
        assertEquals(Reason.RATE_FLOWS, open(limiter));
        assertEquals(3, limiter.flows());

        limiter.closed();

        assertNull(open(limiter));
        assertEquals(Reason.RATE_FLOWS, open(limiter));
    }

    @Test
    void refusesNoFlowASecondForOneThatThereIsNoRoomFor() {
        Limiter limiter = limiter(2, 1, 0, 0);
        assertNull(open(limiter));
        for (int i = 0; i < 10; i++) {
            assertEquals(Reason.RATE_FLOWS, open(limiter));
        }
        limiter.closed();
        assertNull(open(limiter), "only one of two was used");
    }

    @Test
    void passesASecondsWorthOfBytesAndThenTheRate() {
        // A first second's worth, and that of ten.
        assertEquals(11e6, (double) bytesOf(limiter(0, 0, 0, 1_000_000), 1, 1500), 3e3);
    }

    @Test
    void passesSuperPacketsHoweverLowTheRate() {
        Limiter limiter = limiter(0, 0, 10, 20_000);
        assertNull(limiter.pass(45, 65_535, now));
        assertEquals(Reason.RATE_BYTES, limiter.pass(45, 65_535, now));
        // 65,535 bytes take 3.3 s and 45 packets 4.5 s, of which the burst holds 6.4.
        now += 4 * SECOND;
        assertNull(limiter.pass(45, 65_535, now));
    }

    @Test
    void passesMoreThanTheBurstOnlyWhereNothingWasUsed() {
        Limiter limiter = limiter(0, 0, 10, 0);
        assertNull(limiter.pass(1200, 65_535, now));
        assertEquals(Reason.RATE_PACKETS, limiter.pass(1, 60, now));
        now += 120 * SECOND - 7 * SECOND;
        assertEquals(Reason.RATE_PACKETS, limiter.pass(1, 60, now));
        now += 7 * SECOND;
        assertNull(limiter.pass(1, 60, now));
    }

    @Test
    void takesNoBytesForAPacketThatIsOneTooMany() {
        Limiter limiter = limiter(0, 0, 1, 1_000_000);
        for (int i = 0; i < 64; i++) {
            assertNull(limiter.pass(1, 100, now));
        }
        for (int i = 0; i < 100_000; i++) {
            assertEquals(Reason.RATE_PACKETS, limiter.pass(1, 60_000, now));
        }
        now += SECOND;
        assertNull(limiter.pass(1, 60_000, now));
    }

    @Test
    void countsSmallPacketsAtGreatRates() {
        // 10 GB/s, of which a packet of 60 bytes takes 6 ns.
        Limiter limiter = limiter(0, 0, 0, 10_000_000_000L);
        long passed = 0;
        assertNull(limiter.pass(1, Integer.MAX_VALUE, now));
        assertNull(limiter.pass(1, Integer.MAX_VALUE, now));
        assertNull(limiter.pass(1, Integer.MAX_VALUE, now));
        assertNull(limiter.pass(1, Integer.MAX_VALUE, now));
        for (int i = 0; i < 100_000_000 && limiter.pass(1, 60, now) == null; i++) {
            passed += 60;
        }
        assertEquals(10e9 - 4.0 * Integer.MAX_VALUE, (double) passed, 1e7);
    }

    @Test
    void isRetiredOnlyWhereANewOneWouldSayTheSame() {
        Limiter limiter = limiter(1, 0, 0, 1_000_000);
        assertNull(open(limiter));
        now += 2 * SECOND;
        assertFalse(limiter.retire(now), "a flow lives");
        limiter.closed();
        assertNull(limiter.pass(1, 100, now));
        assertFalse(limiter.retire(now), "bytes were used");
        now += 100_000;
        assertTrue(limiter.retire(now));
        assertFalse(limiter.enter());
        assertFalse(limiter.retire(now), "twice");
        assertTrue(limiter.isRetired());
    }

    @Test
    void stopsWhatEitherOfTwoStops() {
        Limiter one = limiter(0, 0, 1, 0);
        Limiter other = limiter(0, 0, 0, 1);
        Throttle both = Throttle.of(one, other);
        assertNull(both.pass(1, 65_536, now));
        assertEquals(Reason.RATE_BYTES, both.pass(1, 1, now));
        assertEquals(Reason.RATE_PACKETS, both.pass(64, 1, now));
        assertTrue(one.enter() && other.enter());
        both.closed();
        assertEquals(0, one.flows() + other.flows());
    }
}
