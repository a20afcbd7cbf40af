package io.culvert.gateway.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class MemberHealthTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final EjectionSettings ejection =
            new EjectionSettings(3, Duration.ofSeconds(10), Duration.ofSeconds(60));
    private final MemberHealth health = new MemberHealth(ejection, 2, 3);
    private long now;

    private boolean fail() {
        return health.failed(Failure.CLOSED, now);
    }

    private MemberHealth.State state() {
        return health.state(now);
    }

    @Test
    void isWellUntilToldOtherwise() {
        assertEquals(MemberHealth.State.HEALTHY, state());
        assertEquals("", health.trouble());
    }

    @Test
    void goesDownWithTheThirdBadCheckInARowAndComesBackWithTheSecondGoodOne() {
        assertFalse(health.checked("status 500"));
        assertFalse(health.checked("status 500"));
        assertFalse(health.checked(""), "a good one in between begins the row anew");
        assertFalse(health.checked("status 500"));
        assertFalse(health.checked("status 500"));
        assertTrue(health.checked("status 503"));
        assertEquals(MemberHealth.State.DOWN, state());
        assertEquals("status 503", health.trouble());

        assertFalse(health.checked(""));
        assertFalse(health.checked("status 500"));
        assertFalse(health.checked(""));
        assertTrue(health.checked(""));
        assertEquals(MemberHealth.State.HEALTHY, state());
    }

    @Test
    void isEjectedByFailuresInARowAndReturnsWhenItsTimeIsOver() {
        assertFalse(fail());
        assertFalse(fail());
        health.succeeded(now);
        assertFalse(fail());
        assertFalse(fail());
        assertTrue(fail());
        assertEquals(MemberHealth.State.EJECTED, state());
        assertEquals("3 failures in a row, the last: closed", health.trouble());

        now = 10 * SECOND - 1;
        assertEquals(MemberHealth.State.EJECTED, state());
        assertEquals(1, health.ejectedForNanos(now));
        now = 10 * SECOND;
        assertEquals(MemberHealth.State.HEALTHY, state());
        assertEquals(0, health.ejectedForNanos(now));
    }

    @Test
    void staysAwayTwiceAsLongEachTimeUpToTheMost() {
        long[] seconds = {10, 20, 40, 60, 60};
        for (int i = 0; i < seconds.length; i++) {
            for (int failures = 0; failures < (i == 0 ? 2 : 0); failures++) {
                assertFalse(fail());
            }
            assertTrue(fail(), "after the first ejection one failure is enough");
            assertEquals(seconds[i] * SECOND, health.ejectedForNanos(now));
            now += seconds[i] * SECOND;
        }
        assertEquals(5, health.totalEjections());
    }

    @Test
    void beginsWithTheLeastAgainOnceItHasAnsweredForAsLongAsItWasAway() {
        fail();
        fail();
        fail();
        now = 10 * SECOND;
        health.succeeded(now);
        now = 19 * SECOND;
        health.succeeded(now);
        for (int i = 0; i < 3; i++) {
            fail();
        }
        assertEquals(20 * SECOND, health.ejectedForNanos(now), "nine seconds were too short");

        now = 39 * SECOND;
        health.succeeded(now);
        now = 59 * SECOND;
        health.succeeded(now);
        for (int i = 0; i < 3; i++) {
            fail();
        }
        assertEquals(10 * SECOND, health.ejectedForNanos(now));
    }

    @Test
    void isNotEjectedForLongerByWhatWasUnderWay() {
        fail();
        fail();
        fail();
        now = SECOND;
        for (int i = 0; i < 10; i++) {
            assertFalse(fail());
        }
        assertEquals(9 * SECOND, health.ejectedForNanos(now));
    }

    @Test
    void isNeverEjectedWhereThatIsOff() {
        health.become(new EjectionSettings(0, Duration.ofSeconds(1), Duration.ofSeconds(1)), 1, 1);
        for (int i = 0; i < 100; i++) {
            assertFalse(fail());
        }
        assertEquals(MemberHealth.State.HEALTHY, state());
    }
}
