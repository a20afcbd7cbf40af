package io.culvert.gateway.capture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.linux.Route;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Interfaces 3 and 4 are captured, 9 is not. */
class ReturnRoutesTest {
    private static final int TABLE = 1_920_000_007;

    private static Route route(String prefix, int length, int device) {
        return Route.through(address(prefix), length, device);
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void takesWhatTheHostHasAndOneWayForTheRest() {
        List<Route> host =
                List.of(
                        route("10.50.0.0", 16, 3).via(address("10.1.0.2")),
                        route("10.1.0.0", 24, 3),
                        route("0.0.0.0", 0, 9).via(address("198.51.100.1")),
                        route("10.60.0.0", 16, 9));
        assertEquals(
                List.of(
                        route("10.1.0.0", 24, 3).in(TABLE),
                        route("0.0.0.0", 0, 3).in(TABLE),
                        route("10.50.0.0", 16, 3).via(address("10.1.0.2")).in(TABLE)),
                ReturnRoutes.of(host, false, List.of(3), true, TABLE));
    }

    @Test
    void leavesADefaultRouteAsItIs() {
        Route rest = route("::", 0, 3).via(address("fd00::2"));
        assertEquals(
                List.of(rest.in(TABLE)),
                ReturnRoutes.of(List.of(rest), true, List.of(3), true, TABLE));
    }

    @Test
    void knowsNoWayForTheRestWhereThereAreSeveral() {
        assertEquals(
                List.of(route("fd01::", 64, 3).in(TABLE), route("fd02::", 64, 4).in(TABLE)),
                ReturnRoutes.of(
                        List.of(route("fd02::", 64, 4), route("fd01::", 64, 3)),
                        true,
                        List.of(3, 4),
                        false,
                        TABLE));
    }

    @Test
    void prefersTheInterfaceThatIsNamedFirst() {
        List<Route> host = List.of(route("10.1.0.0", 24, 4), route("10.1.0.0", 24, 3));
        assertEquals(
                List.of(route("10.1.0.0", 24, 3).in(TABLE)),
                ReturnRoutes.of(host, false, List.of(3, 4), false, TABLE));
        assertEquals(
                List.of(route("10.1.0.0", 24, 4).in(TABLE)),
                ReturnRoutes.of(host, false, List.of(4), false, TABLE));
    }

    @Test
    void prefersTheMainTableAndCopiesNothingOfAGateway() {
        List<Route> host =
                List.of(
                        route("10.1.0.0", 24, 3).via(address("10.9.0.1")).in(51_820),
                        route("10.1.0.0", 24, 3).via(address("10.9.0.2")),
                        route("10.2.0.0", 24, 3).in(51_820),
                        route("10.3.0.0", 24, 3).in(TABLE),
                        route("10.4.0.0", 24, 3).in(1_920_000_009));
        assertEquals(
                List.of(
                        route("10.2.0.0", 24, 3).in(TABLE),
                        route("10.1.0.0", 24, 3).via(address("10.9.0.2")).in(TABLE)),
                ReturnRoutes.of(host, false, List.of(3), false, TABLE));
    }

    @Test
    void copiesNeitherAddressesOfTheHostNorDeadEnds() {
        List<Route> host =
                List.of(
                        route("10.1.0.1", 32, 3).in(Route.LOCAL_TABLE).as(Route.Type.LOCAL),
                        route("10.1.0.255", 32, 3).in(Route.LOCAL_TABLE).as(Route.Type.BROADCAST),
                        route("ff00::", 8, 3).in(Route.LOCAL_TABLE).as(Route.Type.MULTICAST),
                        route("192.0.2.0", 24, 0).as(Route.Type.BLACKHOLE));
        assertEquals(List.of(), ReturnRoutes.of(host, false, List.of(3), false, TABLE));
    }

    @Test
    void hasNoneWhileNoInterfaceIsThere() {
        assertEquals(
                List.of(),
                ReturnRoutes.of(List.of(route("10.1.0.0", 24, 3)), false, List.of(), true, TABLE));
    }
}
