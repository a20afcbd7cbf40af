package io.culvert.gateway.config;

import java.util.Locale;

/**
 * One thing that is wrong with a configuration, or looks like it.
 *
 * @param file as the user named it
 * @param line from 1
 * @param column from 1, in characters
 * @param message what is wrong and, where it can be told, what would be right
 * @param source the line of the file, empty when it could not be read
 */
public record ConfigurationError(
        String file, int line, int column, String message, String source, Severity severity) {
    /** Whether the configuration can be used. */
    public enum Severity {
        ERROR,
        WARNING
    }

    public ConfigurationError(String file, int line, int column, String message, String source) {
        this(file, line, column, message, source, Severity.ERROR);
    }

    // Of a line longer than this, only the part around the column is shown.
    private static final int WIDTH = 120;

    /**
     * {@code FILE:LINE:COLUMN: error: message}, or {@code warning}, then the line and a caret under
     * the column.
     */
    public String text() {
        String head =
                file
                        + ":"
                        + line
                        + ":"
                        + column
                        + ": "
                        + severity.name().toLowerCase(Locale.ROOT)
                        + ": "
                        + message
                        + "\n";
        return source.isBlank() ? head : head + excerpt();
    }

    private String excerpt() {
        int[] characters = source.codePoints().toArray();
        int at = Math.min(column - 1, characters.length);
        int from = characters.length <= WIDTH ? 0 : Math.max(0, at - WIDTH / 2);
        int to = Math.min(characters.length, from + WIDTH);
        StringBuilder shown = new StringBuilder();
        StringBuilder caret = new StringBuilder();
        for (int i = from; i < to; i++) {
            boolean tab = characters[i] == '\t';
            shown.appendCodePoint(
                    !tab && Character.isISOControl(characters[i]) ? '\ufffd' : characters[i]);
            if (i < at) {
                caret.append(tab ? '\t' : ' ');
            }
        }
        return shown + "\n" + caret + "^\n";
    }
}
