package io.culvert.gateway.policy;

import io.culvert.gateway.policy.Ranges.Range;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * For every number of one dimension, an address or a port, the set of the rules that it is in. The
 * ends of all rules' ranges cut the numbers into stretches of which each has one set; a binary
 * search finds the stretch. Immutable.
 */
final class Stretches {
    private final long[] highs;
    private final long[] lows;
    private final long[][][] sets;

    /** Where a rule comes in or goes out. */
    private record End(long high, long low, int rule) {}

    private static final Comparator<End> ORDER =
            (one, other) -> Ranges.compare(one.high, one.low, other.high, other.low);

    /**
     * @param rules for each rule its numbers
     */
    Stretches(List<Ranges> rules, RuleSets maker) {
        List<End> ends = ends(rules);
        List<End> starts = new ArrayList<>();
        List<long[][]> made = new ArrayList<>();
        RuleSets.Changing set = maker.changing();
        // What lies before the first end is in no rule.
        starts.add(new End(0, 0, 0));
        for (int i = 0; i < ends.size(); i++) {
            End end = ends.get(i);
            if (ORDER.compare(starts.getLast(), end) != 0) {
                made.add(set.set());
                starts.add(end);
            }
            set.flip(end.rule);
        }
        made.add(set.set());
        highs = starts.stream().mapToLong(End::high).toArray();
        lows = starts.stream().mapToLong(End::low).toArray();
        sets = made.toArray(long[][][]::new);
    }

    private static List<End> ends(List<Ranges> rules) {
        List<End> ends = new ArrayList<>();
        for (int rule = 0; rule < rules.size(); rule++) {
            for (Range range : rules.get(rule).all()) {
                ends.add(new End(range.firstHigh(), range.firstLow(), rule));
                long low = range.lastLow() + 1;
                long high = range.lastHigh() + (low == 0 ? 1 : 0);
                if ((high | low) != 0) {
                    ends.add(new End(high, low, rule));
                }
            }
        }
        ends.sort(ORDER);
        return ends;
    }

    /** The rules that the number is in. */
    long[][] at(long high, long low) {
        int from = 0;
        int to = lows.length - 1;
        while (from < to) {
            int middle = (from + to + 1) >>> 1;
            if (Ranges.compare(highs[middle], lows[middle], high, low) <= 0) {
                from = middle;
            } else {
                to = middle - 1;
            }
        }
        return sets[from];
    }
}
