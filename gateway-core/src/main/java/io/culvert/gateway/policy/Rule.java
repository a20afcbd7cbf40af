package io.culvert.gateway.policy;

import io.culvert.nat.PortRange;
import io.culvert.wire.Prefix;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * One rule of the policy. Every list is a matcher that means any of its entries; an empty one
 * matches everything. A rule with ports matches only protocols that have them.
 *
 * <p>Two rules are equal where they say the same, wherever they stand.
 *
 * @param name the rule's name, or {@code rule N} for the Nth one when it has none
 * @param protocols IP protocol numbers, 0 to 255
 * @param ports the target's ports
 * @param handler who gets the socket of an upgraded flow; empty for other actions
 * @param via the off-ramp of a forwarded or upgraded flow; empty for other actions
 */
public record Rule(
        String name,
        List<String> tenants,
        List<Prefix> sources,
        List<Prefix> destinations,
        List<Integer> protocols,
        List<PortRange> ports,
        Action action,
        String handler,
        String via,
        Terms terms,
        Origin origin) {
    public Rule {
        tenants = List.copyOf(tenants);
        sources = List.copyOf(sources);
        destinations = List.copyOf(destinations);
        protocols = List.copyOf(protocols);
        ports = List.copyOf(ports);
    }

    /** A rule of no file that asks for nothing but its decision. */
    public Rule(
            String name,
            List<String> tenants,
            List<Prefix> sources,
            List<Prefix> destinations,
            List<Integer> protocols,
            List<PortRange> ports,
            Action action,
            String handler,
            String via) {
        this(
                name,
                tenants,
                sources,
                destinations,
                protocols,
                ports,
                action,
                handler,
                via,
                Terms.NONE,
                Origin.NONE);
    }

    /** The rule on one line as a configuration would have it, without its name. */
    public String text() {
        List<String> parts = new ArrayList<>();
        list(parts, "tenant", tenants);
        list(parts, "source", sources);
        list(parts, "destination", destinations);
        list(parts, "protocol", protocols.stream().map(Protocol::word).toList());
        list(parts, "ports", ports);
        if (!terms.content().isAny()) {
            parts.add(terms.content().text());
        }
        parts.add("do: " + action.name().toLowerCase(Locale.ROOT));
        if (!handler.isEmpty() && !handler.equals(Policy.RELAY)) {
            parts.add("handler: " + handler);
        }
        if (!via.isEmpty()) {
            parts.add("via: " + via);
        }
        terms.proxying().upstream().ifPresent(group -> parts.add("upstream: " + group));
        terms.proxying().tls().ifPresent(tls -> parts.add("tls: " + tls));
        terms.when().ifPresent(when -> parts.add("when: " + when));
        terms.quota().ifPresent(quota -> parts.add("rate: " + quota));
        if (terms.log()) {
            parts.add("log: true");
        }
        if (terms.audit()) {
            parts.add("audit: true");
        }
        return "{ " + String.join(", ", parts) + " }";
    }

    private static void list(List<String> parts, String key, List<?> values) {
        if (!values.isEmpty()) {
            parts.add(key + ": " + (values.size() == 1 ? values.getFirst().toString() : values));
        }
    }

    /** Whether it refuses, in silence or not. */
    public boolean refuses() {
        return action == Action.DENY || action == Action.REJECT;
    }

    /** Whether it would refuse, and only notes that. */
    public boolean isAudited() {
        return terms.audit() && refuses();
    }

    private List<Object> said() {
        return Arrays.asList(
                name,
                tenants,
                sources,
                destinations,
                protocols,
                ports,
                action,
                handler,
                via,
                terms);
    }

    /** Without where it stands. */
    @Override
    public String toString() {
        return name + " " + text();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Rule rule && said().equals(rule.said());
    }

    @Override
    public int hashCode() {
        return said().hashCode();
    }
}
