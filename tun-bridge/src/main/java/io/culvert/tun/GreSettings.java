package io.culvert.tun;

import java.net.InetAddress;
import java.util.List;

/**
 * What a {@link GreEndpoint} is to be like. Immutable.
 *
 * @param listen an address of this host, of any one family: packets to it come in, and what goes to
 *     the peers leaves from it
 * @param peers a tunnel each, no two with the same addresses and key
 */
public record GreSettings(InetAddress listen, List<Peer> peers) {
    public GreSettings {
        peers = List.copyOf(peers);
        if (listen.isAnyLocalAddress()) {
            throw new IllegalArgumentException(
                    "one address has to be named: packets leave from it");
        }
        for (Peer peer : peers) {
            if (peer.from().getClass() != listen.getClass()) {
                throw new IllegalArgumentException(peer.from() + " is of another family");
            }
        }
    }

    /**
     * The other end of a tunnel. Where several peers hold an address and have the same key, or
     * none, it is that of the longest prefix.
     *
     * @param from the first of its outer addresses
     * @param length bits that its outer addresses have in common with that one
     * @param mtu bytes of the longest packet inside; {@link #OF_THE_PATH} for as many as the path
     *     takes
     */
    public record Peer(InetAddress from, int length, GreFields fields, int mtu) {
        public static final int OF_THE_PATH = 0;

        public Peer {
            if (length < 0 || length > from.getAddress().length * Byte.SIZE) {
                throw new IllegalArgumentException("no prefix length of " + from + ": " + length);
            }
        }

        /** One address, the path's MTU. */
        public static Peer at(InetAddress from, GreFields fields) {
            return new Peer(from, from.getAddress().length * Byte.SIZE, fields, OF_THE_PATH);
        }

        /** Whether it has that one address. */
        boolean isFixed() {
            return length == from.getAddress().length * Byte.SIZE;
        }
    }
}
