package io.culvert.gateway.config;

/** Text from a file as part of a message: on one line, not long, and harmless to a terminal. */
final class Printable {
    private static final int LONGEST = 60;

    private Printable() {}

    /** The beginning of the text. */
    static String of(String text) {
        return text.codePointCount(0, text.length()) > LONGEST
                ? line(text.substring(0, text.offsetByCodePoints(0, LONGEST))) + "..."
                : line(text);
    }

    /** The text without control characters. */
    static String line(String text) {
        return text.codePoints()
                .map(c -> Character.isISOControl(c) ? '\ufffd' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
