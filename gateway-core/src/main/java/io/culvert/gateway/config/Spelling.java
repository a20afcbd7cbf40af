package io.culvert.gateway.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** Which known word was probably meant. */
final class Spelling {
    private static final int LONGEST = 64;
    private static final int MOST_SHOWN = 12;
    private static final int MOST_COMPARED = 1000;

    private Spelling() {}

    /** The hint to append to an error: the near word if there is one, else all known ones. */
    static String hint(String word, Collection<String> known) {
        String near = nearHint(word, known);
        if (!near.isEmpty() || known.isEmpty()) {
            return near;
        }
        String some = known.stream().limit(MOST_SHOWN).collect(Collectors.joining(", "));
        return "; known: " + some + (known.size() > MOST_SHOWN ? ", ..." : "");
    }

    /** The hint to append where the error lists the known words itself; empty when none is near. */
    static String nearHint(String word, Collection<String> known) {
        List<String> near = nearest(word, known);
        return near.isEmpty() ? "" : "; did you mean \"" + String.join("\" or \"", near) + "\"?";
    }

    // The closest words that are at most a third of their letters away.
    private static List<String> nearest(String word, Collection<String> known) {
        if (word.length() > LONGEST) {
            return List.of();
        }
        int least = Integer.MAX_VALUE;
        List<String> nearest = new ArrayList<>();
        for (String one : known.stream().limit(MOST_COMPARED).toList()) {
            int most = Math.min(least, Math.max(1, one.length() / 3));
            int distance =
                    Math.abs(word.length() - one.length()) > most
                            ? Integer.MAX_VALUE
                            : distance(word, one);
            if (distance <= most) {
                if (distance < least) {
                    nearest.clear();
                }
                least = distance;
                nearest.add(one);
            }
        }
        return nearest;
    }

    // Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
    private static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                cost[i][j] =
                        Math.min(
                                cost[i - 1][j - 1] + substitution,
                                1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
                if (i > 1
                        && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1)) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}
