package io.culvert.upgrade;

import io.culvert.flow.NanoClock;

/** Time that a test moves. */
final class ManualClock implements NanoClock {
    private long now = -1_000_000_000L;

    @Override
    public long nanoTime() {
        return now;
    }

    void advance(long nanos) {
        now += nanos;
    }
}
