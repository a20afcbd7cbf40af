package io.culvert.tun;

/** Takes what comes out of a {@link GreEndpoint}. */
@FunctionalInterface
public interface GreHandler {
    /**
     * One packet, or a super-packet of several. It is the endpoint's own and overwritten by the
     * next one.
     */
    void packet(GreTunnel tunnel, Packet packet);

    /** One that was none, for whoever counts. */
    default void other(GreOutcome outcome) {}
}
