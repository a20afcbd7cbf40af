package io.culvert.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Where the gateway and the oracle differ: what was found, and the list {@code disagreements.tsv},
 * which explains each. The two have to be the same, so that no difference goes unexplained and no
 * explanation outlives what it explains.
 */
final class Disagreements {
    private static final String LIST = "disagreements.tsv";

    private final SortedMap<String, SortedMap<String, SortedSet<Integer>>> found = new TreeMap<>();

    /**
     * Notes one.
     *
     * @param what the kind of difference, a word, and after a space which of that kind
     */
    void add(String what, String file, int number) {
        found.computeIfAbsent(what, _ -> new TreeMap<>())
                .computeIfAbsent(file, _ -> new TreeSet<>())
                .add(number);
    }

    /** What was found to where, as the list has it. */
    Map<String, String> found() {
        Map<String, String> all = new TreeMap<>();
        found.forEach((what, where) -> all.put(what, text(where)));
        return all;
    }

    private static String text(SortedMap<String, SortedSet<Integer>> where) {
        List<String> files = new ArrayList<>();
        where.forEach((file, numbers) -> files.add(file + " " + ranges(numbers)));
        return String.join("; ", files);
    }

    private static String ranges(SortedSet<Integer> numbers) {
        List<String> ranges = new ArrayList<>();
        for (int first : numbers) {
            if (numbers.contains(first - 1)) continue;
            int last = first;
            while (numbers.contains(last + 1)) last++;
            ranges.add(first == last ? "" + first : first + "-" + last);
        }
        return String.join(" ", ranges);
    }

    /** What the list explains of these kinds, to where. */
    static Map<String, String> explained(String... kinds) {
        Map<String, String> explained = new TreeMap<>();
        for (String line : list().lines().toList()) {
            if (line.isEmpty() || line.startsWith("#")) continue;
            String[] columns = line.split("\t", -1);
            if (columns.length != 3 || columns[2].isBlank()) {
                throw new IllegalStateException("no what, where and why: " + line);
            }
            String kind = columns[0].split(" ", 2)[0];
            if (List.of(kinds).contains(kind)) explained.put(columns[0], columns[1]);
        }
        return explained;
    }

    private static String list() {
        try (InputStream in = Disagreements.class.getResourceAsStream(LIST)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
