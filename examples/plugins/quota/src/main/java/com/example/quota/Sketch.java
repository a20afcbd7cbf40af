package com.example.quota;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Counts by key in fixed memory (count-min): each key has one counter in each row, other keys may
 * share it, and the smallest one is the answer. So it is never less than the truth; it is more only
 * for a key that shares its counter in every row, which among a tenth as many keys as there are
 * columns befalls one in ten thousand.
 *
 * <p>Threading: any, without a lock.
 */
final class Sketch {
    private static final int ROWS = 4;

    private final int columns;
    private final long seed;
    private final AtomicIntegerArray counters;

    /**
     * @param seed secret, or somebody may choose keys that share their counters
     */
    Sketch(int columns, long seed) {
        if (columns < 1 || columns > 1 << 24) {
            throw new IllegalArgumentException("columns must be between 1 and 16777216");
        }
        this.columns = columns;
        this.seed = seed;
        this.counters = new AtomicIntegerArray(ROWS * columns);
    }

    /** Adds, or with a negative number takes away again, and answers the new estimate. */
    int add(String key, int number) {
        long hash = hash(key);
        int least = Integer.MAX_VALUE;
        for (int row = 0; row < ROWS; row++) {
            least = Math.min(least, counters.addAndGet(index(hash, row), number));
        }
        return least;
    }

    /** No less than what was added for the key. */
    int estimate(String key) {
        long hash = hash(key);
        int least = Integer.MAX_VALUE;
        for (int row = 0; row < ROWS; row++) {
            least = Math.min(least, counters.get(index(hash, row)));
        }
        return least;
    }

    private int index(long hash, int row) {
        long mixed = mix(hash + row * 0x9e37_79b9_7f4a_7c15L);
        return row * columns + (int) Long.remainderUnsigned(mixed, columns);
    }

    private long hash(String key) {
        long hash = seed;
        for (int i = 0; i < key.length(); i++) {
            hash = mix(hash ^ key.charAt(i));
        }
        return hash;
    }

    /** Every bit of the result depends on every bit of the argument. */
    private static long mix(long bits) {
        long mixed = (bits ^ (bits >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d0_49bb_1331_11ebL;
        return mixed ^ (mixed >>> 31);
    }
}
