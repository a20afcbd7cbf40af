package io.culvert.gateway;

import io.culvert.flow.Tenant;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.RouteTable;
import io.culvert.gateway.forward.Routes;
import io.culvert.wire.Prefix;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A configuration's tenants, numbered, and where their forwarded flows go.
 *
 * @param tenants by name
 */
record Routing(Map<String, Tenant> tenants, Routes routes) {

    static Routing of(Configuration configuration) {
        Map<String, Tenant> tenants = new HashMap<>();
        Map<Integer, Tenant> byId = new HashMap<>();
        Map<Integer, Map<Prefix, String>> prefixes = new HashMap<>();
        Map<Integer, List<String>> onRamps = new HashMap<>();
        for (OnRamp onRamp : configuration.onramps()) {
            switch (onRamp) {
                case OnRamp.Tun tun -> {
                    Tenant tenant =
                            tenants.computeIfAbsent(
                                    tun.tenant(), name -> new Tenant(tenants.size() + 1, name));
                    byId.put(tenant.id(), tenant);
                    onRamps.computeIfAbsent(tenant.id(), id -> new ArrayList<>()).add(tun.name());
                    for (Prefix prefix : tun.routes()) {
                        prefixes.computeIfAbsent(tenant.id(), id -> new HashMap<>())
                                .put(prefix, tun.name());
                    }
                }
            }
        }
        Map<Integer, RouteTable<String>> tables = new HashMap<>();
        prefixes.forEach((tenant, routes) -> tables.put(tenant, new RouteTable<>(routes)));
        Map<Integer, String> onlyTunnels = new HashMap<>();
        onRamps.forEach(
                (tenant, names) -> {
                    if (names.size() == 1) {
                        onlyTunnels.put(tenant, names.getFirst());
                    }
                });
        return new Routing(
                tenants, new Routes(byId, tables, onlyTunnels, firstDevice(configuration)));
    }

    private static String firstDevice(Configuration configuration) {
        return configuration.offramps().stream()
                .filter(OffRamp.Device.class::isInstance)
                .map(OffRamp::name)
                .findFirst()
                .orElse("");
    }
}
