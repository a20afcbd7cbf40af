package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.linux.Rule;
import io.culvert.tun.GreFields;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Peers and captured interfaces of an on-ramp come and go while it stays, and so do the others. */
@Timeout(60)
class ReloadPeersTest {
    private static final String ACME = "acme";
    private static final String UMBRELLA = "umbrella";

    private static void exchange(SocketChannel channel) throws IOException {
        new Content(1).send(channel, 100_000);
        new Content(1).receive(channel, 100_000);
    }

    private static Set<String> tenantsOfFlows(Topology topology) {
        return topology.flows().stream()
                .map(Flow::tenant)
                .map(tenant -> tenant.name())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** What a host sends is nobody's any more. */
    private static void isOff(Topology topology, Host host, Family family, Reason why)
            throws Exception {
        try (DatagramChannel channel = host.udp(family, null, 0)) {
            channel.connect(family.server(2_000));
            Eventually.holds(
                    "packets of a peer that is none any more are dropped",
                    () -> {
                        int unused = channel.write(ByteBuffer.allocate(1));
                        return topology.dropped(why) > 0;
                    });
        }
    }

    @ParameterizedTest
    @EnumSource
    void guePeersComeAndGo(Family family) throws Exception {
        String first = GueTunnels.peer(family, 0, ", tenant: " + ACME);
        String second = GueTunnels.peer(family, 1, ", tenant: " + UMBRELLA);
        try (GueTunnels tunnels =
                        GueTunnels.open(2, "peers: [" + first + "]", Topology.UPGRADE_ALL);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                GueTunnels.End _ = tunnels.join(family, 0, false, "");
                GueTunnels.End _ = tunnels.join(family, 1, false, "");
                SocketChannel one = tunnels.host(0).connect(family, server.address())) {
            exchange(one);

            tunnels.apply("peers: [" + second + ", " + first + "]", Topology.UPGRADE_ALL);

            exchange(one);
            try (SocketChannel two = tunnels.host(1).connect(family, server.address())) {
                exchange(two);
                assertEquals(Set.of(ACME, UMBRELLA), tenantsOfFlows(tunnels.topology()));

                tunnels.apply("peers: [" + second + "]", Topology.UPGRADE_ALL);

                assertEquals(Set.of(UMBRELLA), tenantsOfFlows(tunnels.topology()));
                exchange(two);
                assertThrows(IOException.class, () -> exchange(one));
                tunnels.apply("peers: []", Topology.UPGRADE_ALL);
                assertEquals(0, tunnels.topology().gateway().flows());
            }
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aGuePeerThatBecomesAnothersTenantBeginsAnew(Family family) throws Exception {
        try (GueTunnels tunnels =
                        GueTunnels.open(
                                1,
                                "peers: [" + GueTunnels.peer(family, 0, ", tenant: " + ACME) + "]",
                                Topology.UPGRADE_ALL);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                GueTunnels.End _ = tunnels.join(family, 0, false, "");
                SocketChannel before = tunnels.host(0).connect(family, server.address())) {
            exchange(before);

            tunnels.apply(
                    "peers: [" + GueTunnels.peer(family, 0, ", tenant: " + UMBRELLA) + "]",
                    Topology.UPGRADE_ALL);

            assertThrows(IOException.class, () -> exchange(before));
            try (SocketChannel after = tunnels.host(0).connect(family, server.address())) {
                exchange(after);
                assertEquals(Set.of(UMBRELLA), tenantsOfFlows(tunnels.topology()));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void grePeersComeAndGo(Family family) throws Exception {
        GreFields keyed = GreFields.NONE.withKey(7);
        String first = GreTunnels.peer(family, 0, "tenant: " + ACME);
        String second = GreTunnels.peer(family, 1, "key: 7, tenant: " + UMBRELLA);
        try (GreTunnels tunnels = GreTunnels.open(family, 2, first, Topology.UPGRADE_ALL);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                GreClient _ = tunnels.join(0, false, GreFields.NONE);
                GreClient _ = tunnels.join(1, false, keyed);
                SocketChannel one =
                        tunnels.topology().client(0).connect(family, server.address())) {
            exchange(one);

            tunnels.apply(second + ", " + first, Topology.UPGRADE_ALL);

            exchange(one);
            try (SocketChannel two =
                    tunnels.topology().client(1).connect(family, server.address())) {
                exchange(two);
                assertEquals(Set.of(ACME, UMBRELLA), tenantsOfFlows(tunnels.topology()));

                tunnels.apply(second, Topology.UPGRADE_ALL);

                assertEquals(Set.of(UMBRELLA), tenantsOfFlows(tunnels.topology()));
                exchange(two);
                assertThrows(IOException.class, () -> exchange(one));
                // The key is part of what a peer is.
                tunnels.apply(second.replace("key: 7", "key: 8"), Topology.UPGRADE_ALL);
                assertEquals(0, tunnels.topology().gateway().flows());
                isOff(
                        tunnels.topology(),
                        tunnels.topology().client(1),
                        family,
                        Reason.TUNNEL_CONTEXT);
            }
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void capturedInterfacesComeAndGo(Family family) throws Exception {
        try (Cables cables = Cables.none();
                TcpServer server = TcpServer.on(cables.server(), family, TcpServer.ECHO)) {
            Host first = cables.lay("one", Cables.Site.FIRST);
            Host second = cables.lay("two", Cables.Site.SECOND);
            cables.start(Cables.onRamp(ACME, "culv0", "one", ""), Topology.UPGRADE_ALL);
            try (SocketChannel one = first.connect(family, server.address())) {
                exchange(one);
                assertEquals(Set.of("one"), steered(cables));

                capture(cables, "two, one");

                assertEquals(Set.of("one", "two"), steered(cables));
                exchange(one);
                try (SocketChannel two = second.connect(family, server.address())) {
                    exchange(two);
                    assertEquals(2, cables.topology().gateway().flows());

                    capture(cables, "two");

                    assertEquals(Set.of("two"), steered(cables));
                    exchange(two);
                    capture(cables, "");
                    assertEquals(Set.of(), steered(cables));
                    // As one that is put back finds its flows, nothing was lost but time.
                    capture(cables, "one, two");
                    exchange(one);
                    exchange(two);
                }
            }
            cables.topology().everyPacketIsAccountedFor();
        }
    }

    private static void capture(Cables cables, String interfaces) throws IOException {
        int unused =
                cables.topology()
                        .gateway()
                        .apply(
                                Topology.configuration(
                                        "onramps:\n"
                                                + Cables.onRamp(ACME, "culv0", interfaces, "")
                                                + Topology.UPGRADE_ALL),
                                false);
    }

    /** What arrives on them goes to the gateway. */
    private static Set<String> steered(Cables cables) throws IOException {
        return cables.gatewaysRules().stream()
                .map(Rule::inputInterface)
                .filter(name -> name != null && !name.equals("culv0"))
                .collect(Collectors.toSet());
    }
}
