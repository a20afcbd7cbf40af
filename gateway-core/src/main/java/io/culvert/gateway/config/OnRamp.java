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
            List<Prefix> routes,
            boolean strictSource)
            implements OnRamp {
        public static final int DEFAULT_MTU = 1500;

        public Tun {
            addresses = List.copyOf(addresses);
            routes = List.copyOf(routes);
        }
    }

    /**
     * Tunnels over connections to a Unix socket.
     *
     * @param path where it is made
     * @param mode its permissions, nine bits
     * @param grace how long the flows of a tunnel wait for it to come back
     * @param strictSource whether a tunnel that has routes may send from them alone
     * @param tunnels that live at once, with those that may come back
     * @param tunnelsPerUser those among them of one user, at most {@code tunnels}
     */
    record Seqpacket(
            String name,
            Path path,
            int mode,
            Duration grace,
            boolean strictSource,
            int tunnels,
            int tunnelsPerUser)
            implements OnRamp {
        public static final Duration DEFAULT_GRACE = Duration.ofMinutes(1);
        public static final int DEFAULT_TUNNELS = 10_000;
    }
}
