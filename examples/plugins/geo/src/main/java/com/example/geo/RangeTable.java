package com.example.geo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/**
 * Longest match, as a binary search: prefixes hold each other or are apart, so they cut the numbers
 * into ranges that each have one answer. Two million prefixes cost 21 steps a look-up and some 20
 * bytes each. Numbers have 128 bits, in two halves. Immutable.
 */
final class RangeTable {
    private static final Comparator<Prefix> BY_START_LONGER_LAST =
            (one, other) -> {
                int order = compare(one.high, one.low, other.high, other.low);
                return order != 0 ? order : Integer.compare(other.free, one.free);
            };

    /** Where each range begins; it ends where the next one does. */
    private final long[] high;

    private final long[] low;

    /** What each range means; 0 for nothing. */
    private final int[] values;

    private RangeTable(long[] high, long[] low, int[] values) {
        this.high = high;
        this.low = low;
        this.values = values;
    }

    /** Of the longest prefix that holds the number; 0 where none does. */
    int valueOf(long highHalf, long lowHalf) {
        int from = 0;
        int to = values.length;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (compare(high[middle], low[middle], highHalf, lowHalf) <= 0) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from == 0 ? 0 : values[from - 1];
    }

    private static int compare(long high, long low, long otherHigh, long otherLow) {
        int order = Long.compareUnsigned(high, otherHigh);
        return order != 0 ? order : Long.compareUnsigned(low, otherLow);
    }

    /**
     * @param free how many bits at the end may be anything
     */
    private record Prefix(long high, long low, int free, int value) {
        long lastHigh() {
            return free <= 64 ? high : high | mask(free - 64);
        }

        long lastLow() {
            return low | mask(Math.min(free, 64));
        }

        private static long mask(int bits) {
            return bits == 64 ? -1 : (1L << bits) - 1;
        }
    }

    /** Collects prefixes in any order; of two that are the same the later one counts. */
    static final class Builder {
        private final List<Prefix> prefixes = new ArrayList<>();
        private long[] high = new long[16];
        private long[] low = new long[16];
        private int[] values = new int[16];
        private int ranges;

        void add(long highHalf, long lowHalf, int free, int value) {
            prefixes.add(new Prefix(highHalf, lowHalf, free, value));
        }

        RangeTable build() {
            // A stable sort, so the later of two that are the same stays the later one.
            prefixes.sort(BY_START_LONGER_LAST);
            Deque<Prefix> around = new ArrayDeque<>();
            for (Prefix prefix : prefixes) {
                leave(around, prefix);
                around.push(prefix);
                begin(prefix.high, prefix.low, prefix.value);
            }
            leave(around, null);
            return new RangeTable(
                    Arrays.copyOf(high, ranges),
                    Arrays.copyOf(low, ranges),
                    Arrays.copyOf(values, ranges));
        }

        /** Ends those that do not hold the next one; behind each the one around it goes on. */
        private void leave(Deque<Prefix> around, Prefix next) {
            while (!around.isEmpty()
                    && (next == null
                            || compare(
                                            around.peek().lastHigh(),
                                            around.peek().lastLow(),
                                            next.high,
                                            next.low)
                                    < 0)) {
                Prefix ended = around.pop();
                long behindLow = ended.lastLow() + 1;
                long behindHigh = behindLow == 0 ? ended.lastHigh() + 1 : ended.lastHigh();
                // Behind the last number of all there is nothing.
                if (behindLow != 0 || behindHigh != 0) {
                    begin(behindHigh, behindLow, around.isEmpty() ? 0 : around.peek().value);
                }
            }
        }

        private void begin(long highHalf, long lowHalf, int value) {
            if (ranges > 0 && high[ranges - 1] == highHalf && low[ranges - 1] == lowHalf) {
                values[ranges - 1] = value;
                return;
            }
            if (ranges == values.length) {
                high = Arrays.copyOf(high, 2 * ranges);
                low = Arrays.copyOf(low, 2 * ranges);
                values = Arrays.copyOf(values, 2 * ranges);
            }
            high[ranges] = highHalf;
            low[ranges] = lowHalf;
            values[ranges++] = value;
        }
    }
}
