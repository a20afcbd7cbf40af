package io.culvert.gateway.policy;

import io.culvert.nat.PortRange;

import java.util.List;
import java.util.Locale;

/**
 * Why a rule does not match a flow, for people: the first of its matchers that says no. It reads
 * what the operator wrote, and not what was compiled of it; a test compares the two.
 */
public enum Mismatch {
    PROTOCOL,
    /** Such a flow says nothing that the rule could ask about. */
    CONTENT,
    PORTS,
    TENANT,
    DESTINATION,
    SOURCE;

    /**
     * The matcher that says no; {@code null} where none does.
     *
     * @see Policy#decide
     */
    public static Mismatch of(
            Rule rule,
            String tenant,
            int protocol,
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int destinationPort) {
        if (!rule.protocols().isEmpty() && !rule.protocols().contains(protocol)) {
            return PROTOCOL;
        }
        if (!rule.terms().content().isOf(protocol)) {
            return CONTENT;
        }
        if (!rule.ports().isEmpty()
                && !(Protocol.hasPorts(protocol) && holds(rule.ports(), destinationPort))) {
            return PORTS;
        }
        if (!rule.tenants().isEmpty() && !rule.tenants().contains(tenant)) {
            return TENANT;
        }
        if (!new AddressSet(rule.destinations()).contains(destinationHigh, destinationLow)) {
            return DESTINATION;
        }
        return new AddressSet(rule.sources()).contains(sourceHigh, sourceLow) ? null : SOURCE;
    }

    private static boolean holds(List<PortRange> ranges, int port) {
        return ranges.stream().anyMatch(range -> range.contains(port));
    }

    /** In the configuration's words. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
