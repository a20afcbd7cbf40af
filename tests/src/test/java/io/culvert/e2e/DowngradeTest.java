package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowListener;
import io.culvert.gateway.WorkerStatus;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Connections that are upgraded, relayed, and leave by another tunnel of the tenant's again. */
@Timeout(90)
class DowngradeTest {
    static final String DOWNGRADE_ALL = "policy: { rules: [ { do: upgrade, via: tunnels } ] }\n";

    private static final int MIB = 1024 * 1024;
    private static final int PORT = 6_000;

    private static Branches open() throws IOException {
        return open(FlowListener.NONE);
    }

    private static Branches open(FlowListener listener) throws IOException {
        return Branches.open(1500, "", DOWNGRADE_ALL, listener);
    }

    private static TcpServer server(Host host, Family family, TcpServer.Service service)
            throws IOException {
        return TcpServer.on(host, family, family.branch(), PORT, service);
    }

    private static void leavesNothing(Branches branches) throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", branches.topology()::held);
        branches.topology().everyPacketIsAccountedFor();
    }

    @ParameterizedTest
    @EnumSource
    void carriesADownloadAndCountsItToTheByte(Family family) throws Exception {
        FlowLog log = new FlowLog();
        int upload = 12_345;
        int download = 30 * MIB + 1;
        CompletableFuture<SocketAddress> seen = new CompletableFuture<>();
        try (Branches branches = open(log);
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    seen.complete(c.getRemoteAddress());
                                    new Content(1).receive(c, upload);
                                    new Content(2).send(c, download);
                                });
                TcpServer wide = server(branches.wide(), family, c -> {});
                TcpServer foreign = server(branches.foreign(), family, c -> {})) {
            SocketAddress local;
            try (SocketChannel client = branches.client().connect(family, near.address())) {
                local = client.getLocalAddress();
                new Content(1).send(client, upload);
                new Content(2).receiveAll(client, download);
            }
            FlowLog.Ended ended = log.ended(PORT);
            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals(local, seen.get(), "who the server thinks it talks to");
            assertEquals(0, wide.accepted() + foreign.accepted());
            Flow flow = ended.flow();
            assertEquals(upload, flow.relayFigures().bytesUp());
            assertEquals(download, flow.relayFigures().bytesDown());
            // Of packets as they came, from either side.
            assertTrue(flow.initiatorBytes() > upload, () -> "" + flow.initiatorBytes());
            assertTrue(flow.targetBytes() > download, () -> "" + flow.targetBytes());
            assertTrue(flow.targetBytes() < download * 1.3, () -> "" + flow.targetBytes());
            assertEquals(1, log.openedFlows().size(), "one flow with two sides");
            leavesNothing(branches);
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesAnUpload(Family family) throws Exception {
        Content content = new Content(2);
        try (Branches branches = open();
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    content.receiveAll(c, 30 * MIB);
                                    c.write(ByteBuffer.wrap(new byte[1]));
                                });
                SocketChannel client = branches.client().connect(family, near.address())) {
            content.send(client, 30 * MIB);
            client.shutdownOutput();

            assertEquals(1, client.read(ByteBuffer.allocate(2)), () -> "" + near.failures());
            assertEquals(-1, client.read(ByteBuffer.allocate(2)));
            leavesNothing(branches);
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesAHundredConnectionsBothWaysAtOnce(Family family) throws Exception {
        int each = 2_000_003;
        try (Branches branches = open();
                TcpServer near = server(branches.near(), family, TcpServer.ECHO);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> clients = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                Content content = new Content(i);
                clients.add(
                        threads.submit(
                                () -> {
                                    try (SocketChannel client =
                                            branches.client().connect(family, near.address())) {
                                        Future<Void> sent =
                                                threads.submit(
                                                        () -> {
                                                            content.send(client, each);
                                                            client.shutdownOutput();
                                                            return null;
                                                        });
                                        content.receiveAll(client, each);
                                        return sent.get();
                                    }
                                }));
            }
            for (Future<Void> client : clients) {
                Object unused = client.get(60, TimeUnit.SECONDS);
            }
            assertEquals(List.of(), near.failures());
            assertEquals(100, near.accepted());
            leavesNothing(branches);
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversTheAnswerAfterTheClientHasEndedItsHalf(Family family) throws Exception {
        Content content = new Content(3);
        try (Branches branches = open();
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    content.receiveAll(c, 1000);
                                    content.send(c, 5 * MIB);
                                });
                SocketChannel client = branches.client().connect(family, near.address())) {
            content.send(client, 1000);
            client.shutdownOutput();

            content.receiveAll(client, 5 * MIB);
            leavesNothing(branches);
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversTheRequestAfterTheServerHasEndedItsHalf(Family family) throws Exception {
        Content content = new Content(4);
        AtomicLong received = new AtomicLong();
        try (Branches branches = open();
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    content.send(c, 1000);
                                    c.shutdownOutput();
                                    content.receiveAll(c, 5 * MIB);
                                    received.set(5 * MIB);
                                });
                SocketChannel client = branches.client().connect(family, near.address())) {
            content.receiveAll(client, 1000);
            content.send(client, 5 * MIB);
            client.shutdownOutput();

            Eventually.equal(5L * MIB, "received", received::get);
            leavesNothing(branches);
        }
    }

    /** What the client sent before it had gone arrives, however slowly the server reads. */
    @ParameterizedTest
    @EnumSource
    void deliversTheRestOfAClientThatHasGone(Family family) throws Exception {
        Content content = new Content(5);
        // More than the server's kernel takes while nobody reads, and less than the gateway's.
        int length = 800_000;
        CompletableFuture<Boolean> read = new CompletableFuture<>();
        CompletableFuture<Boolean> got = new CompletableFuture<>();
        try (Branches branches = open();
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    c.shutdownOutput();
                                    read.get();
                                    content.receiveAll(c, length);
                                    got.complete(true);
                                })) {
            try (SocketChannel client = branches.client().connect(family, near.address())) {
                content.send(client, length);
                client.shutdownOutput();
                assertEquals(-1, client.read(ByteBuffer.allocate(1)));
            }
            Eventually.equal(0, "relays", () -> branches.topology().sum(WorkerStatus::relays));
            assertEquals(1, branches.topology().sum(WorkerStatus::downgrades));
            read.complete(true);
            assertTrue(got.get(30, TimeUnit.SECONDS));
            leavesNothing(branches);
        }
    }

    @ParameterizedTest
    @EnumSource
    void leavesNoDescriptorOfManyShortConnections(Family family) throws Exception {
        try (Branches branches = open();
                TcpServer near =
                        server(branches.near(), family, c -> new Content(6).send(c, 3000))) {
            long before = 0;
            for (int i = 0; i < 300; i++) {
                try (SocketChannel client = branches.client().connect(family, near.address())) {
                    new Content(6).receiveAll(client, 3000);
                }
                if (i == 100) {
                    Eventually.equal(Topology.Held.NOTHING, "held", branches.topology()::held);
                    before = branches.topology().descriptors();
                }
            }
            leavesNothing(branches);
            Eventually.equal(before, "descriptors", branches.topology()::descriptors);
            assertTrue(branches.topology().sum(WorkerStatus::spares) > 0, "made ahead of demand");
        }
    }

    /** RFC 1191, RFC 8201: whoever is further on the way has a smaller link, and says so. */
    @ParameterizedTest
    @EnumSource
    void learnsThatALinkBehindTheTunnelIsSmaller(Family family) throws Exception {
        InetAddress router = Family.parse(family.isIpv6() ? "fd00:7::1" : "10.7.0.1");
        InetAddress far = Family.parse(family.isIpv6() ? "fd00:7::2" : "10.7.0.2");
        Content content = new Content(7);
        try (Branches branches = open();
                Host host = Host.named("far")) {
            Host wide = branches.wide();
            Host.cable(wide, "far", host, "wide");
            wide.address("far", router, family.prefixLength());
            host.address("wide", far, family.prefixLength());
            host.defaultRoute(family, "wide", router);
            wide.forwards();
            // On one side alone, so that the server's SYN does not say it already.
            wide.mtu("far", 1_300);
            try (TcpServer server =
                            TcpServer.on(
                                    host,
                                    family,
                                    far,
                                    PORT,
                                    c -> {
                                        content.receiveAll(c, 2 * MIB);
                                        c.write(ByteBuffer.wrap(new byte[1]));
                                    });
                    SegmentCapture capture = SegmentCapture.on(wide, Topology.DEVICE);
                    SocketChannel client = branches.client().connect(family, server.address())) {
                capture.clear();
                content.send(client, 2 * MIB);
                client.shutdownOutput();
                assertEquals(1, client.read(ByteBuffer.allocate(2)), () -> "" + server.failures());
                capture.look(ip -> ip.destinationPort() == PORT);
                assertTrue(
                        capture.smallest() <= 1_300 - family.headerLength() - 20,
                        () -> "segments of " + capture.smallest());
                leavesNothing(branches);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersDatagramsOfAnyLengthFromTheTunnel(Family family) throws Exception {
        try (Branches branches = open();
                UdpEcho echo = UdpEcho.on(branches.near(), family, family.branch());
                DatagramChannel client = branches.client().udp(family, family.client(), 0)) {
            for (int length : new int[] {0, 1, 1_000, 1_380, 1_450, 4_000, 30_000}) {
                byte[] sent = new Content(length).bytes(length);
                client.send(ByteBuffer.wrap(sent), echo.address());
                ByteBuffer back = ByteBuffer.allocate(65_535);
                client.receive(back);
                assertEquals(ByteBuffer.wrap(sent), back.flip(), () -> "of " + length);
            }
            assertEquals(Set.of(client.getLocalAddress()), echo.sources());
            assertEquals(1, branches.topology().flows().size());
            assertEquals(0, branches.topology().sum(WorkerStatus::sessions));
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void forwardsPings(Family family) throws Exception {
        try (Branches branches = open();
                PingSocket ping = PingSocket.on(branches.client(), family, family.branch())) {
            byte[] payload = new Content(8).bytes(1_000);
            assertArrayEquals(payload, ping.ask(payload));
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsTheClassOfTraffic(Family family) throws Exception {
        int expedited = 46 << 2;
        try (Branches branches = open();
                TcpServer near = server(branches.near(), family, TcpServer.ECHO);
                PacketSocket capture = PacketSocket.on(branches.near(), Topology.DEVICE);
                SocketChannel client = branches.client().tcp(family)) {
            client.setOption(StandardSocketOptions.IP_TOS, expedited);
            client.connect(near.address());
            var syn = capture.await("SYN", ip -> ip.tcp() != null && ip.tcp().syn());
            assertEquals(expedited, syn.trafficClass());
            assertEquals(64, syn.timeToLive(), "as a host sends it");
            assertEquals(
                    Branches.NEAR_MTU - family.headerLength() - 20, syn.tcp().maximumSegmentSize());
        }
    }

    /** Two tenants have the same addresses, on both sides. */
    @ParameterizedTest
    @EnumSource
    void keepsTenantsApart(Family family) throws Exception {
        Topology topology = Topology.withoutGateway();
        try (topology) {
            Host[] clients = {topology.client(), topology.addClient("client2")};
            Host[] branches = {topology.addClient("branch1"), topology.addClient("branch2")};
            StringBuilder yaml = new StringBuilder("onramps:\n");
            for (int i = 0; i < 2; i++) {
                String tenant = "tenant" + i;
                yaml.append(
                        Branches.onRamp(
                                "c" + i,
                                tenant,
                                clients[i],
                                1500,
                                "10.1.0.2/24, \"fd00:1::2/64\""));
                yaml.append("    routes: [10.1.0.0/24, \"fd00:1::/64\"]\n");
                yaml.append(
                        Branches.onRamp(
                                "b" + i,
                                tenant,
                                branches[i],
                                1500,
                                "10.6.0.2/24, \"fd00:6::2/64\""));
                yaml.append("    routes: [10.6.0.0/24, \"fd00:6::/64\"]\n");
            }
            topology.start(yaml + DOWNGRADE_ALL, FlowListener.NONE);
            topology.routeClients();
            try (TcpServer one = server(branches[0], family, c -> new Content(1).send(c, MIB));
                    TcpServer other =
                            server(branches[1], family, c -> new Content(2).send(c, MIB));
                    SocketChannel first = bound(clients[0], family);
                    SocketChannel second = bound(clients[1], family)) {
                first.connect(one.address());
                second.connect(other.address());
                new Content(2).receiveAll(second, MIB);
                new Content(1).receiveAll(first, MIB);
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }

    private static SocketChannel bound(Host host, Family family) throws IOException {
        SocketChannel channel = host.tcp(family);
        channel.bind(new InetSocketAddress(family.client(), 3_333));
        return channel;
    }
}
