package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.upstream.GroupStatus;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;
import java.util.Set;

/** A server gets no more than its upstream says, and whoever is one too many is told so. */
@Timeout(120)
class UpstreamLimitsTest {
    private static final int PORT = 8_080;
    private static final int LIMIT = 3;
    private static final int CLIENTS = 8;

    private static Topology open(Family family, String what) throws Exception {
        String server = family.server().getHostAddress();
        return Topology.open(
                """
                http: { upstream-idle-timeout: 1s }
                upstreams:
                  - { name: web, servers: ["%s:%d"], %s: %d, retries: 0 }
                policy: { rules: [ { do: upgrade, handler: http, upstream: web } ] }
                """
                        .formatted(
                                family.isIpv6() ? "[" + server + "]" : server, PORT, what, LIMIT),
                FlowListener.NONE);
    }

    private static GroupStatus group(Topology topology) {
        return topology.gateway().upstreams().status().getFirst();
    }

    @ParameterizedTest
    @CsvSource({"IPV4, requests", "IPV6, requests", "IPV4, connections", "IPV6, connections"})
    void whatIsBeyondTheLimitIsRefusedAtOnce(Family family, String what) throws Exception {
        try (Topology topology = open(family, what);
                HttpMember server = HttpMember.on(topology.server(), family.server(), PORT);
                Footing footing = Footing.of(topology)) {
            server.become(HttpMember.Manner.HELD);
            try (HttpLoad load =
                    HttpLoad.start(CLIENTS, topology.client(), family, server.address())) {
                Eventually.equal(LIMIT, "live", server::live);
                // The others go on to be told.
                load.awaits("GET 503 UPSTREAM_LIMIT", 20);
                load.awaits("POST 503 UPSTREAM_LIMIT", 20);
                assertEquals(0, load.count("GET 200") + load.count("POST 200"));
                assertEquals(LIMIT, server.live());
                assertEquals(LIMIT, group(topology).live());

                server.become(HttpMember.Manner.WELL);
                server.answer(LIMIT);
                load.awaits("GET 200", 50);
                load.awaits("POST 200", 50);
                Map<String, Long> outcomes = load.end();
                load.came(
                        Set.of(
                                "GET 200",
                                "POST 200",
                                "GET 503 UPSTREAM_LIMIT",
                                "POST 503 UPSTREAM_LIMIT"));
                assertEquals(
                        outcomes.get("GET 503 UPSTREAM_LIMIT")
                                + outcomes.get("POST 503 UPSTREAM_LIMIT"),
                        topology.gateway().http().refusals(Reason.UPSTREAM_LIMIT));
            }
            int most = what.equals("requests") ? server.mostRequests() : server.mostConnections();
            assertTrue(most <= LIMIT, () -> most + " at once");
            assertEquals(0, group(topology).ejections(), "nothing is held against the server");
            footing.isAsBefore();
        }
    }
}
