package io.culvert.flow;

import java.time.Duration;

/** Time that a test moves. It begins below zero, as {@link System#nanoTime} may. */
final class ManualClock implements NanoClock {
    private long now = Duration.ofMinutes(-3).toNanos();

    @Override
    public long nanoTime() {
        return now;
    }

    void advance(Duration by) {
        now += by.toNanos();
    }

    void advanceNanos(long by) {
        now += by;
    }
}
