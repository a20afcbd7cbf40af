package io.culvert.tun;

/**
 * Says which outer addresses are peers. Asked about each datagram from an address that is not a
 * peer's yet, so it has to be quick and allocate nothing.
 *
 * @param <T> what a peer is to its user: a tenant, a configuration
 */
@FunctionalInterface
public interface GueAdmission<T> {
    /** Whose address that is, IPv4 in mapped form; null where it is nobody's. */
    T owner(long high, long low);

    /** The UDP port to send to, whatever port the peer sends from. */
    default int port(T owner) {
        return GueHeader.PORT;
    }
}
