package io.culvert.nat;

import io.culvert.wire.IpAddress;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;

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
 */
public record MappingSettings(
        List<IpAddress> addresses,
        PortRange ports,
        int portsPerTenant,
        Filtering filtering,
        Duration holdDown) {
    /** For {@link #portsPerTenant}. */
    public static final int SHARED = 0;

    /** RFC 6888 REQ-8. */
    public static final Duration HOLD_DOWN = Duration.ofMinutes(2);

    public MappingSettings {
        addresses = List.copyOf(addresses);
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
    }
}
