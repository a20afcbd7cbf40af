package io.culvert.gateway.upstream;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** In which order addresses of one server are tried. */
public final class AddressOrder {
    private AddressOrder() {}

    /**
     * RFC 8305 section 4: the families take turns, beginning with the one that is first in the
     * list, so that a family without a way out costs one delay and no more.
     */
    public static List<InetSocketAddress> interleaved(List<InetSocketAddress> addresses) {
        List<InetSocketAddress> all = new ArrayList<>();
        if (addresses.isEmpty()) {
            return all;
        }
        boolean ipv6First = isIpv6(addresses.getFirst());
        Iterator<InetSocketAddress> first =
                addresses.stream().filter(one -> isIpv6(one) == ipv6First).iterator();
        Iterator<InetSocketAddress> second =
                addresses.stream().filter(one -> isIpv6(one) != ipv6First).iterator();
        while (first.hasNext() || second.hasNext()) {
            if (first.hasNext()) {
                all.add(first.next());
            }
            if (second.hasNext()) {
                all.add(second.next());
            }
        }
        return all;
    }

    private static boolean isIpv6(InetSocketAddress address) {
        return address.getAddress() instanceof Inet6Address;
    }
}
