package io.culvert.nat;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Ports next to each other, both ends included. Of ICMP the same numbers are query identifiers.
 *
 * @param first at least 1: port 0 is nobody's
 * @param last at most 65535
 */
public record PortRange(int first, int last) {
    /** RFC 4787 REQ-3 a tells these and all the others apart. */
    static final PortRange WELL_KNOWN = new PortRange(1, 1_023);

    static final PortRange NOT_WELL_KNOWN = new PortRange(1_024, 65_535);

    private static final int LAST_PORT = 65_535;
    private static final Pattern RANGE = Pattern.compile("(\\d{1,9})(?: *- *(\\d{1,9}))?");

    public PortRange {
        require(first);
        require(last);
        if (last < first) {
            throw new IllegalArgumentException(
                    "the range %d-%d is backwards; write %d-%d"
                            .formatted(first, last, last, first));
        }
    }

    private static void require(int port) {
        if (port < 1 || port > LAST_PORT) {
            throw new IllegalArgumentException("port " + port + " is outside 1 to " + LAST_PORT);
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

    public int size() {
        return last - first + 1;
    }

    public boolean contains(int port) {
        return port >= first && port <= last;
    }

    /** Whether any port is in both. */
    public boolean overlaps(PortRange other) {
        return intersection(other) != null;
    }

    /** The ports that are in both; {@code null} where there are none. */
    PortRange intersection(PortRange other) {
        int from = Math.max(first, other.first);
        int to = Math.min(last, other.last);
        return from <= to ? new PortRange(from, to) : null;
    }

    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
