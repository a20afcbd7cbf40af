package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.WorkerStatus;
import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.hook.Reason;
import io.culvert.linux.Route;
import io.culvert.tun.TunDevice;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Of a connection into another tunnel each side learns what becomes of it, and nothing is left. */
@Timeout(90)
class DowngradeFailuresTest {
    private static final int PORT = 6_000;
    private static final int CLOSED_PORT = 6_001;
    private static final String HERE = "tenant=acme\nroutes=10.1.0.0/24,fd00:1::/64\n";
    private static final String THERE = "tenant=acme\nroutes=10.6.0.0/24,fd00:6::/64\n";

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    private Branches open() throws IOException {
        return open("");
    }

    private Branches open(String settings) throws IOException {
        return Branches.open(1500, "", DowngradeTest.DOWNGRADE_ALL + settings, log);
    }

    private static TcpServer server(Branches branches, Family family, TcpServer.Service service)
            throws IOException {
        return TcpServer.on(branches.near(), family, family.branch(), PORT, service);
    }

    private static void leavesNothing(Topology topology) throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        topology.everyPacketIsAccountedFor();
    }

    private static void assertReset(SocketChannel client) throws IOException {
        client.socket().setSoTimeout(10_000);
        IOException reset =
                assertThrows(
                        IOException.class, () -> client.socket().getInputStream().readAllBytes());
        assertEquals("Connection reset", reset.getMessage());
    }

    private static void assertServerIsReset(TcpServer server) throws Exception {
        Eventually.equal(1, "failures of the server", () -> server.failures().size());
        assertTrue(
                List.of("Connection reset", "Broken pipe", "Connection reset by peer")
                        .contains(server.failures().getFirst().getMessage()),
                () -> "" + server.failures());
    }

    @ParameterizedTest
    @EnumSource
    void seesAClosedPortAsRefusedAtOnce(Family family) throws Exception {
        try (Branches branches = open()) {
            for (int i = 0; i < 20; i++) {
                ConnectException refused =
                        assertThrows(
                                ConnectException.class,
                                () ->
                                        branches.client()
                                                .connect(
                                                        family,
                                                        new InetSocketAddress(
                                                                family.branch(), CLOSED_PORT)));
                assertEquals("Connection refused", refused.getMessage());
            }
            assertEquals(Reason.DIAL_REFUSED, log.ended(CLOSED_PORT).reason());
            leavesNothing(branches.topology());
        }
    }

    /** A router behind the tunnel says so. */
    @ParameterizedTest
    @EnumSource
    void seesAHostThatCannotBeReachedAsUnreachable(Family family) throws Exception {
        InetAddress nobody = Family.parse(family.isIpv6() ? "fd00:6::9" : "10.6.0.9");
        try (Branches branches = open()) {
            branches.near().forwards();
            branches.near().deadRoute(nobody, Route.Type.UNREACHABLE);
            assertThrows(
                    NoRouteToHostException.class,
                    () -> branches.client().connect(family, new InetSocketAddress(nobody, PORT)));
            assertEquals(Reason.DIAL_UNREACHABLE, log.ended(PORT).reason());
            leavesNothing(branches.topology());
        }
    }

    @ParameterizedTest
    @EnumSource
    void seesAServerThatNeverAnswersAsUnreachableAfterTheDialTimeout(Family family)
            throws Exception {
        try (Branches branches = open("limits: { dial-timeout: 1500ms }\n");
                TcpServer server = server(branches, family, TcpServer.ECHO)) {
            branches.near().deadRoute(family.client(), Route.Type.BLACKHOLE);
            long start = System.nanoTime();
            assertThrows(
                    NoRouteToHostException.class,
                    () -> branches.client().connect(family, server.address()));
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis >= 1_500, "gave up after " + millis + " ms");
            assertEquals(Reason.DIAL_TIMEOUT, log.ended(PORT).reason());
            leavesNothing(branches.topology());
        }
    }

    @ParameterizedTest
    @EnumSource
    void connectsWhenTheServerAnswersLate(Family family) throws Exception {
        try (Branches branches = open();
                TcpServer server = server(branches, family, TcpServer.ECHO)) {
            branches.near().deadRoute(family.client(), Route.Type.BLACKHOLE);
            FutureTask<SocketChannel> connecting =
                    branches.client()
                            .start(() -> branches.client().connect(family, server.address()));
            Eventually.holds(
                    "the client sends its SYN again",
                    () ->
                            branches.topology().flows().stream()
                                    .anyMatch(flow -> flow.initiatorPackets() > 1));
            assertEquals(1, branches.topology().sum(WorkerStatus::dials));
            branches.near().removeDeadRoute(family.client(), Route.Type.BLACKHOLE);
            try (SocketChannel client = connecting.get(30, TimeUnit.SECONDS)) {
                new Content(1).send(client, 10_000);
                new Content(1).receive(client, 10_000);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void seesADestinationThatNoTunnelLeadsToAsUnreachable(Family family) throws Exception {
        InetAddress nowhere = Family.parse(family.isIpv6() ? "2001:db8::1" : "192.0.2.1");
        try (Branches branches = open()) {
            assertThrows(
                    IOException.class,
                    () -> branches.client().connect(family, new InetSocketAddress(nowhere, PORT)));
            assertEquals(Reason.NO_ROUTE, log.ended(PORT).reason());
            leavesNothing(branches.topology());
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesTheServersResetOnInMidTransfer(Family family) throws Exception {
        try (Branches branches = open();
                TcpServer server =
                        server(
                                branches,
                                family,
                                c -> {
                                    new Content(1).receive(c, 1_000_000);
                                    c.setOption(StandardSocketOptions.SO_LINGER, 0);
                                });
                SocketChannel client = branches.client().connect(family, server.address())) {
            assertThrows(IOException.class, () -> new Content(1).send(client, 1L << 40));
            assertEquals(Reason.RESET_BY_TARGET, log.ended(PORT).reason());
            leavesNothing(branches.topology());
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesTheClientsResetOnInMidTransfer(Family family) throws Exception {
        try (Branches branches = open();
                TcpServer server =
                        server(branches, family, c -> new Content(1).send(c, 1L << 40))) {
            try (SocketChannel client = branches.client().connect(family, server.address())) {
                new Content(1).receive(client, 1_000_000);
                client.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            assertServerIsReset(server);
            assertEquals(Reason.RESET_BY_INITIATOR, log.ended(PORT).reason());
            leavesNothing(branches.topology());
        }
    }

    @ParameterizedTest
    @EnumSource
    void givesAClientThatUsesItsPortAgainANewConnection(Family family) throws Exception {
        try (Branches branches = open();
                TcpServer server = server(branches, family, TcpServer.ECHO)) {
            for (byte i = 0; i < 10; i++) {
                try (SocketChannel client = branches.client().tcp(family)) {
                    client.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                    client.setOption(StandardSocketOptions.SO_LINGER, 0);
                    client.bind(new InetSocketAddress(family.client(), 3_333));
                    client.connect(server.address());
                    client.write(ByteBuffer.wrap(new byte[] {i}));
                    ByteBuffer echo = ByteBuffer.allocate(1);
                    client.read(echo);
                    assertEquals(i, echo.get(0));
                }
            }
            leavesNothing(branches.topology());
        }
    }

    /** A client that gives up takes the dial with it, and the slot that it had. */
    @ParameterizedTest
    @EnumSource
    void givesUpTheDialOfAClientThatResets(Family family) throws Exception {
        try (Branches branches = open();
                TcpServer server = server(branches, family, TcpServer.ECHO);
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE)) {
            branches.near().deadRoute(family.client(), Route.Type.BLACKHOLE);
            RawPacket packet = new RawPacket(family.client(), family.branch());
            int port = server.address().getPort();
            ramp.send(packet.tcp(1234, port, 100, 0, RawPacket.SYN));
            Eventually.equal(1, "dials", () -> branches.topology().sum(WorkerStatus::dials));

            ramp.send(packet.tcp(1234, port, 101, 0, RawPacket.RST));

            leavesNothing(branches.topology());
            assertEquals(1, log.closed(Reason.RESET_BY_INITIATOR));
        }
    }

    /** RFC 9293 section 3.10.7.1, for the target's side. */
    @ParameterizedTest
    @EnumSource
    void resetsASegmentFromTheTargetOfAConnectionThatIsNotThere(Family family) throws Exception {
        try (Branches branches = open();
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            near.send(
                    new RawPacket(family.branch(), family.client())
                            .tcp(PORT, 1234, 5_000, 7_000, RawPacket.ACK));
            IpPacket reset = near.await("a RST", ip -> ip.tcp() != null && ip.tcp().rst());
            assertEquals(7_000, reset.tcp().sequenceNumber());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetsBothSidesWhenTheGatewayClosesUnderLoad(Family family) throws Exception {
        try (Branches branches = open();
                TcpServer server =
                        server(branches, family, c -> new Content(1).send(c, 1L << 40))) {
            List<SocketChannel> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                clients.add(branches.client().connect(family, server.address()));
                new Content(1).receive(clients.getLast(), 300_000);
            }
            branches.topology().gateway().close();

            for (SocketChannel client : clients) {
                assertReset(client);
                client.close();
            }
            Eventually.equal(20, "failures of the server", () -> server.failures().size());
            assertEquals(20, log.closed(Reason.SHUTDOWN));
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesConnectionsBetweenSeqpacketTunnels(Family family) throws Exception {
        try (SeqpacketTunnels tunnels =
                SeqpacketTunnels.open(directory, "", DowngradeTest.DOWNGRADE_ALL, log)) {
            Topology topology = tunnels.topology();
            Host branch = topology.addClient("branch");
            try (TunDevice here = tunnels.device(topology.client(), false);
                    TunDevice there = tunnels.device(branch, true);
                    TunnelClient _ = tunnels.connect(here, HERE);
                    TunnelClient _ = tunnels.connect(there, THERE);
                    TcpServer server =
                            TcpServer.on(branch, family, family.branch(), PORT, TcpServer.ECHO)) {
                for (int i = 0; i < 8; i++) {
                    // Of two tunnels each worker receives one, so what comes back is handed over.
                    try (SocketChannel client =
                            topology.client().connect(family, server.address())) {
                        new Content(i).send(client, 200_000);
                        new Content(i).receive(client, 200_000);
                    }
                    FlowLog.Ended ended = log.ended(PORT);
                    assertEquals(Reason.FINISHED, ended.reason());
                    assertEquals(200_000, ended.flow().relayFigures().bytesUp());
                    assertEquals(200_000, ended.flow().relayFigures().bytesDown());
                    log.clear();
                }
                leavesNothing(topology);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetsTheClientWhoseTargetsTunnelHasGone(Family family) throws Exception {
        losesATunnel(family, false);
    }

    @ParameterizedTest
    @EnumSource
    void resetsTheTargetOfAClientWhoseTunnelHasGone(Family family) throws Exception {
        losesATunnel(family, true);
    }

    private void losesATunnel(Family family, boolean initiators) throws Exception {
        AtomicLong sent = new AtomicLong();
        try (SeqpacketTunnels tunnels =
                SeqpacketTunnels.open(directory, "", DowngradeTest.DOWNGRADE_ALL, log)) {
            Topology topology = tunnels.topology();
            Host branch = topology.addClient("branch");
            try (TunDevice here = tunnels.device(topology.client(), false);
                    TunDevice there = tunnels.device(branch, true);
                    TunnelClient client = tunnels.connect(here, HERE);
                    TunnelClient target = tunnels.connect(there, THERE);
                    TcpServer server =
                            TcpServer.on(
                                    branch,
                                    family,
                                    family.branch(),
                                    PORT,
                                    c -> {
                                        for (long at = 0; at < 1L << 40; at += 65_536) {
                                            new Content(1).send(c, at, at + 65_536);
                                            sent.set(at);
                                        }
                                    });
                    SocketChannel connection =
                            topology.client().connect(family, server.address())) {
                new Content(1).receive(connection, 1_000_000);
                assertTrue(sent.get() > 0);

                (initiators ? client : target).close();

                if (initiators) {
                    assertServerIsReset(server);
                } else {
                    assertReset(connection);
                }
                assertEquals(Reason.TUNNEL_GONE, log.ended(PORT).reason());
                leavesNothing(topology);
            }
        }
    }

    /** A tunnel that says who it is may come back, and so may what is under way. */
    @ParameterizedTest
    @EnumSource
    void goesOnWhereTheTargetsTunnelComesBack(Family family) throws Exception {
        try (SeqpacketTunnels tunnels =
                SeqpacketTunnels.open(directory, "", DowngradeTest.DOWNGRADE_ALL, log)) {
            Topology topology = tunnels.topology();
            Host branch = topology.addClient("branch");
            try (TunDevice here = tunnels.device(topology.client(), false);
                    TunDevice there = tunnels.device(branch, true);
                    TunnelClient _ = tunnels.connect(here, HERE);
                    TcpServer server =
                            TcpServer.on(branch, family, family.branch(), PORT, TcpServer.ECHO)) {
                TunnelClient first = tunnels.connect(there, THERE + "id=branch\n");
                try (SocketChannel client = topology.client().connect(family, server.address())) {
                    new Content(1).send(client, 10_000);
                    new Content(1).receive(client, 10_000);
                    first.close();
                    Eventually.equal(1, "connected", topology.gateway()::tunnels);
                    new Content(2).send(client, 10_000);
                    try (TunnelClient _ = tunnels.connect(there, THERE + "id=branch\n")) {
                        new Content(2).receive(client, 10_000);
                        assertEquals(1, server.accepted());
                    }
                }
            }
        }
    }
}
