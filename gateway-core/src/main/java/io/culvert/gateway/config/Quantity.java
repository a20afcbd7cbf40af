package io.culvert.gateway.config;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A whole number with a unit: spans of time and numbers of bytes. */
public final class Quantity {
    private static final Pattern FORM = Pattern.compile("(\\d{1,12}) ?([A-Za-z]+)");
    private static final Map<String, Long> MILLISECONDS =
            Map.of("ms", 1L, "s", 1000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);
    private static final Map<String, Long> BYTES =
            Map.of(
                    "B",
                    1L,
                    "kB",
                    1000L,
                    "KB",
                    1000L,
                    "MB",
                    1_000_000L,
                    "GB",
                    1_000_000_000L,
                    "KiB",
                    1L << 10,
                    "MiB",
                    1L << 20,
                    "GiB",
                    1L << 30);

    private Quantity() {}

    /**
     * Reads {@code 30s}; the units are ms, s, m, h and d.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    static Duration duration(String text) {
        return Duration.ofMillis(
                read(
                        text,
                        MILLISECONDS,
                        "is not a duration; write it like 500ms, 30s, 5m, 2h or 1d"));
    }

    /** The same between two others, as written. */
    public static Duration duration(String text, String least, String most) {
        Duration span = duration(text);
        if (span.compareTo(duration(least)) < 0 || span.compareTo(duration(most)) > 0) {
            throw outside(text, least, most);
        }
        return span;
    }

    /**
     * Reads {@code 64KiB}; the units are B, kB, MB, GB and KiB, MiB, GiB.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    static long bytes(String text) {
        return read(text, BYTES, "is not a size; write it like 64KiB, 4MiB or 500kB");
    }

    /** The same between two others, as written. */
    static int bytes(String text, String least, String most) {
        long bytes = bytes(text);
        if (bytes < bytes(least) || bytes > bytes(most)) {
            throw outside(text, least, most);
        }
        return Math.toIntExact(bytes);
    }

    private static IllegalArgumentException outside(String text, String least, String most) {
        return new IllegalArgumentException(
                "must be between %s and %s, not %s".formatted(least, most, text));
    }

    private static long read(String text, Map<String, Long> units, String otherwise) {
        Matcher form = FORM.matcher(text);
        if (!form.matches() || !units.containsKey(form.group(2))) {
            throw new IllegalArgumentException("\"" + text + "\" " + otherwise);
        }
        // Twelve digits of the largest unit stay below 2^63 for bytes; days do not for time.
        long number = Long.parseLong(form.group(1));
        long unit = units.get(form.group(2));
        return number > Long.MAX_VALUE / unit ? Long.MAX_VALUE : number * unit;
    }
}
