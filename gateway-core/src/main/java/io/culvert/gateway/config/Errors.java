package io.culvert.gateway.config;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
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

    private final SortedSet<Found> warnings = new TreeSet<>(found.comparator());

    /** Adds what is no error and most likely not what was meant. */
    void warn(Position position, String message) {
        warnings.add(new Found(position, Printable.line(message)));
    }

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
        return of(file, text, found, ConfigurationError.Severity.ERROR);
    }

    List<ConfigurationError> warnings(String file, String text) {
        return of(file, text, warnings, ConfigurationError.Severity.WARNING);
    }

    private static List<ConfigurationError> of(
            String file, String text, Set<Found> all, ConfigurationError.Severity severity) {
        List<String> lines = text.lines().toList();
        return all.stream().map(one -> error(file, lines, one, severity)).toList();
    }

    private static ConfigurationError error(
            String file, List<String> lines, Found one, ConfigurationError.Severity severity) {
        int line = one.position.line();
        String source = line <= lines.size() ? lines.get(line - 1) : "";
        if (source.length() > LONGEST_LINE) {
            source = "";
        }
        return new ConfigurationError(
                file, line, one.position.column(), one.message, source, severity);
    }
}
