package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.forward.Routes;
import io.culvert.wire.IpAddress;

import java.util.List;

/** The tenants, where their forwarded flows go, and where their connections are accepted. */
record Routing(Tenants tenants, Routes routes, Listeners listeners) {

    static Routing of(Configuration configuration) {
        Routes routes = new Routes(firstDevice(configuration));
        routes.aliases().become(sources(configuration));
        return new Routing(new Tenants(), routes, new Listeners());
    }

    /** What upgraded flows go into tunnels under; none for their initiators' own addresses. */
    static List<IpAddress> sources(Configuration configuration) {
        return configuration.offramps().stream()
                .filter(OffRamp.Tunnels.class::isInstance)
                .map(OffRamp.Tunnels.class::cast)
                .flatMap(tunnels -> tunnels.source().stream())
                .toList();
    }

    /** The off-ramp for what no tunnel leads to; empty for none. */
    static String firstDevice(Configuration configuration) {
        return configuration.offramps().stream()
                .filter(OffRamp.Device.class::isInstance)
                .map(OffRamp::name)
                .findFirst()
                .orElse("");
    }
}
