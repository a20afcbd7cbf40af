package io.culvert.nat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which outside address an inside host appears from: "paired" of RFC 4787 REQ-2, which RFC 6888
 * REQ-2 demands. As long as any mapping of the host lives or rests, on whatever protocol, its
 * address is the host's; a host without one gets the one least used. Where the host's address has
 * no port left, another would break what pairing is for, sessions that a server knows by address,
 * and so the mapping is refused (RFC 7857 section 4).
 *
 * <p>A protocol without ports has one place towards each remote address, and that another host is
 * there says nothing about load: such a mapping may go elsewhere, and then is no part of the pair.
 *
 * <p>Threading: under the table's lock.
 */
final class AddressPooling {
    private static final class Pair {
        private final OutsideAddress address;
        private int mappings;

        Pair(OutsideAddress address) {
            this.address = address;
        }
    }

    private final List<OutsideAddress> ipv4;
    private final List<OutsideAddress> ipv6;
    private final Map<InsideEndpoint.Host, Pair> pairs = new HashMap<>();

    AddressPooling(List<OutsideAddress> addresses) {
        ipv4 = addresses.stream().filter(outside -> outside.address().isIpv4()).toList();
        ipv6 = addresses.stream().filter(outside -> !outside.address().isIpv4()).toList();
    }

    /** Where an endpoint may be mapped, best first; none where no address is of its family. */
    List<OutsideAddress> candidates(InsideEndpoint inside) {
        Pair pair = pairs.get(inside.host());
        if (pair != null && inside.hasPorts()) {
            return List.of(pair.address);
        }
        List<OutsideAddress> family = inside.isIpv6() ? ipv6 : ipv4;
        if (family.size() < 2) {
            return family;
        }
        Comparator<OutsideAddress> pairedFirst =
                Comparator.comparing(address -> pair == null || address != pair.address);
        List<OutsideAddress> candidates = new ArrayList<>(family);
        candidates.sort(pairedFirst.thenComparingInt(address -> address.load(inside)));
        return candidates;
    }

    /**
     * A host has a mapping more.
     *
     * @return whether it keeps host and address together
     */
    boolean mapped(InsideEndpoint.Host host, OutsideAddress address) {
        Pair pair = pairs.computeIfAbsent(host, _ -> new Pair(address));
        if (pair.address != address) {
            return false;
        }
        pair.mappings++;
        return true;
    }

    /** A host has one less of those that keep it and its address together. */
    void unmapped(InsideEndpoint.Host host) {
        Pair pair = pairs.get(host);
        pair.mappings--;
        if (pair.mappings == 0) {
            pairs.remove(host);
        }
    }
}
