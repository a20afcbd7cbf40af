package io.culvert.gateway.policy;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.PortRange;

import java.util.stream.IntStream;

/** A rule as the packet path asks it: matchers in arrays, decisions made beforehand. */
final class CompiledRule {
    private final String[] tenants;
    private final AddressSet sources;
    private final AddressSet destinations;
    // One bit per protocol number; null for any.
    private final long[] protocols;
    // Pairs of first and last port; empty for any.
    private final int[] ports;
    private final Ruling ruling;
    private final Ruling unlessUpgradable;

    CompiledRule(Rule rule) {
        tenants = rule.tenants().toArray(String[]::new);
        sources = new AddressSet(rule.sources());
        destinations = new AddressSet(rule.destinations());
        protocols = rule.protocols().isEmpty() ? null : new long[4];
        for (int protocol : rule.protocols()) {
            protocols[protocol >>> 6] |= 1L << protocol;
        }
        ports = rule.ports().stream().flatMapToInt(CompiledRule::ends).toArray();
        FlowDecision decision =
                switch (rule.action()) {
                    case DENY -> new FlowDecision.Refuse(rule.name(), Reason.POLICY_RULE, false);
                    case REJECT -> new FlowDecision.Refuse(rule.name(), Reason.POLICY_RULE, true);
                    case FORWARD -> new FlowDecision.Forward(rule.name(), rule.via());
                    case UPGRADE ->
                            new FlowDecision.Upgrade(rule.name(), rule.handler(), rule.via());
                };
        ruling = Ruling.of(rule, decision);
        unlessUpgradable =
                rule.action() == Action.UPGRADE
                        ? Ruling.of(
                                rule,
                                new FlowDecision.Refuse(
                                        rule.name(), Reason.PROTOCOL_NOT_UPGRADABLE, true))
                        : ruling;
    }

    private static IntStream ends(PortRange range) {
        return IntStream.of(range.first(), range.last());
    }

    /** The rule's ruling, always the same object for the same protocol; null for no match. */
    Ruling decide(
            String tenant,
            int protocol,
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int destinationPort) {
        boolean matches =
                matchesProtocol(protocol)
                        && matchesPort(protocol, destinationPort)
                        && matchesTenant(tenant)
                        && destinations.contains(destinationHigh, destinationLow)
                        && sources.contains(sourceHigh, sourceLow);
        if (!matches) {
            return null;
        }
        return Protocol.isUpgradable(protocol) ? ruling : unlessUpgradable;
    }

    private boolean matchesProtocol(int protocol) {
        return protocols == null || (protocols[(protocol >>> 6) & 3] & (1L << protocol)) != 0;
    }

    private boolean matchesPort(int protocol, int port) {
        if (ports.length == 0) {
            return true;
        }
        if (!Protocol.hasPorts(protocol)) {
            return false;
        }
        for (int i = 0; i < ports.length; i += 2) {
            if (ports[i] <= port && port <= ports[i + 1]) {
                return true;
            }
        }
        return false;
    }

    private boolean matchesTenant(String tenant) {
        if (tenants.length == 0) {
            return true;
        }
        for (String one : tenants) {
            if (one.equals(tenant)) {
                return true;
            }
        }
        return false;
    }
}
