package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.tun.TunDevice;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Tunnels over a Unix socket, of which plugins say whose they are. */
@Timeout(60)
class SeqpacketHookTest {
    private static final String HOOK = ", context: hook";

    @TempDir private Path directory;

    @BeforeEach
    void forget() {
        TunnelsPlugin.forget();
    }

    private SeqpacketTunnels open() throws IOException {
        return open("4s");
    }

    private SeqpacketTunnels open(String deadline) throws IOException {
        return SeqpacketTunnels.open(
                directory,
                HOOK,
                TunnelsPlugin.configured(directory, deadline) + Topology.UPGRADE_ALL);
    }

    private RawTunnel raw(String context) throws IOException {
        return RawTunnel.open(directory.resolve("tunnels.sock"), context);
    }

    private static void exchange(SeqpacketTunnels tunnels, Family family) throws Exception {
        try (TcpServer server = TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                SocketChannel client =
                        tunnels.topology().client().connect(family, server.address())) {
            new Content(1).send(client, 10_000);
            new Content(1).receive(client, 10_000);
        }
    }

    @ParameterizedTest
    @EnumSource
    void admitsATunnelAndTellsFlowHooksWhatIsKnownOfIt(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = open();
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TunnelClient _ = tunnels.connect(device, "admit alice")) {
            exchange(tunnels, family);

            assertEquals(
                    List.of("first acme warp alice alice uid 0 alice"),
                    List.copyOf(TunnelsPlugin.seen("flows")));
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void asksTheSecondPluginWhereTheFirstPasses(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = open();
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TunnelClient _ = tunnels.connect(device, "pass bob")) {
            exchange(tunnels, family);

            assertEquals(
                    List.of("first: pass bob", "second: pass bob"),
                    List.copyOf(TunnelsPlugin.seen("asked")));
            assertEquals(
                    List.of("second acme warp bob bob uid 0 bob"),
                    List.copyOf(TunnelsPlugin.seen("flows")));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "refuse, not you",
        "stranger, no plugin knows whose it is",
        "throw, the plugin first failed",
        "null, the plugin first failed",
        "nobody, the plugin first failed",
        "hang, the plugin first has not answered in time",
        "admit x 10.9.0.0/25, 10.9.0.0/25 leads into another tunnel already",
        "admit x fd00:9::/48, fd00:9::/48 leads into another tunnel already",
    })
    void saysWhyATunnelIsRefused(String says, String why) throws Exception {
        try (SeqpacketTunnels tunnels = open("500ms");
                RawTunnel _ = raw("admit there 10.9.0.0/25 fd00:9::/48")) {
            Eventually.equal(1, "admitted", tunnels.topology().gateway()::tunnels);
            try (RawTunnel socket = raw(says)) {
                assertEquals("refused: " + why + "\n", socket.said());
                assertEquals("", socket.said(), "and then the end");
            }
        }
    }

    @Test
    void refusesATunnelWhosePluginTakesLongerThanNewcomersMay() throws Exception {
        try (SeqpacketTunnels _ = open("10s");
                RawTunnel socket = raw("hang")) {
            assertEquals("refused: no plugin has answered in time\n", socket.said());
        }
    }

    @Test
    void keepsWhatATunnelSendsBeforeItIsAdmitted() throws Exception {
        try (SeqpacketTunnels tunnels = open();
                RawTunnel socket = raw("admit alice")) {
            for (int i = 0; i < 10; i++) {
                socket.send(
                        new RawPacket(Family.IPV4.client(), Family.IPV4.nobody())
                                .udp(1 + i, 9, new byte[3]));
            }
            Eventually.equal(10L, "received", () -> tunnels.topology().status().received());
        }
    }

    @Test
    void knowsATunnelAgainThatComesBack() throws Exception {
        Family family = Family.IPV4;
        try (SeqpacketTunnels tunnels = open();
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO)) {
            TunnelClient first = tunnels.connect(device, "admit alice");
            try (SocketChannel client =
                    tunnels.topology().client().connect(family, server.address())) {
                new Content(1).send(client, 10_000);
                new Content(1).receive(client, 10_000);
                first.close();
                Eventually.equal(0, "connected", tunnels.topology().gateway()::tunnels);
                try (TunnelClient _ = tunnels.connect(device, "admit alice")) {
                    new Content(2).send(client, 10_000);
                    new Content(2).receive(client, 10_000);
                    assertEquals(1, server.accepted());
                }
            }
        }
    }

    @Test
    void leavesNothingOfATunnelWhosePeerGoesWhileItIsAskedAbout() throws Exception {
        try (SeqpacketTunnels tunnels = open()) {
            long before = tunnels.topology().descriptors();
            RawTunnel socket = raw("wait");
            Eventually.equal(
                    Set.of("first: wait"), "asked", () -> Set.copyOf(TunnelsPlugin.seen("asked")));
            socket.close();
            Eventually.equal(before, "descriptors", tunnels.topology()::descriptors);
            TunnelsPlugin.latch().countDown();

            try (RawTunnel _ = raw("admit alice")) {
                Eventually.equal(1, "admitted", tunnels.topology().gateway()::tunnels);
            }
        }
    }

    @Test
    void admitsManyThatComeAtOnce() throws Exception {
        List<RawTunnel> sockets = new ArrayList<>();
        try (SeqpacketTunnels tunnels = open()) {
            for (int i = 0; i < 200; i++) {
                sockets.add(raw("admit user-" + i));
                sockets.getLast()
                        .send(
                                new RawPacket(Family.IPV6.client(), Family.IPV6.nobody())
                                        .udp(1 + i, 9, new byte[3]));
            }
            Eventually.equal(200, "admitted", tunnels.topology().gateway()::tunnels);
            Eventually.equal(200L, "received", () -> tunnels.topology().status().received());
            tunnels.topology().everyPacketIsAccountedFor();
        } finally {
            sockets.forEach(RawTunnel::close);
        }
    }

    /** Though a tunnel that it has admitted lives, and another is being asked about. */
    @Test
    void letsPluginsEndWithTheGateway() throws Exception {
        try (SeqpacketTunnels tunnels = open();
                RawTunnel _ = raw("admit alice")) {
            Eventually.equal(1, "admitted", tunnels.topology().gateway()::tunnels);
            try (RawTunnel _ = raw("wait")) {
                Eventually.equal(2, "asked", () -> TunnelsPlugin.seen("asked").size());
                tunnels.topology().gateway().close();
            }
            assertEquals(Set.of("first", "second"), Set.copyOf(TunnelsPlugin.seen("ended")));
        }
    }

    @Test
    void isRefusedAtTheStartWhereNoPluginSaysWhoseTunnelsAre() {
        IOException refused =
                assertThrows(
                        IOException.class,
                        () -> SeqpacketTunnels.open(directory, HOOK, Topology.UPGRADE_ALL));

        assertEquals(
                "the on-ramp warp has \"context: hook\", and no plugin says whose tunnels are",
                refused.getMessage());
    }
}
