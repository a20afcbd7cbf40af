package io.culvert.gateway.policy;

import io.culvert.nat.PortRange;
import io.culvert.wire.Prefix;

import java.util.List;

/**
 * One rule of the policy. Every list is a matcher that means any of its entries; an empty one
 * matches everything. A rule with ports matches only protocols that have them.
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
        String via) {
    public Rule {
        tenants = List.copyOf(tenants);
        sources = List.copyOf(sources);
        destinations = List.copyOf(destinations);
        protocols = List.copyOf(protocols);
        ports = List.copyOf(ports);
    }
}
