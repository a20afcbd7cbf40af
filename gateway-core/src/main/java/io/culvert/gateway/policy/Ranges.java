package io.culvert.gateway.policy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A set of unsigned numbers of 128 bits, addresses or ports, as ranges that lie apart, the smallest
 * first. Immutable.
 */
final class Ranges {
    /** From the first to the last number, both included. */
    record Range(long firstHigh, long firstLow, long lastHigh, long lastLow) {
        boolean covers(Range other) {
            return compare(firstHigh, firstLow, other.firstHigh, other.firstLow) <= 0
                    && compare(lastHigh, lastLow, other.lastHigh, other.lastLow) >= 0;
        }
    }

    private static final Comparator<Range> ORDER =
            (one, other) -> compare(one.firstHigh, one.firstLow, other.firstHigh, other.firstLow);

    private final List<Range> ranges;

    private Ranges(List<Range> ranges) {
        this.ranges = ranges;
    }

    /** The numbers that are in any of those. */
    static Ranges of(List<Range> any) {
        List<Range> sorted = new ArrayList<>(any);
        sorted.sort(ORDER);
        List<Range> apart = new ArrayList<>();
        for (Range next : sorted) {
            Range last = apart.isEmpty() ? null : apart.getLast();
            if (last == null || !touches(last, next)) {
                apart.add(next);
            } else if (compare(next.lastHigh, next.lastLow, last.lastHigh, last.lastLow) > 0) {
                apart.set(
                        apart.size() - 1,
                        new Range(last.firstHigh, last.firstLow, next.lastHigh, next.lastLow));
            }
        }
        return new Ranges(List.copyOf(apart));
    }

    /** Whether the second, which begins no earlier, begins in the first or right behind it. */
    private static boolean touches(Range first, Range second) {
        long low = first.lastLow + 1;
        long high = first.lastHigh + (low == 0 ? 1 : 0);
        boolean toTheEnd = (high | low) == 0;
        return toTheEnd || compare(second.firstHigh, second.firstLow, high, low) <= 0;
    }

    /** Unsigned, as every comparison here. */
    static int compare(long high, long low, long otherHigh, long otherLow) {
        int byHigh = Long.compareUnsigned(high, otherHigh);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, otherLow);
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    List<Range> all() {
        return ranges;
    }

    /** Whether every number of the other is here. */
    boolean covers(Ranges other) {
        int at = 0;
        for (Range part : other.ranges) {
            while (at < ranges.size() && endsBefore(ranges.get(at), part)) {
                at++;
            }
            if (at == ranges.size() || !ranges.get(at).covers(part)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a number is in both. */
    boolean meets(Ranges other) {
        int at = 0;
        for (Range part : other.ranges) {
            while (at < ranges.size() && endsBefore(ranges.get(at), part)) {
                at++;
            }
            if (at < ranges.size() && !endsBefore(part, ranges.get(at))) {
                return true;
            }
        }
        return false;
    }

    private static boolean endsBefore(Range one, Range other) {
        return compare(one.lastHigh, one.lastLow, other.firstHigh, other.firstLow) < 0;
    }
}
