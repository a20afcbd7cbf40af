package io.culvert.gateway.policy;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ports from {@code first} to {@code last}, both included. */
public record PortRange(int first, int last) {
    private static final int LAST_PORT = 65_535;
    private static final Pattern RANGE = Pattern.compile("(\\d{1,9})(?: *- *(\\d{1,9}))?");

    public PortRange {
        if (first < 1 || first > LAST_PORT) {
            throw new IllegalArgumentException("port " + first + " is outside 1 to " + LAST_PORT);
        }
        if (last < 1 || last > LAST_PORT) {
            throw new IllegalArgumentException("port " + last + " is outside 1 to " + LAST_PORT);
        }
        if (last < first) {
            throw new IllegalArgumentException(
                    "the range "
                            + first
                            + "-"
                            + last
                            + " is backwards; write "
                            + last
                            + "-"
                            + first);
        }
    }

    /**
     * Reads {@code 443} or {@code 8000-8100}.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    public static PortRange parse(String text) {
        Matcher range = RANGE.matcher(text);
        if (!range.matches()) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is neither a port nor a range such as 8000-8100");
        }
        int first = Integer.parseInt(range.group(1));
        return new PortRange(
                first, range.group(2) == null ? first : Integer.parseInt(range.group(2)));
    }

    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
