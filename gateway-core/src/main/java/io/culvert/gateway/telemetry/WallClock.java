package io.culvert.gateway.telemetry;

import io.culvert.flow.NanoClock;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Says at what time of day something was that happened at a reading of the monotonic clock. Times
 * keep their distances, unless the wall clock is set anew.
 *
 * <p>Confined to one thread.
 */
final class WallClock {
    /** Both clocks are slewed alike; what is more than this was a step. */
    private static final Duration STEP = Duration.ofMillis(100);

    private final NanoClock nanos;
    private final Clock wall;
    private long anchorNanos;
    private Instant anchor;

    WallClock(NanoClock nanos, Clock wall) {
        this.nanos = nanos;
        this.wall = wall;
        anchorNanos = nanos.nanoTime();
        anchor = wall.instant();
    }

    /** Notices that the wall clock was set; called now and then. */
    void look() {
        long now = nanos.nanoTime();
        Instant instant = wall.instant();
        if (Duration.between(at(now), instant).abs().compareTo(STEP) > 0) {
            anchorNanos = now;
            anchor = instant;
        }
    }

    Instant at(long atNanos) {
        return anchor.plusNanos(atNanos - anchorNanos);
    }

    Instant now() {
        return at(nanos.nanoTime());
    }
}
