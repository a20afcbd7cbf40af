package io.culvert.compliance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The table of requirements, {@value #TABLE}: tab-separated, with RFC, id, level, status,
 * requirement and reason. Lines that begin with a number sign and empty ones say nothing.
 */
final class Requirements {
    static final String TABLE = "/rfc/requirements.tsv";

    private static final int COLUMNS = 6;

    private Requirements() {}

    /** In the table's order. */
    static List<Requirement> all() {
        try (var table = Requirements.class.getResourceAsStream(TABLE)) {
            String text = new String(table.readAllBytes(), StandardCharsets.UTF_8);
            List<Requirement> all = new ArrayList<>();
            for (String line : text.lines().toList()) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    all.add(read(line));
                }
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Requirement read(String line) {
        List<String> cells = Arrays.stream(line.split("\t", -1)).map(String::strip).toList();
        if (cells.size() != COLUMNS) {
            throw new IllegalArgumentException(cells.size() + " columns: " + line);
        }
        return new Requirement(
                Integer.parseInt(cells.get(0)),
                cells.get(1),
                named(Requirement.Level.values(), cells.get(2)),
                named(Requirement.Status.values(), cells.get(3)),
                cells.get(4),
                cells.get(5));
    }

    private static <T> T named(T[] values, String name) {
        return Stream.of(values)
                .filter(value -> value.toString().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        name + " is none of " + Arrays.toString(values)));
    }
}
