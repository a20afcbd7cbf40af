package io.culvert.e2e;

import com.google.errorprone.annotations.FormatMethod;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/**
 * What was measured beside what is required, one line each, on standard output and in {@code
 * target/abuse-figures.txt}.
 */
final class Figures {
    private static final Path FILE = Path.of("target", "abuse-figures.txt");

    private Figures() {}

    /**
     * @param row of robustness.md section 6
     * @param format of {@link String#format}
     */
    @FormatMethod
    static void print(int row, String format, Object... values) {
        String line =
                String.format(Locale.ROOT, "row %2d: ", row)
                        + String.format(Locale.ROOT, format, values);
        System.out.println(line);
        try {
            Files.createDirectories(FILE.getParent());
            Files.writeString(
                    FILE, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
