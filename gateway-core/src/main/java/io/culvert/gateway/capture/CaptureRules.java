package io.culvert.gateway.capture;

import io.culvert.linux.Rule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * The rules of one on-ramp that captures, for each family:
 *
 * <pre>
 *   512: iif culv0 lookup 1920000015      what comes out of the device: back to the interfaces
 *   513: iif culv0 blackhole
 *   512: iif wg0   lookup 1920000014      what arrives on an interface: into the device
 *   513: iif wg0   blackhole              or 514, where forwarding was switched on for the interface
 * </pre>
 *
 * The second of each pair is for when the tables are empty, since a device is down or its gateway
 * was killed: then nothing goes any way but this one. All have a protocol that tells them from
 * other people's.
 *
 * @param device the on-ramp's
 */
record CaptureRules(String device, Tables tables) {
    /** Of {@code /etc/iproute2/rt_protos} nobody's. */
    static final int PROTOCOL = 199;

    /** After the local table, so that the host's own addresses stay its own; before all else. */
    private static final int LOOKUP = 512;

    private static final int CLOSED = 513;
    private static final int CLOSED_AND_FORWARDING = 514;

    /** The device's first: by that one others know whose the tables are. */
    private static final Comparator<Rule> ORDER =
            Comparator.<Rule>comparingInt(rule -> deviceOf(rule).isPresent() ? 0 : 1)
                    .thenComparingInt(rule -> rule.action() == Rule.Action.BLACKHOLE ? 0 : 1);

    /**
     * All of them in the order in which they are to be made, so that nothing slips through.
     *
     * @param switchedOn whether forwarding was switched on for an interface and family (IPv6)
     */
    List<Rule> all(
            List<Boolean> families,
            List<String> interfaces,
            BiPredicate<String, Boolean> switchedOn) {
        List<Rule> rules = new ArrayList<>();
        for (boolean ipv6 : families) {
            rules.add(rule(ipv6, LOOKUP, device, tables.outwards(), Rule.Action.LOOKUP));
            rules.add(rule(ipv6, CLOSED, device, tables.outwards(), Rule.Action.BLACKHOLE));
            for (String one : interfaces) {
                int closed = switchedOn.test(one, ipv6) ? CLOSED_AND_FORWARDING : CLOSED;
                rules.add(rule(ipv6, LOOKUP, one, tables.inwards(), Rule.Action.LOOKUP));
                rules.add(rule(ipv6, closed, one, tables.inwards(), Rule.Action.BLACKHOLE));
            }
        }
        rules.sort(ORDER);
        return rules;
    }

    private static Rule rule(
            boolean ipv6, int priority, String arrival, int table, Rule.Action action) {
        return new Rule(ipv6, priority, arrival, table, action, PROTOCOL);
    }

    /** Puts rules in the order in which they are to be deleted. */
    static List<Rule> lastFirst(List<Rule> rules) {
        return rules.stream().sorted(ORDER.reversed()).toList();
    }

    /** Whether some gateway has made it. */
    static boolean isGateways(Rule rule) {
        return rule.protocol() == PROTOCOL
                && rule.inputInterface() != null
                && Tables.mayBe(rule.table());
    }

    /** The device whose tables these are, of a rule that says so. */
    static Optional<String> deviceOf(Rule rule) {
        Tables tables = Tables.of(rule.table());
        return rule.table() == tables.outwards() && rule.action() == Rule.Action.LOOKUP
                ? Optional.of(rule.inputInterface())
                : Optional.empty();
    }

    /** Whether it leads what arrives on an interface into a device. */
    static boolean captures(Rule rule) {
        return rule.table() == Tables.of(rule.table()).inwards()
                && rule.action() == Rule.Action.LOOKUP;
    }

    /** Whether it notes that forwarding was off for its interface before. */
    static boolean notesForwarding(Rule rule) {
        return rule.priority() == CLOSED_AND_FORWARDING && rule.action() == Rule.Action.BLACKHOLE;
    }
}
