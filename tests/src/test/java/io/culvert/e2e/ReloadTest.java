package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/** What a change of the configuration does to what is there. */
@Timeout(60)
class ReloadTest {
    @TempDir private Path directory;

    static Stream<Arguments> all() {
        return OnRampKind.all().stream()
                .flatMap(
                        kind ->
                                Stream.of(Family.values())
                                        .map(family -> Arguments.of(kind, family)));
    }

    private static int apply(Topology topology, String yaml) throws IOException {
        return topology.gateway().apply(Topology.configuration(yaml), false);
    }

    @ParameterizedTest
    @MethodSource("all")
    void flowsOfAnOnRampThatGoesEndAndBothSidesAreTold(OnRampKind kind, Family family)
            throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway();
                Host branch = topology.addClient(Site.FAR)) {
            Site near = new Site(Site.NEAR, topology.client(), topology.gatewayHost(), directory);
            Site far = new Site(Site.FAR, branch, topology.gatewayHost(), directory);
            String staying = new TunSite().prepare(far);
            String going = kind.prepare(near);
            topology.start("onramps:\n" + staying + going + Topology.UPGRADE_ALL, log);
            try (Closeable one = kind.join(near, topology.gateway());
                    Closeable two = new TunSite().join(far, topology.gateway());
                    TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                    UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                    SocketChannel goes = topology.client().connect(family, server.address());
                    SocketChannel stays = branch.connect(family, server.address());
                    DatagramChannel datagrams = topology.client().udp(family, null, 0)) {
                exchange(goes, 1000);
                exchange(stays, 1000);
                datagrams.send(ByteBuffer.allocate(10), echo.address());
                datagrams.receive(ByteBuffer.allocate(10));

                assertEquals(
                        2,
                        topology.gateway()
                                .wouldClose(
                                        Topology.configuration(
                                                "onramps:\n" + staying + Topology.UPGRADE_ALL))
                                .ramps());
                apply(topology, "onramps:\n" + staying + Topology.UPGRADE_ALL);

                assertEquals(2, log.closed(Reason.ON_RAMP_REMOVED), () -> "" + log.closedFlows());
                assertEquals(1, topology.gateway().flows());
                // The server's socket was reset, and the initiator's, while it could be told.
                Eventually.holds("the server is told", () -> !server.failures().isEmpty());
                assertThrows(IOException.class, () -> exchange(goes, 1_000_000));
                exchange(stays, 100_000);
                assertTrue(one != null && two != null);
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    private static void exchange(SocketChannel channel, int bytes) throws IOException {
        new Content(bytes).send(channel, bytes);
        new Content(bytes).receive(channel, bytes);
    }

    @Test
    void aDeviceThatItMadeGoesAndOneThatItAttachedToStays() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Host other = Host.named("other")) {
            TunDevice.open(other.namespace(), TunSettings.named("mine").withPersistent(true))
                    .close();
            String first = topology.onRamps(1500, "acme");
            String second =
                    first
                            + """
                              - name: attached
                                type: tun
                                tenant: acme
                                device: mine
                                netns: %s
                            """
                                    .formatted(other.path());
            topology.start(second + Topology.UPGRADE_ALL, new FlowLog());
            assertTrue(topology.client().link(Topology.DEVICE).isPresent());

            apply(topology, "onramps: []\n" + Topology.UPGRADE_ALL);

            assertTrue(topology.client().link(Topology.DEVICE).isEmpty());
            assertTrue(other.link("mine").isPresent());
            // And it can be attached to again.
            apply(topology, second + Topology.UPGRADE_ALL);
            assertTrue(topology.client().link(Topology.DEVICE).isPresent());
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherTenantMeansOtherFlows(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            topology.start(topology.onRamps(1500, "acme") + Topology.UPGRADE_ALL, log);
            topology.routeClients();
            try (SocketChannel before = topology.client().connect(family, server.address())) {
                exchange(before, 1000);
                int index = topology.client().link(Topology.DEVICE).orElseThrow().index();

                apply(
                        topology,
                        topology.onRamps(1400, "acme").replace("tenant: acme", "tenant: umbrella")
                                + Topology.UPGRADE_ALL);

                assertEquals(1, log.closed(Reason.ON_RAMP_REMOVED));
                assertThrows(IOException.class, () -> exchange(before, 1_000_000));
                var link = topology.client().link(Topology.DEVICE).orElseThrow();
                assertEquals(index, link.index(), "the device stays");
                assertEquals(1400, link.mtu());
            }
            try (SocketChannel after = topology.client().connect(family, server.address())) {
                exchange(after, 1000);
                assertEquals("umbrella", topology.flows().getFirst().tenant().name());
            }
        }
    }

    /** Routes, strict source, addresses and MTU of a tunnel change, and its flows go on. */
    @ParameterizedTest
    @EnumSource
    void aTunnelChangesInPlace(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            String onRamp = topology.onRamps(1500, "acme");
            topology.start(onRamp + Topology.UPGRADE_ALL, log);
            topology.routeClients();
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                exchange(client, 1000);
                apply(
                        topology,
                        topology.onRamps(1400, "acme")
                                        .replace(
                                                "\"fd00:1::2/64\"]",
                                                "\"fd00:1::2/64\", 10.44.0.1/24]")
                                + "    routes: [10.1.0.0/24, \"fd00:1::/64\"]\n"
                                + "    strict-source: true\n"
                                + Topology.UPGRADE_ALL);
                exchange(client, 100_000);
                assertEquals(1400, topology.client().link(Topology.DEVICE).orElseThrow().mtu());
                try (PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
                    ramp.send(
                            new RawPacket(family.offRamp(), family.server())
                                    .udp(1000, 2000, new byte[4]));
                    Eventually.holds(
                            "strict now", () -> topology.dropped(Reason.SOURCE_NOT_ALLOWED) > 0);
                }
                apply(topology, onRamp + Topology.UPGRADE_ALL);
                exchange(client, 100_000);
            }
            assertEquals(1, log.openedFlows().size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void anOffRampComesAndGoesWithItsFlows(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            topology.routeOffRamp();
            String onRamp = topology.onRamps(1500, "acme");
            topology.start(onRamp + Topology.FORWARD_ALL, log);
            topology.routeClients();
            apply(topology, onRamp + Topology.offRamp("") + Topology.FORWARD_ALL);
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                exchange(client, 100_000);
                // Where it stands in the file changes nothing, and neither does its MTU.
                apply(
                        topology,
                        onRamp + "\n\n" + Topology.offRamp("mtu: 1400") + Topology.FORWARD_ALL);
                exchange(client, 100_000);

                apply(topology, onRamp + Topology.FORWARD_ALL);

                assertEquals(1, log.closed(Reason.OFF_RAMP_REMOVED));
                assertTrue(topology.gatewayHost().link(Topology.OFF_RAMP).isEmpty());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void flowsAreAskedOfTheNewPolicyWhenWished(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                TcpServer other = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            String onRamp = topology.onRamps(1500, "acme");
            topology.start(onRamp + Topology.UPGRADE_ALL, log);
            topology.routeClients();
            String next =
                    onRamp
                            + """
                            policy:
                              default: upgrade
                              rules: [{ name: shut, ports: [%d], do: reject }]
                            """
                                    .formatted(server.address().getPort());
            try (SocketChannel refused = topology.client().connect(family, server.address());
                    SocketChannel allowed = topology.client().connect(family, other.address())) {
                exchange(refused, 1000);
                exchange(allowed, 1000);
                assertEquals(
                        1, topology.gateway().wouldClose(Topology.configuration(next)).policy());

                assertEquals(0, topology.gateway().apply(Topology.configuration(next), false));
                exchange(refused, 1000);
                assertThrows(
                        IOException.class,
                        () -> topology.client().connect(family, server.address()));
                assertEquals(1, topology.gateway().apply(Topology.configuration(next), true));

                assertEquals(1, log.closed(Reason.POLICY_CHANGED));
                assertThrows(IOException.class, () -> exchange(refused, 1_000_000));
                exchange(allowed, 100_000);
            }
        }
    }

    @Test
    void nothingIsChangedOfAGatewayThatEnds() throws Exception {
        try (Topology topology = Topology.open()) {
            topology.gateway().drain(Duration.ZERO, new CountDownLatch(0));

            IOException refused =
                    assertThrows(
                            IOException.class,
                            () -> apply(topology, topology.onRamps(1400, "acme")));

            assertTrue(refused.getMessage().contains("about to end"), refused::getMessage);
        }
    }

    @Test
    void changesAtTheSameTimeComeOneAfterTheOther() throws Exception {
        try (Topology topology = Topology.open()) {
            List<Thread> threads = new ArrayList<>();
            List<Throwable> failures = new CopyOnWriteArrayList<>();
            for (int i = 0; i < 8; i++) {
                String yaml =
                        topology.onRamps(1400 + i, "acme")
                                + "  - { name: b%d, type: seqpacket, path: %s }\n"
                                        .formatted(i, directory.resolve("b" + i))
                                + Topology.UPGRADE_ALL;
                threads.add(
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            try {
                                                apply(topology, yaml);
                                            } catch (IOException e) {
                                                failures.add(e);
                                            }
                                        }));
            }
            for (Thread each : threads) {
                each.join();
            }
            assertEquals(List.of(), failures);
            int mtu = topology.client().link(Topology.DEVICE).orElseThrow().mtu();
            try (Stream<Path> files = Files.list(directory)) {
                assertEquals(List.of(directory.resolve("b" + (mtu - 1400))), files.toList());
            }
        }
    }
}
