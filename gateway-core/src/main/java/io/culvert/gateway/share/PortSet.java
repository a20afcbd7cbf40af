package io.culvert.gateway.share;

import io.culvert.nat.PortRange;

import java.util.BitSet;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ports, as {@code ip_local_reserved_ports} writes them: {@code 8080,40000-49999}. Immutable. */
final class PortSet {
    static final PortSet EMPTY = new PortSet(new BitSet());
    private static final Pattern RANGE = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    private final BitSet ports;

    private PortSet(BitSet ports) {
        this.ports = ports;
    }

    static PortSet of(PortRange range) {
        BitSet ports = new BitSet();
        ports.set(range.first(), range.last() + 1);
        return new PortSet(ports);
    }

    /** Reads every port and range in a text, port 0 included, which a {@link PortRange} has not. */
    static PortSet parse(String text) {
        BitSet ports = new BitSet();
        Matcher range = RANGE.matcher(text);
        while (range.find()) {
            int first = Integer.parseInt(range.group(1));
            int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            ports.set(first, Math.max(first, last) + 1);
        }
        return new PortSet(ports);
    }

    PortSet plus(PortSet other) {
        BitSet union = (BitSet) ports.clone();
        union.or(other.ports);
        return new PortSet(union);
    }

    PortSet minus(PortSet other) {
        BitSet rest = (BitSet) ports.clone();
        rest.andNot(other.ports);
        return new PortSet(rest);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PortSet that && ports.equals(that.ports);
    }

    @Override
    public int hashCode() {
        return ports.hashCode();
    }

    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(",");
        for (int first = ports.nextSetBit(0); first >= 0; ) {
            int end = ports.nextClearBit(first);
            text.add(end - first == 1 ? Integer.toString(first) : first + "-" + (end - 1));
            first = ports.nextSetBit(end);
        }
        return text.toString();
    }
}
