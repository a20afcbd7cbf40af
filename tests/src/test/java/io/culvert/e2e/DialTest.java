package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.gateway.WorkerStatus;
import io.culvert.hook.Reason;
import io.culvert.linux.Route;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;

/** A client hears of its connection what it would hear without a gateway, and not sooner. */
@Timeout(60)
class DialTest {
    private static final int CLOSED_PORT = 7;
    private static final int ROUNDS = 20;

    @ParameterizedTest
    @EnumSource
    void seesRefusedAsRefused(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log)) {
            for (int i = 0; i < ROUNDS; i++) {
                ConnectException refused =
                        assertThrows(
                                ConnectException.class,
                                () ->
                                        topology.client()
                                                .connect(family, family.server(CLOSED_PORT)));
                assertEquals("Connection refused", refused.getMessage());
            }
            assertEquals(Reason.DIAL_REFUSED, log.ended(CLOSED_PORT).reason());
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            assertEquals(ROUNDS, topology.status().answered());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void seesAHostThatCannotBeReachedAsUnreachable(Family family) throws Exception {
        try (Topology topology = Topology.open()) {
            seesUnreachable(topology, family, family.unreachable());
        }
    }

    @ParameterizedTest
    @EnumSource
    void seesANetworkThatThereIsNoRouteToAsUnreachable(Family family) throws Exception {
        try (Topology topology = Topology.open()) {
            seesUnreachable(topology, family, family.unrouted());
        }
    }

    /** The gateway's host asks for the neighbour three times, a second apart. */
    @ParameterizedTest
    @EnumSource
    void seesAnAddressThatNobodyHasAsUnreachable(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log)) {
            seesUnreachable(topology, family, family.nobody());
            assertEquals(Reason.DIAL_UNREACHABLE, log.ended(80).reason());
        }
    }

    private static void seesUnreachable(Topology topology, Family family, InetAddress host)
            throws Exception {
        assertThrows(
                NoRouteToHostException.class,
                () -> topology.client().connect(family, new InetSocketAddress(host, 80)));
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        assertTrue(topology.status().answered() > 0, "the answer is counted as one");
        topology.everyPacketIsAccountedFor();
    }

    /** The server's answer is lost, and so are the client's retransmissions, until there is one. */
    @ParameterizedTest
    @EnumSource
    void connectsWhenTheServerAnswersLate(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            silence(topology, family, server);
            FutureTask<SocketChannel> connecting =
                    topology.client()
                            .start(() -> topology.client().connect(family, server.address()));
            Eventually.holds(
                    "the client sends its SYN again",
                    () -> topology.flows().stream().anyMatch(DialTest::isRetried));
            assertEquals(1, topology.sum(WorkerStatus::dials));
            assertTrue(!connecting.isDone(), "connected to a server that has not answered");

            topology.server().removeDeadRoute(family.gateway(), Route.Type.BLACKHOLE);

            try (SocketChannel client = connecting.get()) {
                client.write(ByteBuffer.wrap(new byte[] {42}));
                ByteBuffer echo = ByteBuffer.allocate(1);
                client.read(echo);
                assertEquals(42, echo.get(0));
            }
        }
    }

    private static boolean isRetried(Flow flow) {
        return flow.initiatorPackets() > 1;
    }

    @ParameterizedTest
    @EnumSource
    void seesAServerThatNeverAnswersAsUnreachableAfterTheDialTimeout(Family family)
            throws Exception {
        FlowLog log = new FlowLog();
        String settings = Topology.UPGRADE_ALL + "limits: { dial-timeout: 1500ms }\n";
        try (Topology topology = Topology.open(settings, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            silence(topology, family, server);
            log.clear();
            long start = System.nanoTime();

            assertThrows(
                    NoRouteToHostException.class,
                    () -> topology.client().connect(family, server.address()));

            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis >= 1_500, "gave up after " + millis + " ms");
            assertEquals(Reason.DIAL_TIMEOUT, log.ended(server.address().getPort()).reason());
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
    }

    /** Neighbours know each other before, since a silent server does not answer for its address. */
    private static void silence(Topology topology, Family family, TcpServer server)
            throws Exception {
        topology.client().connect(family, server.address()).close();
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        topology.server().deadRoute(family.gateway(), Route.Type.BLACKHOLE);
    }

    /** A client that gives up takes the dial with it. */
    @ParameterizedTest
    @EnumSource
    void givesUpTheDialOfAClientThatResets(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            silence(topology, family, server);
            int port = server.address().getPort();
            RawPacket packet = new RawPacket(family.client(), family.server());
            ramp.send(packet.tcp(1234, port, 100, 0, RawPacket.SYN));
            Eventually.equal(1, "dials", () -> topology.sum(WorkerStatus::dials));

            ramp.send(packet.tcp(1234, port, 101, 0, RawPacket.RST));

            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            assertEquals(1, log.closed(Reason.RESET_BY_INITIATOR));
        }
    }

    /** Whoever is refused sends the SYN again, and is then served. */
    @ParameterizedTest
    @EnumSource
    void servesAllInTheEndWhenTooManyDialsAreUnderWay(Family family) throws Exception {
        String settings = Topology.UPGRADE_ALL + "limits: { dials: 3, dial-timeout: 10s }\n";
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(settings, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            silence(topology, family, server);
            List<FutureTask<SocketChannel>> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                clients.add(
                        topology.client()
                                .start(() -> topology.client().connect(family, server.address())));
            }
            // Each of the two workers has a limit of its own.
            Eventually.holds("some are refused", () -> log.closed(Reason.DIALS_EXHAUSTED) >= 14);
            assertTrue(topology.sum(WorkerStatus::dials) <= 6);

            topology.server().removeDeadRoute(family.gateway(), Route.Type.BLACKHOLE);

            for (FutureTask<SocketChannel> client : clients) {
                client.get().close();
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }

    /** The kernel drops the handshake's last ACK at a full backlog; the client must not notice. */
    @ParameterizedTest
    @EnumSource
    void waitsForAServerWhoseBacklogIsFull(Family family) throws Exception {
        try (Topology topology = Topology.open();
                ServerSocketChannel listener =
                        topology.server()
                                .namespace()
                                .call(() -> ServerSocketChannel.open(family.protocol()))) {
            listener.bind(new InetSocketAddress(family.server(), 0), 1);
            InetSocketAddress to = (InetSocketAddress) listener.getLocalAddress();
            try (SocketChannel first = topology.client().connect(family, to);
                    SocketChannel second = topology.client().connect(family, to)) {
                FutureTask<SocketChannel> third =
                        topology.client().start(() -> topology.client().connect(family, to));
                Eventually.equal(1, "dials", () -> topology.sum(WorkerStatus::dials));

                listener.accept().close();
                listener.accept().close();

                third.get().close();
                assertTrue(first.isConnected() && second.isConnected());
            }
        }
    }
}
