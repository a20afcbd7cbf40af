package io.culvert.nat;

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

    public PortRange {
        if (first < 1 || last < first || last > 65_535) {
            throw new IllegalArgumentException("no range of ports: " + first + "-" + last);
        }
    }

    public int size() {
        return last - first + 1;
    }

    public boolean contains(int port) {
        return port >= first && port <= last;
    }

    /** The ports that are in both; {@code null} where there are none. */
    PortRange intersection(PortRange other) {
        int from = Math.max(first, other.first);
        int to = Math.min(last, other.last);
        return from <= to ? new PortRange(from, to) : null;
    }

    @Override
    public String toString() {
        return first + "-" + last;
    }
}
