package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.wire.Prefix;

import java.util.HashMap;
import java.util.Map;

/** The prefixes of all tunnels, each of which leads one of a tenant's to one place. */
final class RouteOwners {
    private record Route(String tenant, Prefix prefix) {}

    private final Map<Route, Position> places = new HashMap<>();

    void add(Section section, String tenant, Located<Prefix> route) {
        Position first = places.putIfAbsent(new Route(tenant, route.value()), route.position());
        if (first != null) {
            section.wrong(
                    route.position(),
                    "routes: %s of tenant \"%s\" leads elsewhere already, on line %d"
                            .formatted(route.value(), tenant, first.line()));
        }
    }
}
