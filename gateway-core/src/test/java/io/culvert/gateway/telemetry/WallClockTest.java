package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;

class WallClockTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
    private static final long SECOND = 1_000_000_000L;

    private long nanos = -5 * SECOND;
    private Instant wall = NOON;
    private final WallClock clock =
            new WallClock(() -> nanos, ((InstantSource) () -> wall).withZone(ZoneOffset.UTC));

    private void pass(long seconds) {
        nanos += seconds * SECOND;
        wall = wall.plusSeconds(seconds);
    }

    @Test
    void saysWhenSomethingWas() {
        pass(60);
        assertEquals(NOON, clock.at(-5 * SECOND));
        assertEquals(NOON.plusSeconds(30), clock.at(25 * SECOND));
        assertEquals(NOON.plusSeconds(60), clock.now());
    }

    @Test
    void keepsDistancesWhileTheWallClockIsSlewed() {
        pass(60);
        wall = wall.plusMillis(50);
        clock.look();
        assertEquals(NOON.plusSeconds(60), clock.now());
    }

    @Test
    void followsAWallClockThatIsSet() {
        pass(60);
        wall = wall.minusSeconds(3600);
        clock.look();
        assertEquals(NOON.minusSeconds(3540), clock.now());
        assertEquals(NOON.minusSeconds(3600), clock.at(-5 * SECOND));
    }

    @Test
    void timesHaveMillisecondsAndAreUtc() {
        assertEquals("2026-11-21T12:00:00.000Z", Times.text(NOON));
        assertEquals("2026-11-21T12:00:00.007Z", Times.text(NOON.plusMillis(7)));
    }
}
