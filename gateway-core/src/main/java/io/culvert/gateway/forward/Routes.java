package io.culvert.gateway.forward;

import io.culvert.flow.Tenant;
import io.culvert.gateway.policy.Action;

import java.util.Map;

/**
 * Where forwarded flows go: of each tenant the tunnels by the prefixes that are reached through
 * them, and where none leads there a device. No tenant's packets ever enter another's tunnel.
 * Immutable.
 */
public final class Routes {
    /** The off-ramp that stands for the tenant's tunnels. */
    public static final String TUNNELS = Action.FORWARD.defaultOffRamp();

    private final Map<Integer, Tenant> tenants;
    private final Map<Integer, RouteTable<String>> tables;
    private final Map<Integer, String> onlyTunnels;
    private final String defaultDevice;

    /**
     * @param tenants by number
     * @param tables names of on-ramps, by tenant number
     * @param onlyTunnels names of on-ramps, by the number of a tenant that has no other
     * @param defaultDevice the off-ramp for what no tunnel leads to; empty for none
     */
    public Routes(
            Map<Integer, Tenant> tenants,
            Map<Integer, RouteTable<String>> tables,
            Map<Integer, String> onlyTunnels,
            String defaultDevice) {
        this.tenants = Map.copyOf(tenants);
        this.tables = Map.copyOf(tables);
        this.onlyTunnels = Map.copyOf(onlyTunnels);
        this.defaultDevice = defaultDevice;
    }

    /** The on-ramp that leads to an address; {@code null} where none of the tenant's does. */
    String tunnelTo(Tenant tenant, long high, long low) {
        RouteTable<String> table = tables.get(tenant.id());
        return table == null ? null : table.find(high, low);
    }

    /**
     * The on-ramp that a tenant's own address is behind: the one that leads there, or the only one.
     */
    String tunnelOf(Tenant tenant, long high, long low) {
        String tunnel = tunnelTo(tenant, high, low);
        return tunnel == null ? onlyTunnels.get(tenant.id()) : tunnel;
    }

    /** The device off-ramp that an off-ramp's name means; empty for none. */
    String deviceFor(String via) {
        return via.equals(TUNNELS) ? defaultDevice : via;
    }

    Tenant tenant(int id) {
        return tenants.get(id);
    }
}
