package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.upstream.GroupStatus;
import io.culvert.linux.Route;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Two servers behind one upstream, under load, one of which fails in each of the ways that servers
 * do, and comes back: every request gets an answer or the status that is promised, and nothing is
 * left behind. The second server is a host of its own, so that its network can fail, too. HTTP is
 * the same over both versions of IP, so each failure is shown over one.
 */
@Timeout(120)
class GroupFailuresTest {
    private static final int PORT = 8_080;
    private static final int CLIENTS = 6;
    private static final Set<String> WELL = Set.of("GET 200", "POST 200");

    private static InetAddress address(Family family, int host) {
        return Family.parse((family.isIpv6() ? "fd00:4::" : "10.4.0.") + host);
    }

    private static String literal(InetAddress address) {
        String text = address.getHostAddress();
        return (text.contains(":") ? "[" + text + "]" : text) + ":" + PORT;
    }

    /** The hosts, the servers and the load. */
    private static final class Stage implements AutoCloseable {
        final Family family;
        final Topology topology = Topology.withoutGateway();
        final Host aside = Host.named("aside");
        final HttpMember steady;
        HttpMember other;
        final HttpLoad load;
        final Footing footing;

        Stage(Family family, String more) throws Exception {
            this.family = family;
            Host.cable(topology.gatewayHost(), "outside2", aside, "gateway");
            topology.gatewayHost().address("outside2", address(family, 1), family.prefixLength());
            aside.address("gateway", address(family, 2), family.prefixLength());
            steady = HttpMember.on(topology.server(), family.server(), PORT);
            other = HttpMember.on(aside, address(family, 2), PORT);
            topology.start(
                    topology.onRamps(1500, "acme")
                            + """
                            http: { upstream-idle-timeout: 1s, response-timeout: 500ms }
                            upstreams:
                              - name: pair
                                servers: ["%s", "%s"]
                                connect-timeout: 300ms
                                retry-budget: 100
                                ejection: { failures: 3, time: 200ms, longest: 200ms }
                                %s
                            policy: { rules: [ { do: upgrade, handler: http, upstream: pair } ] }
                            """
                                    .formatted(
                                            literal(family.server()),
                                            literal(address(family, 2)),
                                            more),
                    FlowListener.NONE);
            topology.routeClients();
            footing = Footing.of(topology);
            load = HttpLoad.start(CLIENTS, topology.client(), family, family.server(PORT));
            load.goesOn(10);
            bothServe();
        }

        void bothServe() throws Exception {
            for (HttpMember one : new HttpMember[] {steady, other}) {
                long before = one.requests();
                Eventually.holds("requests come to it", () -> one.requests() > before + CLIENTS);
            }
        }

        GroupStatus group() {
            return topology.gateway().upstreams().status().getFirst();
        }

        /** Waits until a server was left alone. */
        void ejects() throws Exception {
            long before = group().ejections();
            Eventually.holds("ejected", () -> group().ejections() > before);
        }

        /** The other server is as it was, nobody notices, and both are used. */
        void recovers() throws Exception {
            load.isWellAgain(20);
            bothServe();
        }

        /** So many requests more, and all are well. */
        void isMissedByNobodySince(Map<String, Long> before, int requests) throws Exception {
            load.goesOn(requests);
            assertTrue(WELL.equals(load.since(before)), () -> before + ", then " + load.outcomes());
        }

        void restart() throws Exception {
            other = HttpMember.on(aside, address(family, 2), PORT);
        }

        /** Nothing came but what is well, and those; and nothing is left. */
        void came(String... promised) throws Exception {
            Set<String> all = new TreeSet<>(WELL);
            all.addAll(Set.of(promised));
            Map<String, Long> _ = load.end();
            load.came(all);
            steady.close();
            other.close();
            footing.isAsBefore();
        }

        @Override
        public void close() throws IOException {
            load.close();
            footing.close();
            steady.close();
            other.close();
            topology.close();
            aside.close();
        }
    }

    /** What a server does, over which version of IP, what comes of it then, and what else may. */
    static List<Arguments> manners() {
        return List.of(
                // RFC 9110 section 9.2.2: what has been sent of a POST may not be sent again.
                fails(HttpMember.Manner.RESETS, Family.IPV4, "POST 502 UPSTREAM_CLOSED"),
                fails(
                        HttpMember.Manner.SILENT,
                        Family.IPV4,
                        "GET 504 UPSTREAM_TIMEOUT",
                        "POST 504 UPSTREAM_TIMEOUT"),
                // Its answer is passed on, and counts.
                fails(HttpMember.Manner.UNAVAILABLE, Family.IPV6, "GET 503", "POST 503"),
                // Where the reset overtakes even the head, it is as if there had been none. It is
                // never made to look whole.
                fails(
                        HttpMember.Manner.BREAKS_OFF,
                        Family.IPV4,
                        "GET broken",
                        "POST broken",
                        "POST 502 UPSTREAM_CLOSED"));
    }

