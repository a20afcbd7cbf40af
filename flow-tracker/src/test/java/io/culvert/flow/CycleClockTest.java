package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class CycleClockTest {
    private final ManualClock source = new ManualClock();
    private final CycleClock clock = new CycleClock(source);

    @Test
    void beginsWithTheTimeOfItsSource() {
        assertEquals(source.nanoTime(), clock.nanoTime());
    }

    @Test
    void standsStillBetweenRefreshes() {
        long before = clock.nanoTime();

        source.advance(Duration.ofSeconds(1));

        assertEquals(before, clock.nanoTime());
    }

    @Test
    void answersAndKeepsWhatARefreshReads() {
        source.advance(Duration.ofSeconds(1));

        assertEquals(source.nanoTime(), clock.refresh());
        assertEquals(source.nanoTime(), clock.nanoTime());
    }
}
