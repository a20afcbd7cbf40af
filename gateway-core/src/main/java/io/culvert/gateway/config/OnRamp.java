package io.culvert.gateway.config;

import io.culvert.wire.Prefix;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Where packets come in. */
public sealed interface OnRamp {
    /** Unique among the on-ramps. */
    String name();

    /**
     * Packets that the kernel routes into a TUN device.
     *
     * @param tenant who the packets belong to
     * @param device the interface's name; made if absent, attached to if it exists
     * @param mtu bytes, 576 to 65535
     * @param netns the namespace to make the device in; the gateway's own when empty
     * @param addresses the device's own
     * @param capture interfaces whose arriving packets are led into the device
     * @param routes prefixes reached through it
     * @param strictSource whether packets may come from {@code routes} and the networks of {@code
     *     addresses} alone
     */
    record Tun(
            String name,
            String tenant,
            String device,
            int mtu,
            Optional<Path> netns,
            List<InterfaceAddress> addresses,
            List<String> capture,
            List<Prefix> routes,
            boolean strictSource)
            implements OnRamp {
        public static final int DEFAULT_MTU = 1500;

        public Tun {
            addresses = List.copyOf(addresses);
            capture = List.copyOf(capture);
            routes = List.copyOf(routes);
        }

        /** Whether an address or a route is of IPv6. */
        public boolean hasIpv6() {
            return addresses.stream().anyMatch(one -> !one.address().isIpv4())
                    || routes.stream().anyMatch(one -> !one.address().isIpv4());
        }
    }

    /**
     * Tunnels over connections to a Unix socket.
     *
     * @param path where it is made
     * @param mode its permissions, nine bits
     * @param grace how long the flows of a tunnel wait for it to come back
     * @param strictSource whether a tunnel that has routes may send from them alone
     */
    record Seqpacket(String name, Path path, int mode, Duration grace, boolean strictSource)
            implements OnRamp {
        public static final Duration DEFAULT_GRACE = Duration.ofMinutes(1);
    }
}
