package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Every test starts with the two ends of a cable, {@code a} and {@code b}. */
class RtnetlinkTest {
    private Rtnetlink rtnetlink;
    private int a;

    @BeforeEach
    void makeTheCable() throws SyscallException {
        rtnetlink = new Rtnetlink();
        rtnetlink.addVeth("a", "b");
        a = rtnetlink.index("a");
    }

    @AfterEach
    void takeTheCableAway() throws SyscallException {
        if (rtnetlink.link("a").isPresent()) {
            rtnetlink.delete(a);
        }
        rtnetlink.close();
    }

    @Test
    void readsBackWhatItSetOnADevice() throws SyscallException {
        rtnetlink.mtu(a, 1400);
        rtnetlink.txQueueLength(a, 77);
        rtnetlink.up(a);
        assertEquals(new Link(a, "a", 1400, 77, true, "veth"), rtnetlink.link("a").orElseThrow());
        assertEquals(
                List.of("a", "b", "lo"),
                rtnetlink.links().stream().map(Link::name).sorted().toList());
    }

    @Test
    void findsNoDeviceOfAnUnknownName() throws SyscallException {
        assertTrue(rtnetlink.link("none").isEmpty());
        assertEquals(
                "device none: no such device (ENODEV)",
                assertThrows(SyscallException.class, () -> rtnetlink.index("none")).getMessage());
    }