    private static Arguments fails(HttpMember.Manner manner, Family family, String... promised) {
        return Arguments.of(manner, family, List.of(promised));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("manners")
    void aServerThatFailsIsLeftAloneUntilItIsWell(
            HttpMember.Manner manner, Family family, List<String> promised) throws Exception {
        try (Stage stage = new Stage(family, "")) {
            stage.other.become(manner);
            stage.load.awaits(promised.getFirst(), 1);
            stage.ejects();
            stage.other.become(HttpMember.Manner.WELL);
            stage.recovers();
            stage.came(promised.toArray(String[]::new));
        }
    }

    /** What it had begun is lost with it; whatever comes then is the other one's. */
    @ParameterizedTest
    @EnumSource(names = "IPV6")
    void aServerThatIsGoneIsMissedByNobody(Family family) throws Exception {
        try (Stage stage = new Stage(family, "")) {
            stage.other.close();
            stage.load.goesOn(10);
            Map<String, Long> before = stage.load.outcomes();
            stage.ejects();
            stage.isMissedByNobodySince(before, 30);
            stage.restart();
            stage.recovers();
            stage.came("POST 502 UPSTREAM_CLOSED", "GET broken", "POST broken");
        }
    }

    /** The server's end forgets its connections meanwhile, and nobody can tell the gateway. */
    @ParameterizedTest
    @EnumSource(names = "IPV6")
    void connectionsThatOnlyOneEndKnowsOfAreGivenUp(Family family) throws Exception {
        try (Stage stage = new Stage(family, "")) {
            stage.aside.deadRoute(address(family, 1), Route.Type.BLACKHOLE);
            stage.other.close();
            stage.ejects();
            stage.load.goesOn(20);
            stage.restart();
            stage.aside.removeDeadRoute(address(family, 1), Route.Type.BLACKHOLE);
            stage.recovers();
            stage.came(
                    "GET 504 UPSTREAM_TIMEOUT",
                    "POST 504 UPSTREAM_TIMEOUT",
                    "POST 502 UPSTREAM_CLOSED",
                    "GET broken",
                    "POST broken");
        }
    }

    /** Ejections never take the last server out, and where all fail all are asked. */
    @ParameterizedTest
    @EnumSource(names = "IPV4")
    void whereNoServerIsThereThatIsSaid(Family family) throws Exception {
        try (Stage stage = new Stage(family, "")) {
            stage.other.close();
            stage.steady.close();
            stage.load.awaits("GET 502 DIAL_REFUSED", 3);
            stage.load.awaits("POST 502 DIAL_REFUSED", 3);
            Eventually.holds("panic", () -> stage.group().panic());
            HttpMember again = HttpMember.on(stage.topology.server(), family.server(), PORT);
            stage.restart();
            stage.load.isWellAgain(20);
            stage.came(
                    "GET 502 DIAL_REFUSED",
                    "POST 502 DIAL_REFUSED",
                    "GET 502 UPSTREAM_CLOSED",
                    "POST 502 UPSTREAM_CLOSED",
                    "GET broken",
                    "POST broken");
            again.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "IPV6")
    void checksTakeServersOutAndBringThemBack(Family family) throws Exception {
        String health =
                "health: { path: /healthz, interval: 100ms, timeout: 300ms, fall: 1, rise: 1 }\n"
                        + "    panic: 0";
        try (Stage stage = new Stage(family, health)) {
            stage.other.become(HttpMember.Manner.UNAVAILABLE);
            Eventually.holds("down", () -> isDown(stage, 1));
            stage.load.goesOn(5);
            Map<String, Long> before = stage.load.outcomes();
            stage.isMissedByNobodySince(before, 20);
            stage.steady.become(HttpMember.Manner.UNAVAILABLE);
            stage.load.awaits("GET 503 UPSTREAM_UNHEALTHY", 3);
            stage.steady.become(HttpMember.Manner.WELL);
            stage.other.become(HttpMember.Manner.WELL);
            stage.recovers();
            stage.came(
                    "GET 503",
                    "POST 503",
                    "GET 503 UPSTREAM_UNHEALTHY",
                    "POST 503 UPSTREAM_UNHEALTHY");
        }
    }

    private static boolean isDown(Stage stage, int server) {
        return stage.group().members().get(server).state() == GroupStatus.State.DOWN;
    }
}
