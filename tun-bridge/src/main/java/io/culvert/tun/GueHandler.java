package io.culvert.tun;

/**
 * Takes packets from a {@link GueEndpoint}.
 *
 * @param <T> what a peer is to its user
 */
@FunctionalInterface
public interface GueHandler<T> {
    /**
     * One packet, or several of one flow that followed one another as a super-packet. All three are
     * the endpoint's own and overwritten by the next one, except the peer, which stays the same for
     * an address. The handler may not call the endpoint to receive.
     *
     * @param header of the first of them; the others' had the same private data
     */
    void handle(GuePeer<T> peer, Packet packet, GueHeader header);

    /**
     * Told of each datagram that is dropped.
     *
     * @param outcome any but {@link GueOutcome#PACKET}
     */
    default void dropped(GueOutcome outcome) {}
}
