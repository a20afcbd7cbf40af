package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;

class FlowRateTest {
    private final ManualClock clock = new ManualClock();
    private final FlowRate rate = new FlowRate();

    private int allowedAtOnce(int perSecond) {
        int allowed = 0;
        while (rate.allows(perSecond, clock.nanoTime())) {
            allowed++;
        }
        return allowed;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 1_000, 1_000_000})
    void allowsASecondsWorthAtOnceAndNoMore(int perSecond) {
        assertEquals(perSecond, allowedAtOnce(perSecond));
    }

    @Test
    void allowsAsManyAgainAsTheTimePassed() {
        allowedAtOnce(1_000);

        clock.advance(Duration.ofMillis(250));

        assertEquals(250, allowedAtOnce(1_000));
    }

    @Test
    void savesNoMoreThanASecondsWorth() {
        allowedAtOnce(10);

        clock.advance(Duration.ofDays(3));

        assertEquals(10, allowedAtOnce(10));
    }

    @Test
    void beginsAtWhateverTheClockShows() {
        for (long start : new long[] {Long.MIN_VALUE + 5, -1, 0, Long.MAX_VALUE - 5}) {
            FlowRate fresh = new FlowRate();
            assertTrue(fresh.allows(1, start));
            assertFalse(fresh.allows(1, start), "at " + start);
        }
    }
}
