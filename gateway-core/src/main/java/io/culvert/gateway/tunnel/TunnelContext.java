package io.culvert.gateway.tunnel;

import io.culvert.wire.Prefix;

import java.util.List;
import java.util.Map;

/**
 * What a tunnel says of itself before its packets come.
 *
 * @param tenant who its packets belong to
 * @param id a name among the tenant's tunnels, by which it is known again when it comes back; empty
 *     where it is never
 * @param routes prefixes that are reached through it
 * @param mtu bytes of the longest packet that it takes
 * @param attributes whatever else it says, by key
 */
public record TunnelContext(
        String tenant, String id, List<Prefix> routes, int mtu, Map<String, String> attributes) {
    public static final int DEFAULT_MTU = 1500;

    public TunnelContext {
        routes = List.copyOf(routes);
        attributes = Map.copyOf(attributes);
    }
}
