package io.culvert.gateway.forward;

import io.culvert.flow.Tenant;
import io.culvert.gateway.policy.Action;
import io.culvert.wire.Prefix;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where forwarded flows go: of each tenant the tunnels by the prefixes that are reached through
 * them, and where none leads there a device. No tenant's packets ever enter another's tunnel.
 *
 * <p>Threading: any; a look-up sees all of a change or nothing.
 */
public final class Routes {
    /** The off-ramp that stands for the tenant's tunnels. */
    public static final String TUNNELS = Action.FORWARD.defaultOffRamp();

    private final Aliases aliases = new Aliases(new SecureRandom());
    private volatile String defaultDevice;
    private final Map<Integer, Tenant> tenants = new ConcurrentHashMap<>();
    private final Map<Integer, Ways> ways = new ConcurrentHashMap<>();

    /**
     * One tenant's. Immutable.
     *
     * @param tunnels all of them
     * @param prefixes which tunnel leads there
     */
    private record Ways(
            List<TunnelPorts> tunnels,
            Map<Prefix, TunnelPorts> prefixes,
            RouteTable<TunnelPorts> table) {
        static final Ways NONE = new Ways(List.of(), Map.of(), new RouteTable<>(Map.of()));

        Ways with(TunnelPorts tunnel, List<Prefix> through) {
            List<TunnelPorts> known = new ArrayList<>(tunnels);
            known.add(tunnel);
            Map<Prefix, TunnelPorts> all = new HashMap<>(prefixes);
            through.forEach(prefix -> all.put(prefix, tunnel));
            return new Ways(List.copyOf(known), Map.copyOf(all), new RouteTable<>(all));
        }

        Ways without(TunnelPorts tunnel) {
            List<TunnelPorts> known = new ArrayList<>(tunnels);
            known.remove(tunnel);
            Map<Prefix, TunnelPorts> all = new HashMap<>(prefixes);
            all.values().removeIf(tunnel::equals);
            return new Ways(List.copyOf(known), Map.copyOf(all), new RouteTable<>(all));
        }
    }

    /**
     * @param defaultDevice the off-ramp for what no tunnel leads to; empty for none
     */
    public Routes(String defaultDevice) {
        this.defaultDevice = defaultDevice;
    }

    /** What upgraded flows go into tunnels under. */
    public Aliases aliases() {
        return aliases;
    }

    /** Lets packets into a tunnel that are for one of those prefixes. */
    public void add(TunnelPorts tunnel, List<Prefix> prefixes) {
        int tenant = tunnel.tenant().id();
        tenants.put(tenant, tunnel.tenant());
        ways.merge(
                tenant,
                Ways.NONE.with(tunnel, prefixes),
                (before, one) -> before.with(tunnel, prefixes));
    }

    /** From now on packets for those prefixes, and no others, go into a tunnel that is here. */
    public void replace(TunnelPorts tunnel, List<Prefix> prefixes) {
        ways.computeIfPresent(
                tunnel.tenant().id(),
                (id, before) -> before.without(tunnel).with(tunnel, prefixes));
    }

    /** From now on what no tunnel leads to goes there; empty for nowhere. */
    public void defaultDevice(String name) {
        defaultDevice = name;
    }

    /** Nothing goes into that tunnel any more. */
    public void remove(TunnelPorts tunnel) {
        ways.computeIfPresent(tunnel.tenant().id(), (id, before) -> before.without(tunnel));
    }

    /** The first of those prefixes that leads into a tunnel of the tenant's already. */
    public Optional<Prefix> taken(Tenant tenant, List<Prefix> prefixes) {
        Map<Prefix, TunnelPorts> known = of(tenant).prefixes();
        return prefixes.stream().filter(known::containsKey).findFirst();
    }

    /** A tenant's tunnels, in the order in which they came. */
    public List<TunnelPorts> tunnels(Tenant tenant) {
        return of(tenant).tunnels();
    }

    /** Those prefixes that lead into a tunnel of its tenant's. */
    public List<Prefix> prefixes(TunnelPorts tunnel) {
        return of(tunnel.tenant()).prefixes().entrySet().stream()
                .filter(route -> route.getValue() == tunnel)
                .map(Map.Entry::getKey)
                .toList();
    }

    private Ways of(Tenant tenant) {
        return ways.getOrDefault(tenant.id(), Ways.NONE);
    }

    /** The tunnel that leads to an address; {@code null} where none of the tenant's does. */
    public TunnelPorts tunnelTo(Tenant tenant, long high, long low) {
        return of(tenant).table().find(high, low);
    }

    /**
     * The tunnel that a tenant's own address is behind: the one that leads there, or the only one.
     */
    public TunnelPorts tunnelOf(Tenant tenant, long high, long low) {
        Ways known = of(tenant);
        TunnelPorts tunnel = known.table().find(high, low);
        return tunnel == null && known.tunnels().size() == 1 ? known.tunnels().getFirst() : tunnel;
    }

    /** The device off-ramp that an off-ramp's name means; empty for none. */
    String deviceFor(String via) {
        return via.equals(TUNNELS) ? defaultDevice : via;
    }

    Tenant tenant(int id) {
        return tenants.get(id);
    }

    /** The tenant of that name, if a tunnel of it was ever there. */
    public Optional<Tenant> tenant(String name) {
        return tenants.values().stream().filter(tenant -> tenant.name().equals(name)).findAny();
    }

    /** The names of all tenants that a tunnel was ever there of, sorted. */
    public List<String> tenants() {
        return tenants.values().stream().map(Tenant::name).sorted().toList();
    }
}
