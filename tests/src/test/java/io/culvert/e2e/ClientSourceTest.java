package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.upstream.GroupStatus;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Upstreams that are connected to from the clients' own addresses. The server routes what is for
 * them to the gateway's host, which takes what comes from there as its own: that is the route that
 * has to be made, beside CAP_NET_ADMIN.
 */
@Timeout(120)
class ClientSourceTest {
    private static final String TABLE = "100";

    @TempDir private Path directory;

    private static String settings(Family family) {
        InetAddress server = family.server();
        return """
        upstreams:
          - name: web
            servers: ["%s:8080"]
            source: client
        policy: { rules: [ { do: upgrade, handler: http, upstream: web } ] }
        """
                .formatted(
                        family.isIpv6()
                                ? "[" + server.getHostAddress() + "]"
                                : server.getHostAddress());
    }

    private static String url(Family family) {
        String host = family.server().getHostAddress();
        return "http://%s:%d/address"
                .formatted(family.isIpv6() ? "[" + host + "]" : host, Nginx.PORT);
    }

    /** What comes from the servers' side for the clients is for sockets of this host. */
    private static void routeAnswersBack(Topology topology, Family family) throws Exception {
        String version = family.isIpv6() ? "-6" : "-4";
        String clients = family.clientNetwork().getHostAddress() + "/" + family.prefixLength();
        Host host = topology.gatewayHost();
        Tool.IP.succeeds(host, version, "rule", "add", "iif", Topology.OUTSIDE, "lookup", TABLE);
        Tool.IP.succeeds(
                host, version, "route", "add", "local", clients, "dev", "lo", "table", TABLE);
        topology.server()
                .route(
                        family.clientNetwork(),
                        family.prefixLength(),
                        Topology.SERVERS_DEVICE,
                        family.gateway());
    }

    private static int connections(Topology topology) {
        return topology.gateway().upstreams().status().getFirst().members().stream()
                .mapToInt(GroupStatus.MemberStatus::connections)
                .sum();
    }

    @ParameterizedTest
    @EnumSource
    void serversSeeTheClientItself(Family family) throws Exception {
        try (Topology topology = Topology.open(settings(family), FlowListener.NONE);
                Nginx _ = Nginx.on(topology.server(), directory)) {
            routeAnswersBack(topology, family);
            Tool.Result result = Tool.CURL.run(topology.client(), "-sSg", url(family), url(family));
            assertEquals(0, result.status(), result::toString);
            assertEquals(2, result.output().size(), result::toString);
            for (String line : result.output()) {
                assertEquals(
                        family.client(),
                        Family.parse(line.substring(0, line.indexOf(' '))),
                        result::toString);
            }
            // Nobody else may use them, and so they are not kept when the client has gone.
            Eventually.equal(0, "connections", () -> connections(topology));
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyClientsConnectionsAreTheirOwn(Family family) throws Exception {
        try (Topology topology = Topology.open(settings(family), FlowListener.NONE);
                HttpMember server = HttpMember.on(topology.server(), family.server(), Nginx.PORT);
                Footing footing = Footing.of(topology)) {
            routeAnswersBack(topology, family);
            try (HttpLoad load = HttpLoad.start(5, topology.client(), family, server.address())) {
                load.goesOn(30);
                Map<String, Long> _ = load.end();
                load.came(Set.of("GET 200", "POST 200"));
            }
            assertEquals(5, server.mostConnections());
            assertEquals(Set.of(family.client()), server.peers());
            footing.isAsBefore();
        }
    }

    /** Without the way back, no answer comes, and that is said in time. */
    @ParameterizedTest
    @EnumSource
    void withoutTheWayBackTheConnectTakesTooLong(Family family) throws Exception {
        String settings =
                settings(family)
                        .replace("source: client", "source: client\n    connect-timeout: 300ms");
        try (Topology topology = Topology.open(settings, FlowListener.NONE);
                Nginx _ = Nginx.on(topology.server(), directory)) {
            Tool.Result result =
                    Tool.CURL.run(
                            topology.client(),
                            "-sSg",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code}",
                            url(family));
            assertEquals(List.of("504"), result.output(), result::toString);
            assertTrue(topology.gateway().http().refusals(Reason.DIAL_TIMEOUT) == 1);
        }
    }
}
