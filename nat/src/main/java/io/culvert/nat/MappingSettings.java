package io.culvert.nat;

import io.culvert.wire.IpAddress;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What flows look like from outside.
 *
 * @param addresses that they appear from, of one family or both
 * @param ports that they appear from, and their ICMP queries' identifiers: at least two, one of
 *     each parity
 * @param portsPerTenant the size of a {@link PortBlock}, at least two as well; {@link #SHARED}
 *     where all tenants share all ports
 * @param filtering who may answer
 * @param holdDown how long a port rests before somebody else gets it; RFC 6888 REQ-8 says at least
 *     120 s, and that it can be configured
 * @param shared of the addresses those of which somebody else has all but the ports: what has no
 *     ports does not appear from them
 */
public record MappingSettings(
        List<IpAddress> addresses,
        PortRange ports,
        int portsPerTenant,
        Filtering filtering,
        Duration holdDown,
        Set<IpAddress> shared) {
    /** For {@link #portsPerTenant}. */
    public static final int SHARED = 0;

    /** RFC 6888 REQ-8. */
    public static final Duration HOLD_DOWN = Duration.ofMinutes(2);

    /** Settings with addresses that are shared with nobody. */
    public MappingSettings(
            List<IpAddress> addresses,
            PortRange ports,
            int portsPerTenant,
            Filtering filtering,
            Duration holdDown) {
        this(addresses, ports, portsPerTenant, filtering, holdDown, Set.of());
    }

    public MappingSettings {
        addresses = List.copyOf(addresses);
        shared = Set.copyOf(shared);
        if (addresses.isEmpty() || new HashSet<>(addresses).size() < addresses.size()) {
            throw new IllegalArgumentException("no addresses, or one twice: " + addresses);
        }
        for (IpAddress address : addresses) {
            if (!address.isOneHost()) {
                throw new IllegalArgumentException("not the address of one host: " + address);
            }
        }
        if (ports.size() < 2) {
            throw new IllegalArgumentException("fewer than two ports: " + ports);
        }
        if (portsPerTenant != SHARED && (portsPerTenant < 2 || portsPerTenant > ports.size())) {
            throw new IllegalArgumentException("ports per tenant: " + portsPerTenant);
        }
        if (holdDown.isNegative()) {
            throw new IllegalArgumentException("hold-down: " + holdDown);
        }
        if (!addresses.containsAll(shared)) {
            throw new IllegalArgumentException("shared, and not among the addresses: " + shared);
        }
    }

    /**
     * The same with stand-ins for addresses that are shared, which somebody else translates into
     * them, port by port.
     *
     * @param standIns by address; one without is not shared
     */
    public MappingSettings withStandIns(Map<IpAddress, IpAddress> standIns) {
        return new MappingSettings(
                addresses.stream().map(address -> standIns.getOrDefault(address, address)).toList(),
                ports,
                portsPerTenant,
                filtering,
                holdDown,
                Set.copyOf(standIns.values()));
    }
}
