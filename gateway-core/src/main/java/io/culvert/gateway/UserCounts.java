package io.culvert.gateway;

import java.util.HashMap;
import java.util.Map;

/** How many of something each user has, by their number. Confined to one thread. */
final class UserCounts {
    private final Map<Integer, Integer> counts = new HashMap<>();
    private int total;

    /** How many that user has. */
    int of(int user) {
        return counts.getOrDefault(user, 0);
    }

    /** How many all have. */
    int total() {
        return total;
    }

    void add(int user) {
        counts.merge(user, 1, Integer::sum);
        total++;
    }

    void remove(int user) {
        counts.computeIfPresent(user, (ignored, count) -> count == 1 ? null : count - 1);
        total--;
    }
}
