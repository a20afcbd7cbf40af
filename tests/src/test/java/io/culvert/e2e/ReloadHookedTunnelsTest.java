package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.tun.TunDevice;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;

/** Changes of the configuration where plugins say whose tunnels are. */
@Timeout(60)
class ReloadHookedTunnelsTest {
    private static final String HOOK = ", context: hook";

    @TempDir private Path directory;

    @BeforeEach
    void forget() {
        TunnelsPlugin.forget();
    }

    private static void exchange(SocketChannel channel) throws IOException {
        new Content(1).send(channel, 100_000);
        new Content(1).receive(channel, 100_000);
    }

    /** Another deadline makes other plugins of the same jars. */
    private String plugins(String deadline) throws IOException {
        return TunnelsPlugin.configured(directory, deadline) + Topology.UPGRADE_ALL;
    }

    /** How often a plugin was asked, or has ended. */
    private static List<String> seen(String what) {
        return List.copyOf(TunnelsPlugin.seen(what));
    }

    @ParameterizedTest
    @EnumSource
    void aTunnelStaysWithThePluginsThatHaveAdmittedIt(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, HOOK, plugins("4s"));
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO)) {
            TunnelClient tunnel = tunnels.connect(device, "admit alice");
            try (SocketChannel before =
                    tunnels.topology().client().connect(family, server.address())) {
                exchange(before);

                tunnels.apply(HOOK, plugins("5s"));

                exchange(before);
                try (SocketChannel after =
                        tunnels.topology().client().connect(family, server.address())) {
                    exchange(after);
                }
                // What the old ones know of the tunnel is theirs, as are their classes.
                assertEquals(1, seen("flows").size());
                assertEquals(List.of("first: admit alice"), seen("asked"));
                assertEquals(List.of(), seen("ended"));
            }
            tunnel.close();
            Eventually.equal(0, "connected", tunnels.topology().gateway()::tunnels);
            try (TunnelClient _ = tunnels.connect(device, "admit bob");
                    SocketChannel client =
                            tunnels.topology().client().connect(family, server.address())) {
                exchange(client);
                assertEquals(List.of("first: admit alice", "first: admit bob"), seen("asked"));
                assertEquals(
                        "first acme warp bob bob uid 0 bob", seen("flows").getLast(), "the new");
            }
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void pluginsThatAdmittedATunnelEndAfterIt(Family family) throws Exception {
        try (SeqpacketTunnels tunnels =
                        SeqpacketTunnels.open(directory, HOOK + ", grace: 0s", plugins("4s"));
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO)) {
            try (TunnelClient _ = tunnels.connect(device, "admit alice")) {
                tunnels.apply(HOOK + ", grace: 0s", plugins("5s"));
                try (SocketChannel client =
                        tunnels.topology().client().connect(family, server.address())) {
                    exchange(client);
                }
                assertEquals(List.of(), seen("ended"));
            }
            Eventually.equal(2, "ended", () -> seen("ended").size());
        }
    }

    /** From hook to text and back, while tunnels of both kinds live. */
    @ParameterizedTest
    @EnumSource
    void whoIsAskedChangesInPlace(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, HOOK, plugins("4s"));
                Host branch = tunnels.topology().addClient("branch");
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TunDevice other = tunnels.device(branch, true);
                TunnelClient _ = tunnels.connect(device, "admit alice");
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                SocketChannel hooked =
                        tunnels.topology().client().connect(family, server.address())) {
            exchange(hooked);

            tunnels.apply("", Topology.UPGRADE_ALL);

            exchange(hooked);
            try (RawTunnel refused = RawTunnel.open(tunnels.path(), "admit bob")) {
                assertTrue(refused.said().startsWith("refused: "));
            }
            try (TunnelClient _ = tunnels.connect(other, "tenant=acme\nid=text\n");
                    SocketChannel texted = branch.connect(family, server.address())) {
                exchange(texted);

                tunnels.apply(HOOK, plugins("4s"));

                exchange(hooked);
                exchange(texted);
                try (RawTunnel refused = RawTunnel.open(tunnels.path(), "tenant=acme\n")) {
                    assertEquals("refused: no plugin knows whose it is\n", refused.said());
                }
            }
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void pluginsThatAreNeededCannotBeTakenAway(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, HOOK, plugins("4s"));
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TunnelClient _ = tunnels.connect(device, "admit alice");
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                SocketChannel client =
                        tunnels.topology().client().connect(family, server.address())) {
            IOException refused =
                    assertThrows(
                            IOException.class, () -> tunnels.apply(HOOK, Topology.UPGRADE_ALL));

            assertEquals(
                    "the on-ramp warp has \"context: hook\", and no plugin says whose tunnels are",
                    refused.getMessage());
            exchange(client);
            assertEquals(List.of(), seen("ended"));
        }
    }

    /** Whose text means something else now is another tunnel. */
    @ParameterizedTest
    @EnumSource
    void aGueTunnelOutlivesItsPluginsAsWell(Family outer) throws Exception {
        String onRamp = "context: hook, peers: [" + GueTunnels.peer(outer, 0, "") + "]";
        try (GueTunnels tunnels = GueTunnels.open(1, onRamp, plugins("4s"));
                GueTunnels.End _ = tunnels.join(outer, 0, false, "admit alice");
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), outer, TcpServer.ECHO);
                SocketChannel before = tunnels.host(0).connect(outer, server.address())) {
            exchange(before);

            tunnels.apply(onRamp, plugins("5s"));

            exchange(before);
            try (SocketChannel after = tunnels.host(0).connect(outer, server.address())) {
                exchange(after);
            }
            assertEquals(List.of("first: admit alice"), seen("asked"));
            assertEquals(List.of(), seen("ended"));
            tunnels.apply(onRamp.replace("context: hook", "context: text"), Topology.UPGRADE_ALL);
            assertThrows(IOException.class, () -> exchange(before));
            Eventually.equal(4, "ended", () -> seen("ended").size());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }
}
