package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Route;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A change of the configuration that cannot be made leaves nothing behind, and neither do many that
 * can.
 */
@Timeout(60)
class ReloadObstaclesTest {
    @TempDir private Path directory;

    private static int apply(Topology topology, String yaml) throws IOException {
        return topology.gateway().apply(Topology.configuration(yaml), false);
    }

    private static void exchange(SocketChannel channel, int bytes) throws IOException {
        new Content(bytes).send(channel, bytes);
        new Content(bytes).receive(channel, bytes);
    }

    /** Each stands in the way of a step of its own. */
    @ParameterizedTest
    @EnumSource
    void whatFailsChangesNothing(Obstacle obstacle) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), Family.IPV4, TcpServer.ECHO);
                Host extra = Host.named("extra");
                DatagramChannel taken =
                        topology.gatewayHost().udp(Family.IPV4, Family.parse("127.0.0.1"), 7_081)) {
            extra.call(rtnetlink -> rtnetlink.addVeth("taken", "other"));
            String onRamp = topology.onRamps(1500, "acme");
            topology.start(onRamp + Topology.UPGRADE_ALL, new FlowLog());
            topology.routeClients();
            try (SocketChannel client = topology.client().connect(Family.IPV4, server.address())) {
                exchange(client, 1000);
                List<String> before = surroundings(topology, extra);
                long descriptors = topology.descriptors();
                var configuration = topology.gateway().configuration();

                IOException failure =
                        assertThrows(
                                IOException.class,
                                () -> apply(topology, obstacle.yaml(onRamp, extra, directory)));

                assertTrue(failure.getMessage().contains(obstacle.sentence), failure::getMessage);
                assertEquals(configuration, topology.gateway().configuration());
                assertEquals(before, surroundings(topology, extra));
                Eventually.equal(descriptors, "descriptors", topology::descriptors);
                exchange(client, 100_000);
                assertTrue(taken.isOpen());
            }
        }
    }

    /** What a next configuration may have that cannot be had. */
    enum Obstacle {
        WORKERS("", "workers: 7\n", "start it again"),
        DEVICE("  - { name: z, type: tun, tenant: t, device: taken, netns: %s }\n", "", "TUN"),
        NAMESPACE(
                "  - { name: z, type: tun, tenant: t, device: d, netns: /run/netns/none-of-it }\n",
                "",
                "no such file"),
        SOCKET(
                "  - { name: z, type: seqpacket, path: /proc/version }\n",
                "",
                "is there and is no socket"),
        PORT(
                """
                  - name: z
                    type: gue
                    listen: 127.0.0.1:7081
                    peers: [{ from: 127.0.0.9, tenant: t }]
                """,
                "",
                "cannot listen"),
        ADDRESS(
                """
                  - name: z
                    type: gre
                    listen: 192.0.2.1
                    peers: [{ from: 192.0.2.2, tenant: t }]
                """,
                "",
                "not an address of this host"),
        OUTSIDE_PORTS(
                "",
                """
                offramps: [{ name: z, type: device, device: culv-z, addresses: [10.2.0.1] }]
                """,
                "ports"),
        REPLACED(
                "",
                """
                offramps: [{ name: z, type: device, device: outside, addresses: [10.5.0.1] }]
                """,
                "not a TUN device");

        private final String onRamp;
        private final String rest;
        private final String sentence;

        Obstacle(String onRamp, String rest, String sentence) {
            this.onRamp = onRamp;
            this.rest = rest;
            this.sentence = sentence;
        }

        /** Others come before, and the one that is there would change. */
        String yaml(String first, Host extra, Path directory) {
            return first.replace("mtu: 1500", "mtu: 1300").replace("10.1.0.2/24", "10.1.0.2/25")
                    + "  - { name: a, type: tun, tenant: t, device: culv-a, netns: %s }\n"
                            .formatted(extra.path())
                    + "  - { name: b, type: seqpacket, path: %s }\n"
                            .formatted(directory.resolve("b.sock"))
                    + onRamp.formatted(extra.path())
                    + rest
                    + Topology.FORWARD_ALL;
        }
    }

    /**
     * Devices, addresses and routes, but for those of IPv6 that the kernel adds in its own time.
     */
    private static List<String> surroundings(Topology topology, Host extra) throws IOException {
        List<String> all = new ArrayList<>();
        for (Host host : List.of(topology.client(), topology.gatewayHost(), extra)) {
            host.call(
                    rtnetlink -> {
                        for (var link : rtnetlink.links()) {
                            all.add(host + " " + link.name() + " " + link.mtu());
                            for (var address : rtnetlink.addresses(link.index())) {
                                if (!address.address().isLinkLocalAddress()) {
                                    all.add(host + " " + link.name() + " " + address);
                                }
                            }
                        }
                        for (Route route : rtnetlink.routes(false)) {
                            all.add(host + " " + route);
                        }
                    });
        }
        all.sort(null);
        return all;
    }

    @Test
    void aHundredReloadsLeaveNothing() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Host extra = Host.named("extra")) {
            topology.gatewayHost().forwards();
            String few = topology.onRamps(1500, "acme") + Topology.UPGRADE_ALL;
            String many =
                    topology.onRamps(1400, "acme")
                            + """
                              - { name: a, type: tun, tenant: t, device: culv-a, netns: %s }
                              - { name: b, type: seqpacket, path: %s }
                              - name: c
                                type: gue
                                listen: [127.0.0.1:7080, "[::1]:7080"]
                                peers: [{ from: 127.0.0.9, tenant: t }]
                              - name: d
                                type: gre
                                listen: 127.0.0.1
                                peers: [{ from: 127.0.0.9, tenant: t }]
                            """
                                    .formatted(extra.path(), directory.resolve("b.sock"))
                            + Topology.sharedOffRamp("")
                            + Topology.FORWARD_ALL;
            topology.start(few, new FlowLog());
            apply(topology, many);
            apply(topology, few);
            List<String> before = surroundings(topology, extra);
            long descriptors = topology.descriptors();
            int threads = Thread.activeCount();

            for (int i = 0; i < 100; i++) {
                apply(topology, i % 2 == 0 ? many : few);
            }

            assertEquals(before, surroundings(topology, extra));
            Eventually.equal(descriptors, "descriptors", topology::descriptors);
            Eventually.holds("threads", () -> Thread.activeCount() <= threads);
        }
    }
}
