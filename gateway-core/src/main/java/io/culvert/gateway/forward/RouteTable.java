package io.culvert.gateway.forward;

import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.util.Map;

/**
 * Where a tenant's destinations are reached: the longest prefix that holds an address decides (RFC
 * 1812 section 5.2.4.3). A binary trie for each family, asked once per flow. Immutable.
 *
 * @param <T> what a route leads to
 */
public final class RouteTable<T> {
    private static final int MAPPED_BITS = 96;
    private static final int ADDRESS_BITS = 128;

    private final Node<T> ipv4 = new Node<>();
    private final Node<T> ipv6 = new Node<>();

    /** One bit of an address further than its parent. */
    private static final class Node<T> {
        private Node<T> zero;
        private Node<T> one;
        private T target;

        private Node<T> child(boolean bit) {
            return bit ? one : zero;
        }

        private Node<T> makeChild(boolean bit) {
            Node<T> child = child(bit);
            if (child == null) {
                child = new Node<>();
                if (bit) {
                    one = child;
                } else {
                    zero = child;
                }
            }
            return child;
        }
    }

    public RouteTable(Map<Prefix, T> routes) {
        routes.forEach(this::add);
    }

    private void add(Prefix prefix, T target) {
        IpAddress first = prefix.address();
        int from = first.isIpv4() ? MAPPED_BITS : 0;
        Node<T> node = first.isIpv4() ? ipv4 : ipv6;
        for (int i = from; i < from + prefix.length(); i++) {
            node = node.makeChild(bit(first.high(), first.low(), i));
        }
        node.target = target;
    }

    /** Where the longest prefix that holds the address leads; {@code null} where none does. */
    public T find(long high, long low) {
        boolean four = IpAddress.isIpv4(high, low);
        Node<T> node = four ? ipv4 : ipv6;
        T found = node.target;
        for (int i = four ? MAPPED_BITS : 0; i < ADDRESS_BITS; i++) {
            node = node.child(bit(high, low, i));
            if (node == null) {
                return found;
            }
            if (node.target != null) {
                found = node.target;
            }
        }
        return found;
    }

    /** The bit of that index, the first one 0. */
    private static boolean bit(long high, long low, int index) {
        long half = index < Long.SIZE ? high : low;
        return (half >>> (Long.SIZE - 1 - (index & (Long.SIZE - 1))) & 1) != 0;
    }
}
