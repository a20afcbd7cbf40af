package io.culvert.gateway.config;

import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** The errors of one text, collected in any order, told once each and by position. */
final class Errors {
    // A longer one was made by a program, and would be searched again for each of its errors.
    private static final int LONGEST_LINE = 4096;

    // A position may have two errors; the order of their texts then makes the output stable.
    private record Found(Position position, String message) {}

    private final SortedSet<Found> found =
            new TreeSet<>(Comparator.comparing(Found::position).thenComparing(Found::message));

    /**
     * Adds an error; control characters of the message, which may quote the text, are made
     * harmless.
     */
    void add(Position position, String message) {
        found.add(new Found(position, Printable.line(message)));
    }

    boolean isEmpty() {
        return found.isEmpty();
    }

    List<ConfigurationError> of(String file, String text) {
        List<String> lines = text.lines().toList();
        return found.stream().map(one -> error(file, lines, one)).toList();
    }

    private static ConfigurationError error(String file, List<String> lines, Found one) {
        int line = one.position.line();
        String source = line <= lines.size() ? lines.get(line - 1) : "";
        if (source.length() > LONGEST_LINE) {
            source = "";
        }
        return new ConfigurationError(file, line, one.position.column(), one.message, source);
    }
}
