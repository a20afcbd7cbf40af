package io.culvert.gateway.telemetry;

import java.util.Collection;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Takes the values of some keys out of a text that is about to be logged: {@code token=abc}, {@code
 * "token": "abc"}. What has no quotes is taken to end with the line, a comma, a semicolon or a
 * closing bracket: rather too much than too little.
 *
 * <p>Threading: any. One for the process, since its log is one.
 */
final class Redaction {
    private static final String MASK = "$1***";
    private static final Redaction NONE = new Redaction(null);

    private static volatile Redaction current = NONE;

    /** {@code null} where there is nothing to take out. */
    private final Pattern secrets;

    private Redaction(Pattern secrets) {
        this.secrets = secrets;
    }

    static Redaction of(Collection<String> keys) {
        if (keys.isEmpty()) {
            return NONE;
        }
        String any = keys.stream().map(Pattern::quote).collect(Collectors.joining("|"));
        return new Redaction(
                Pattern.compile(
                        "((?<![A-Za-z0-9._-])(?:"
                                + any
                                + ")[\"']?\\s*[=:]\\s*)"
                                + "(?:\"(?:[^\"\\\\]|\\\\.)*+(?:\"|$)"
                                + "|'[^']*+(?:'|$)"
                                + "|[^,;)}\\]\\n]++)",
                        Pattern.CASE_INSENSITIVE | Pattern.MULTILINE | Pattern.DOTALL));
    }

    /** What everything logged from now on goes through. */
    static void use(Redaction redaction) {
        current = redaction;
    }

    static Redaction current() {
        return current;
    }

    String apply(String text) {
        return secrets == null ? text : secrets.matcher(text).replaceAll(MASK);
    }
}
