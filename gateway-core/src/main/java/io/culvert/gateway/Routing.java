package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.forward.Routes;

/** The tenants, and where their forwarded flows go. */
record Routing(Tenants tenants, Routes routes) {

    static Routing of(Configuration configuration) {
        return new Routing(new Tenants(), new Routes(firstDevice(configuration)));
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
