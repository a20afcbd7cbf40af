package io.culvert.hook;

import java.net.InetAddress;
import java.util.Objects;
import java.util.Optional;

/**
 * The way that an upgraded flow leaves.
 *
 * @param via an off-ramp of type {@code socket}, or {@code tunnels}
 * @param upstream who is dialed in the target's place; off-ramp {@code tunnels} has no such
 * @param source an address of the host's that is dialed from; the host chooses where there is none
 */
public record Egress(String via, Optional<Endpoint> upstream, Optional<InetAddress> source) {
    public Egress {
        Objects.requireNonNull(via);
        Objects.requireNonNull(upstream);
        Objects.requireNonNull(source);
    }

    /** By another off-ramp. */
    public Egress via(String offRamp) {
        return new Egress(offRamp, upstream, source);
    }

    /** To somebody else. */
    public Egress to(Endpoint other) {
        return new Egress(via, Optional.of(other), source);
    }

    /** From that address of the host's. */
    public Egress from(InetAddress address) {
        return new Egress(via, upstream, Optional.of(address));
    }
}
