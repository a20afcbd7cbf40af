package io.culvert.gateway.config;

import io.culvert.gateway.policy.Action;
import io.culvert.nat.MappingSettings;
import io.culvert.wire.IpAddress;

import java.util.List;
import java.util.Optional;

/** Where flows leave. */
public sealed interface OffRamp {
    /** The built-in off-ramp of upgraded flows. */
    String SOCKET = Action.UPGRADE.defaultOffRamp();

    /** The built-in off-ramp of forwarded flows. */
    String TUNNELS = Action.FORWARD.defaultOffRamp();

    /** Unique among the off-ramps. */
    String name();

    /**
     * TCP and UDP sockets of the host.
     *
     * @param hostLoopback an address that stands for the host's 127.0.0.1 or ::1
     * @param dns an address at which the gateway answers by asking the host's resolver
     */
    record Socket(String name, Optional<IpAddress> hostLoopback, Optional<IpAddress> dns)
            implements OffRamp {}

    /**
     * IP packets out of a TUN device that the host routes, under addresses of its own.
     *
     * @param device the interface's name
     * @param mtu bytes, 576 to 65535
     * @param mappings which addresses and ports, and who may answer
     * @param portsGiven whether the ports are in the configuration, and not by default
     * @param line where its addresses are in the configuration
     */
    record Device(
            String name,
            String device,
            int mtu,
            MappingSettings mappings,
            boolean portsGiven,
            int line)
            implements OffRamp {}

    /**
     * IP packets into the tunnel whose routes hold the destination.
     *
     * @param source addresses that upgraded flows have in place of their initiators', at most one
     *     of each version of IP
     */
    record Tunnels(String name, List<IpAddress> source) implements OffRamp {
        /** Under the initiators' own addresses. */
        public Tunnels(String name) {
            this(name, List.of());
        }
    }
}
