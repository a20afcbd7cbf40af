package io.culvert.upgrade;

import io.culvert.flow.NanoClock;

import java.util.ArrayDeque;

/**
 * Targets' sides that have outlived their flows, because of a reset that the kernel has yet to
 * send.
 *
 * <p>Confined to one worker.
 */
final class LingeringTargets {
    /**
     * How long a slot is kept for it: it comes with the next batch, unless the connection was none
     * yet.
     */
    private static final long LINGER_NANOS = 1_000_000_000L;

    private final NanoClock clock;
    private final ArrayDeque<Lingering> sides = new ArrayDeque<>();

    private record Lingering(DowngradedTcp side, long untilNanos) {}

    LingeringTargets(NanoClock clock) {
        this.clock = clock;
    }

    void add(DowngradedTcp side) {
        sides.add(new Lingering(side, clock.nanoTime() + LINGER_NANOS));
    }

    /** Ends those whose time is over; called now and then. */
    void expire() {
        for (Lingering eldest = sides.peek();
                eldest != null && clock.nanoTime() - eldest.untilNanos >= 0;
                eldest = sides.peek()) {
            sides.poll();
            eldest.side.end();
        }
    }
}
