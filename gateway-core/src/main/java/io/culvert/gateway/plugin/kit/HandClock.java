package io.culvert.gateway.plugin.kit;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;

/** A clock that stands until a test moves it. It begins in the first second of 2026. */
public final class HandClock implements InstantSource {
    private final CopyOnWriteArrayList<Runnable> waiting = new CopyOnWriteArrayList<>();
    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

    HandClock() {}

    @Override
    public Instant instant() {
        return now;
    }

    /** Moves it on; whoever waits with a limit hears of it. */
    public void advance(Duration by) {
        if (by.isNegative()) {
            throw new IllegalArgumentException("time does not run backwards: " + by);
        }
        now = now.plus(Objects.requireNonNull(by));
        waiting.forEach(Runnable::run);
    }

    /** To be called after each move. */
    void onMove(Runnable listener) {
        waiting.add(listener);
    }
}
