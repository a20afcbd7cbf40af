package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.Routes;

/** A configuration's tenants, and where their forwarded flows go. */
record Routing(Tenants tenants, Routes routes) {

    static Routing of(Configuration configuration) {
        Tenants tenants = new Tenants();
        Routes routes = new Routes(firstDevice(configuration));
        for (OnRamp onRamp : configuration.onramps()) {
            switch (onRamp) {
                case OnRamp.Tun tun ->
                        routes.add(tenants.named(tun.tenant()), tun.name(), tun.routes());
                // Each of its tunnels says whose it is and what it leads to.
                case OnRamp.Seqpacket _ -> {}
            }
        }
        return new Routing(tenants, routes);
    }

    private static String firstDevice(Configuration configuration) {
        return configuration.offramps().stream()
                .filter(OffRamp.Device.class::isInstance)
                .map(OffRamp::name)
                .findFirst()
                .orElse("");
    }
}
