package io.culvert.gateway.capture;

import io.culvert.linux.Route;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The ways back from a device to the interfaces that it captures: the host's own routes out of
 * these, whatever table they are in, and no other's. Of two to one prefix that of the interface
 * that is named first counts. A single interface is the way to everything else besides.
 */
final class ReturnRoutes {
    private record Prefix(InetAddress destination, int length) {}

    private ReturnRoutes() {}

    /**
     * @param host the host's routes of one family
     * @param interfaces the indices of those that are up, as they are named
     * @param single whether no other interface is named
     * @param table where the routes are to be
     * @return direct ones first, as others' gateways are found by them
     */
    static List<Route> of(
            Collection<Route> host,
            boolean ipv6,
            List<Integer> interfaces,
            boolean single,
            int table) {
        Map<Prefix, Route> ways = new LinkedHashMap<>();
        for (int index : interfaces) {
            host.stream()
                    .filter(route -> route.outInterface() == index)
                    .filter(route -> route.type() == Route.Type.UNICAST)
                    .filter(route -> !Tables.mayBe(route.table()))
                    .sorted(Comparator.comparing(route -> route.table() != Route.MAIN_TABLE))
                    .forEach(
                            route ->
                                    ways.putIfAbsent(
                                            new Prefix(route.destination(), route.prefixLength()),
                                            route.in(table)));
        }
        if (single && !interfaces.isEmpty()) {
            Route rest = Route.through(any(ipv6), 0, interfaces.getFirst()).in(table);
            ways.putIfAbsent(new Prefix(rest.destination(), 0), rest);
        }
        List<Route> routes = new ArrayList<>(ways.values());
        routes.sort(Comparator.comparing(route -> route.gateway() != null));
        return routes;
    }

    /** 0.0.0.0 or ::. */
    static InetAddress any(boolean ipv6) {
        try {
            return InetAddress.getByAddress(new byte[ipv6 ? 16 : 4]);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 and 16 bytes are addresses", e);
        }
    }
}