    @Test
    void deletesBothEndsOfACable() throws SyscallException {
        rtnetlink.delete(a);
        assertTrue(rtnetlink.link("b").isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1, 24", "fd00:0:0:0:0:0:0:1, 64"})
    void addsListsAndRemovesAddresses(String text, int prefixLength) throws Exception {
        rtnetlink.noAutomaticIpv6Address(a);
        rtnetlink.up(a);
        InetAddress address = InetAddress.getByName(text);
        rtnetlink.addAddress(a, address, prefixLength);
        assertEquals(List.of(new LinkAddress(address, prefixLength)), rtnetlink.addresses(a));

        String refused =
                assertThrows(
                                SyscallException.class,
                                () -> rtnetlink.addAddress(a, address, prefixLength))
                        .getMessage();
        assertTrue(
                refused.startsWith(
                        "device a: add address "
                                + text
                                + "/"
                                + prefixLength
                                + ": exists already (EEXIST)"),
                refused);

        rtnetlink.removeAddress(a, address, prefixLength);
        assertEquals(List.of(), rtnetlink.addresses(a));
    }

    @ParameterizedTest
    @CsvSource({"10.1.0.0, 16, 10.0.0.1, 10.0.0.2", "fd01::, 32, fd00::1, fd00::2"})
    void addsListsAndDeletesRoutes(String to, int prefixLength, String own, String gateway)
            throws Exception {
        InetAddress destination = InetAddress.getByName(to);
        boolean ipv6 = to.contains(":");
        rtnetlink.up(a);
        rtnetlink.up(rtnetlink.index("b"));
        rtnetlink.up(rtnetlink.index("lo"));
        rtnetlink.addAddress(a, InetAddress.getByName(own), ipv6 ? 64 : 24);
        Route direct = Route.through(destination, prefixLength, a);
        Route indirect = direct.via(InetAddress.getByName(gateway)).in(1_000);
        Route anyLocal =
                Route.through(LinkAddress.anyAddress(ipv6), 0, rtnetlink.index("lo"))
                        .in(100)
                        .as(Route.Type.LOCAL);
        List<Route> routes = List.of(direct, indirect, anyLocal);
        for (Route route : routes) {
            rtnetlink.addRoute(route);
        }
        assertTrue(rtnetlink.routes(ipv6).containsAll(routes), rtnetlink.routes(ipv6)::toString);
        for (Route route : routes) {
            rtnetlink.deleteRoute(route);
        }
        rtnetlink.routes(ipv6).forEach(route -> assertFalse(routes.contains(route)));
    }

    @Test
    void sendsAPrefixIntoNothing() throws Exception {
        Route nowhere =
                Route.through(InetAddress.getByName("192.0.2.0"), 24, 0).as(Route.Type.BLACKHOLE);
        rtnetlink.addRoute(nowhere);
        assertTrue(rtnetlink.routes(false).contains(nowhere));
        rtnetlink.deleteRoute(nowhere);
        assertFalse(rtnetlink.routes(false).contains(nowhere));
    }

    @Test
    void passesTheKernelsOwnWordsOn() throws Exception {
        Route lost =
                Route.through(InetAddress.getByName("192.0.2.0"), 24, 0)
                        .via(InetAddress.getByName("198.51.100.1"));
        assertEquals(
                "add route 192.0.2.0/24 via 198.51.100.1: network is unreachable (ENETUNREACH);"
                        + " Nexthop has invalid gateway",
                assertThrows(SyscallException.class, () -> rtnetlink.addRoute(lost)).getMessage());
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void addsListsAndDeletesRules(boolean ipv6) throws SyscallException {
        Rule rule = new Rule(ipv6, 1_234, "b", 100_000);
        rtnetlink.addRule(rule);
        assertTrue(rtnetlink.rules(ipv6).contains(rule));
        assertFalse(rtnetlink.rules(!ipv6).contains(rule));
        Rule kernels =
                new Rule(ipv6, 32_766, null, Route.MAIN_TABLE, Rule.Action.LOOKUP, Rule.KERNEL);
        assertTrue(rtnetlink.rules(ipv6).contains(kernels));
        rtnetlink.deleteRule(rule);
        assertFalse(rtnetlink.rules(ipv6).contains(rule));
    }

    /** The one of them that somebody else made stays. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void deletesRulesOfOneMakerAlone(boolean ipv6) throws SyscallException {
        Rule ours = new Rule(ipv6, 512, "none", 77, Rule.Action.BLACKHOLE, 199);
        Rule theirs = new Rule(ipv6, 513, "none", 77, Rule.Action.BLACKHOLE, 42);
        Rule alike = new Rule(ipv6, 513, "none", 77, Rule.Action.BLACKHOLE, 199);
        rtnetlink.addRule(ours);
        rtnetlink.addRule(theirs);
        assertTrue(rtnetlink.rules(ipv6).containsAll(List.of(ours, theirs)));
        rtnetlink.deleteRule(ours);
        assertThrows(SyscallException.class, () -> rtnetlink.deleteRule(alike));
        assertFalse(rtnetlink.rules(ipv6).contains(ours));
        assertTrue(rtnetlink.rules(ipv6).contains(theirs));
        rtnetlink.deleteRule(theirs);
    }

    @ParameterizedTest
    @CsvSource({"10.1.0.0/16, 10.0.0.2, 10.9.0.2", "fd01::/32, fd00::2, fd09::2"})
    void readsARouteOfSeveralNextHopsAsSeveral(String prefix, String one, String other)
            throws Exception {
        boolean ipv6 = prefix.contains(":");
        int b = rtnetlink.index("b");
        rtnetlink.up(a);
        rtnetlink.up(b);
        rtnetlink.addAddress(a, InetAddress.getByName(ipv6 ? "fd00::1" : "10.0.0.1"), 24);
        rtnetlink.addAddress(b, InetAddress.getByName(ipv6 ? "fd09::1" : "10.9.0.1"), 24);
        Process ip =
                new ProcessBuilder(
                                "ip", "route", "add", prefix, "nexthop", "via", one, "dev", "a",
                                "nexthop", "via", other, "dev", "b")
                        .inheritIO()
                        .start();
        assertEquals(0, ip.waitFor());
        String[] parts = prefix.split("/", -1);
        Route route = Route.through(InetAddress.getByName(parts[0]), Integer.parseInt(parts[1]), a);
        Route second =
                Route.through(InetAddress.getByName(parts[0]), Integer.parseInt(parts[1]), b);
        assertEquals(
                List.of(
                        route.via(InetAddress.getByName(one)),
                        second.via(InetAddress.getByName(other))),
                rtnetlink.routes(ipv6).stream()
                        .filter(r -> r.destination().equals(route.destination()))
                        .toList());
    }

    @Test
    void knowsWhetherSomebodyIsAtTheOtherEnd() throws SyscallException {
        rtnetlink.up(a);
        assertFalse(rtnetlink.hasCarrier("a"), "the other end is down");
        rtnetlink.up(rtnetlink.index("b"));
        assertTrue(rtnetlink.hasCarrier("a"));
        assertFalse(rtnetlink.hasCarrier("none"));
    }

    @Test
    void knowsWhetherAProcessHasATunDeviceOpen() throws SyscallException {
        Fd queue = Tun.open("t", Tun.IFF_TUN | Tun.IFF_NO_PI);
        Tun.persist(queue, true);
        try {
            assertTrue(rtnetlink.hasCarrier("t"));
            queue.close();
            assertFalse(rtnetlink.hasCarrier("t"));
        } finally {
            rtnetlink.delete(rtnetlink.index("t"));
        }
    }

    @Test
    void readsListsThatNeedManyAnswers() throws Exception {
        rtnetlink.up(a);
        int count = 2_000;
        for (int i = 0; i < count; i++) {
            byte[] prefix = {10, (byte) (i >> 8), (byte) i, 0};
            rtnetlink.addRoute(Route.through(InetAddress.getByAddress(prefix), 24, a).in(77));
        }
        assertEquals(count, rtnetlink.routes(false).stream().filter(r -> r.table() == 77).count());
    }

    @Test
    void movesADeviceToAnotherNamespaceWhichItsThreadAloneSees() throws Exception {
        try (ExecutorService elsewhere = Executors.newSingleThreadExecutor()) {
            Fd there =
                    elsewhere
                            .submit(
                                    () -> {
                                        Namespaces.unshareNetwork();
                                        return Namespaces.current();
                                    })
                            .get();
            rtnetlink.move(rtnetlink.index("b"), there);
            assertTrue(rtnetlink.link("b").isEmpty());
            Callable<String> kind = () -> new Rtnetlink().link("b").orElseThrow().kind();
            assertEquals("veth", elsewhere.submit(kind).get());
            there.close();
        }
    }
}
