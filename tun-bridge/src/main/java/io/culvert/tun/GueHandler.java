package io.culvert.tun;

/**
 * Takes packets from a {@link GueEndpoint}.
 *
 * @param <T> what a peer is to its user
 */
@FunctionalInterface
public interface GueHandler<T> {
    /**
     * One packet. All four are the endpoint's own and overwritten by the next one, except the peer,
     * which stays the same for an address.
     *
     * @param sourcePort the outer one: entropy, not where to reply to
     * @param header where the private data is, if any
     */
    void handle(GuePeer<T> peer, int sourcePort, Packet packet, GueHeader header);
}
