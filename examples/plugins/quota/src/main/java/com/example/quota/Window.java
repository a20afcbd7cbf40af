package com.example.quota;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;

/** A sketch that begins anew with each window of time. Threading: any. */
final class Window {
    private record Counting(long window, Sketch sketch) {}

    private final long millis;
    private final int columns;
    private final long seed;
    private final InstantSource clock;
    private final AtomicReference<Counting> counting;

    Window(Duration length, int columns, long seed, InstantSource clock) {
        this.millis = Math.max(1, length.toMillis());
        this.columns = columns;
        this.seed = seed;
        this.clock = clock;
        this.counting = new AtomicReference<>(new Counting(now(), new Sketch(columns, seed)));
    }

    /** Counts one more and answers the new estimate. */
    int add(String key) {
        return current().add(key, 1);
    }

    /** How often the key was counted in this window, or more. */
    int estimate(String key) {
        return current().estimate(key);
    }

    private Sketch current() {
        Counting last = counting.get();
        long window = now();
        if (last.window() == window) {
            return last.sketch();
        }
        // Whoever loses the race takes what the other has made.
        Counting next = new Counting(window, new Sketch(columns, seed));
        return counting.compareAndSet(last, next) ? next.sketch() : counting.get().sketch();
    }

    private long now() {
        return Math.floorDiv(clock.millis(), millis);
    }
}
