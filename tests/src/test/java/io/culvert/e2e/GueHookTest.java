package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** Tunnels in UDP, of which plugins say whose they are by the private data of their packets. */
@Timeout(60)
class GueHookTest {
    private static final int LENGTH = 100_000;

    @TempDir private Path directory;

    @BeforeEach
    void forget() {
        TunnelsPlugin.forget();
    }

    /**
     * @param more further settings of the peer
     */
    private GueTunnels open(Family outer, String more) throws IOException {
        return open(outer, more, "500ms");
    }

    private GueTunnels open(Family outer, String more, String deadline) throws IOException {
        return GueTunnels.open(
                1,
                "context: hook, peers: [" + GueTunnels.peer(outer, 0, more) + "]",
                TunnelsPlugin.configured(directory, deadline) + Topology.UPGRADE_ALL);
    }

    /** Sends a packet whose header says that. */
    private static void send(RawGuePeer peer, String says, int port) throws IOException {
        String padded = says + "\0".repeat((4 - says.length() % 4) % 4);
        peer.send(
                "%02x040000".formatted(padded.length() / 4)
                        + HexFormat.of().formatHex(padded.getBytes(StandardCharsets.UTF_8)),
                new RawPacket(Family.IPV4.client(), Family.IPV4.nobody())
                        .udp(port, 9, new byte[3]));
    }

    private static long dropped(GueTunnels tunnels, Reason reason) throws IOException {
        return tunnels.topology().dropped(reason);
    }

    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void admitsATunnelAndTellsFlowHooksWhatIsKnownOfIt(Family outer, Family inner)
            throws Exception {
        try (GueTunnels tunnels = open(outer, ", tenant: acme");
                GueTunnels.End _ = tunnels.join(outer, 0, false, "admit alice");
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), inner, TcpServer.ECHO);
                SocketChannel client =
                        tunnels.topology().client().connect(inner, server.address())) {
            new Content(1).send(client, LENGTH);
            new Content(1).receive(client, LENGTH);

            String address = GueTunnels.outside(outer, 0).getHostAddress();
            String by = outer.isIpv6() ? "[" + address + "]:6080" : address + ":6080";
            assertTrue(
                    TunnelsPlugin.seen("flows")
                            .contains("first acme magic alice alice " + by + " alice"),
                    () -> TunnelsPlugin.seen("flows").toString());
            assertTrue(dropped(tunnels, Reason.TUNNEL_UNDECIDED) > 0);
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void asksTheSecondPluginWhereTheFirstPasses(Family outer) throws Exception {
        try (GueTunnels tunnels = open(outer, "");
                GueTunnels.End _ = tunnels.join(outer, 0, false, "pass bob");
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), outer, TcpServer.ECHO);
                SocketChannel client =
                        tunnels.topology().client().connect(outer, server.address())) {
            new Content(1).send(client, LENGTH);
            new Content(1).receive(client, LENGTH);
            assertEquals(
                    List.of("first: pass bob", "second: pass bob"),
                    List.copyOf(TunnelsPlugin.seen("asked")));
        }
    }

    /** What the configuration says of a peer holds, whatever a plugin says. */
    @ParameterizedTest
    @CsvSource({
        "refuse",
        "stranger",
        "throw",
        "null",
        "nobody",
        "hang",
        "other alice",
        "admit x 10.7.0.0/16",
        "admit x fd00:2::/32"
    })
    void dropsPacketsOfATunnelThatIsRefusedAndAsksOnce(String says) throws Exception {
        Family outer = Family.IPV6;
        try (GueTunnels tunnels =
                        open(outer, ", tenant: acme, routes: [10.6.0.0/16, \"fd00:1::/32\"]");
                RawGuePeer peer = tunnels.raw(outer, 0)) {
            send(peer, says, 1);
            Eventually.equal(1L, "dropped", () -> dropped(tunnels, Reason.TUNNEL_UNDECIDED));
            Eventually.holds(
                    "a packet that is dropped for what it says",
                    () -> {
                        send(peer, says, 2);
                        return dropped(tunnels, Reason.TUNNEL_CONTEXT) > 0;
                    });
            int asked = TunnelsPlugin.seen("asked").size();
            for (int i = 0; i < 100; i++) {
                send(peer, says, 3 + i);
            }
            tunnels.topology().everyPacketIsAccountedFor();

            // Once more where all this took longer than a refusal holds, of each plugin.
            assertTrue(TunnelsPlugin.seen("asked").size() <= asked + 2);
            assertEquals(0, tunnels.topology().gateway().tunnels());
        }
    }

    @ParameterizedTest
    @EnumSource
    void asksAboutFewTextsOfAPeerAtATime(Family outer) throws Exception {
        try (GueTunnels tunnels = open(outer, "", "10s");
                RawGuePeer peer = tunnels.raw(outer, 0)) {
            for (int i = 0; i < 200; i++) {
                send(peer, "wait " + i, 1 + i);
            }
            Eventually.equal(200L, "received", () -> tunnels.topology().status().received());
            assertEquals(200, dropped(tunnels, Reason.TUNNEL_UNDECIDED));
            Eventually.equal(64, "asked", () -> TunnelsPlugin.seen("asked").size());

            TunnelsPlugin.latch().countDown();
            Eventually.holds(
                    "another is asked about",
                    () -> {
                        send(peer, "wait 1000", 1);
                        return TunnelsPlugin.seen("asked").contains("first: wait 1000");
                    });
        }
    }

    @ParameterizedTest
    @EnumSource
    void letsPluginsEndWithTheGateway(Family outer) throws Exception {
        try (GueTunnels tunnels = open(outer, "");
                RawGuePeer peer = tunnels.raw(outer, 0)) {
            Eventually.holds(
                    "a tunnel",
                    () -> {
                        send(peer, "admit alice", 1);
                        return tunnels.topology().gateway().tunnels() == 1;
                    });
            tunnels.topology().gateway().close();
            Eventually.equal(2, "ended", () -> TunnelsPlugin.seen("ended").size());
        }
    }
}
