package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.Closeable;
import java.nio.file.Path;

/** Datagrams of flows that stay are counted while ramps, rules and limits change around them. */
@Timeout(120)
class ReloadDatagramsTest {
    private static final int RELOADS = 20;

    /** Between one reload and the next. */
    private static final int SOME = 200;

    @TempDir private Path directory;

    @ParameterizedTest
    @MethodSource("io.culvert.e2e.ReloadTest#all")
    void noDatagramOfTheFlowsThatStayIsLost(OnRampKind kind, Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway();
                Host extra = Host.named("extra");
                Host branch = topology.addClient(Site.FAR)) {
            Site near = new Site(Site.NEAR, topology.client(), topology.gatewayHost(), directory);
            Site far = new Site(Site.FAR, branch, topology.gatewayHost(), directory);
            String staying = "onramps:\n" + kind.prepare(near) + new TunSite().prepare(far);
            topology.routeOffRamp();
            topology.start(configuration(staying, extra, false), log);
            try (Closeable one = kind.join(near, topology.gateway());
                    Closeable two = new TunSite().join(far, topology.gateway());
                    UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                    UdpEcho peer = UdpEcho.on(branch, family, family.branch());
                    CountedDatagrams upgraded =
                            CountedDatagrams.from(topology.client(), family, server.address());
                    CountedDatagrams forwarded =
                            CountedDatagrams.from(topology.client(), family, peer.address())) {
                upgraded.awaitMore(SOME);
                forwarded.awaitMore(SOME);
                for (int i = 0; i < RELOADS; i++) {
                    String next = configuration(staying, extra, i % 2 == 0);
                    int closed = topology.gateway().apply(Topology.configuration(next), i % 3 == 0);
                    assertEquals(0, closed);
                    upgraded.awaitMore(SOME);
                    forwarded.awaitMore(SOME);
                }

                assertEquals(upgraded.end(), server.received());
                assertEquals(forwarded.end(), peer.received());
                assertEquals(2, log.openedFlows().size());
                assertTrue(one != null && two != null);
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    private String configuration(String staying, Host extra, boolean more) {
        return ReloadedRamps.configuration(staying, extra, directory, more);
    }
}
