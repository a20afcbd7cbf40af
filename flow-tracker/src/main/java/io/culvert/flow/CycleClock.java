package io.culvert.flow;

/**
 * A clock read once per worker cycle and then free to ask: a system clock read costs more than a
 * flow look-up. Between two refreshes time stands still, for at most one cycle.
 *
 * <p>Threading: any worker may refresh it and any thread may read it. Refreshes race by less than a
 * cycle, and a reading may seem to step back by that much; every time-out here is thousands of
 * cycles long.
 */
public final class CycleClock implements NanoClock {
    private final NanoClock source;
    private volatile long now;

    public CycleClock(NanoClock source) {
        this.source = source;
        this.now = source.nanoTime();
    }

    /** Reads the source; call at the start of a cycle. */
    public long refresh() {
        long read = source.nanoTime();
        now = read;
        return read;
    }

    @Override
    public long nanoTime() {
        return now;
    }
}
