package io.culvert.gateway.policy;

import java.time.Instant;
import java.time.InstantSource;

/**
 * Whether it is a rule's time, told without looking at the calendar each time: an answer holds for
 * the minute that it is asked in, and is kept for that long.
 *
 * <p>Threading: any; two threads may both look at the calendar.
 */
final class Hours {
    private static final long MINUTE = 60_000;

    private final When when;
    private Minute last = new Minute(Long.MIN_VALUE, false);

    private record Minute(long number, boolean included) {}

    Hours(When when) {
        this.when = when;
    }

    /** A clock may be set, to an earlier time too. */
    boolean areNow(InstantSource clock) {
        long number = Math.floorDiv(clock.millis(), MINUTE);
        // Whatever thread wrote it: its fields are final.
        Minute known = last;
        if (known.number != number) {
            known = new Minute(number, when.includes(Instant.ofEpochMilli(number * MINUTE)));
            last = known;
        }
        return known.included;
    }
}
