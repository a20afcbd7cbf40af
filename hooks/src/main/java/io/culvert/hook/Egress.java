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
    /**
     * Of all three; the methods below change one of them.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public Egress {
        Objects.requireNonNull(via);
        Objects.requireNonNull(upstream);
        Objects.requireNonNull(source);
    }

    /**
     * By another off-ramp.
     *
     * @param offRamp a name of the configuration's; one that there is not, or not of such a type,
     *     is a failure
     * @return the same but for that
     */
    public Egress via(String offRamp) {
        return new Egress(offRamp, upstream, source);
    }

    /**
     * To somebody else.
     *
     * @param other is dialed, and the flow keeps its target's name in logs
     * @return the same but for that
     */
    public Egress to(Endpoint other) {
        return new Egress(via, Optional.of(other), source);
    }

    /**
     * From that address of the host's.
     *
     * @param address of the family of who is dialed; where it is none of the host's the dial fails
     * @return the same but for that
     */
    public Egress from(InetAddress address) {
        return new Egress(via, upstream, Optional.of(address));
    }
}
