package io.culvert.gateway.policy;

import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.time.Instant;
import java.util.List;

/**
 * What a policy means, written down as plainly as can be: one rule after the other, each matcher as
 * the manual has it. {@link RuleIndexTest} compares the policy with it.
 */
record PlainPolicy(List<Rule> rules) {
    /** Who asks for what. */
    record Question(
            String tenant,
            int protocol,
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int port,
            Instant at) {
        Ruling ask(Policy policy) {
            return policy.at(() -> at)
                    .decide(
                            new Policy.Question(
                                    tenant,
                                    protocol,
                                    new IpAddress(sourceHigh, sourceLow),
                                    new IpAddress(destinationHigh, destinationLow),
                                    port));
        }
    }

    /** The first rule that matches and is not in audit mode; {@code null} for the default. */
    Rule decides(Question question) {
        for (Rule rule : rules) {
            if (matches(rule, question) && !rule.isAudited()) {
                return rule;
            }
        }
        return null;
    }

    /** The first rule that matches, where it is in audit mode; else {@code null}. */
    Rule wouldRefuse(Question question) {
        for (Rule rule : rules) {
            if (matches(rule, question)) {
                return rule.isAudited() ? rule : null;
            }
        }
        return null;
    }

    private static boolean matches(Rule rule, Question asked) {
        return (rule.tenants().isEmpty() || rule.tenants().contains(asked.tenant()))
                && (rule.protocols().isEmpty() || rule.protocols().contains(asked.protocol()))
                && (rule.ports().isEmpty() || matchesPort(rule.ports(), asked))
                && contains(rule.sources(), asked.sourceHigh(), asked.sourceLow())
                && contains(rule.destinations(), asked.destinationHigh(), asked.destinationLow())
                && rule.terms().when().map(when -> when.includes(asked.at())).orElse(true);
    }

    private static boolean matchesPort(List<PortRange> ports, Question asked) {
        return Protocol.hasPorts(asked.protocol())
                && ports.stream().anyMatch(range -> range.contains(asked.port()));
    }

    private static boolean contains(List<Prefix> prefixes, long high, long low) {
        return prefixes.isEmpty()
                || prefixes.stream().anyMatch(prefix -> prefix.contains(high, low));
    }
}
