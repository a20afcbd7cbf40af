package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.gateway.WorkerStatus;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Upgraded flows that leave another way than their packets say. */
@Timeout(60)
class EgressTest {
    private static final int UPSTREAM = HandlersPlugin.UPSTREAM_PORT + 1;

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    private Topology open(Family family) throws IOException {
        String plugins =
                "plugins: [ { jar: %s } ]\n"
                        .formatted(PluginJars.write(directory, HandlersPlugin.class));
        Topology topology = Topology.open(plugins + Topology.UPGRADE_ALL, log);
        topology.gatewayHost()
                .address(
                        Topology.OUTSIDE,
                        HandlersPlugin.source(family.isIpv6()),
                        family.prefixLength());
        return topology;
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionGoesToTheUpstreamInItsTargetsPlace(Family family) throws Exception {
        try (Topology topology = open(family);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                family.secondServer(),
                                UPSTREAM,
                                TcpServer.ECHO);
                SocketChannel client =
                        topology.client()
                                .connect(family, family.server(HandlersPlugin.UPSTREAM_PORT))) {
            client.write(ByteBuffer.wrap(new byte[] {7}));
            ByteBuffer answer = ByteBuffer.allocate(1);
            assertEquals(1, client.read(answer));

            assertEquals(7, answer.get(0));
            assertEquals(1, server.accepted());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionLeavesFromTheAddressThatWasChosen(Family family) throws Exception {
        CompletableFuture<InetAddress> seen = new CompletableFuture<>();
        try (Topology topology = open(family);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                family.server(),
                                HandlersPlugin.SOURCE_PORT,
                                c -> seen.complete(remote(c)));
                SocketChannel client = topology.client().connect(family, server.address())) {
            assertEquals(HandlersPlugin.source(family.isIpv6()), seen.get(20, TimeUnit.SECONDS));
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        }
    }

    private static InetAddress remote(SocketChannel connection) throws IOException {
        return ((InetSocketAddress) connection.getRemoteAddress()).getAddress();
    }

    @ParameterizedTest
    @EnumSource
    void anAddressThatIsNoneOfTheHostsReachesNobody(Family family) throws Exception {
        int port = HandlersPlugin.WRONG_SOURCE_PORT;
        try (Topology topology = open(family);
                TcpServer server =
                        TcpServer.on(topology.server(), family, family.server(), port, c -> {})) {
            assertThrows(
                    IOException.class, () -> topology.client().connect(family, server.address()));

            assertEquals(Reason.DIAL_UNREACHABLE, log.ended(port).reason());
            assertEquals(0, server.accepted());
        }
    }

    private static InetSocketAddress ask(
            DatagramChannel client, DatagramChannel server, InetSocketAddress target, int what)
            throws IOException {
        client.send(ByteBuffer.wrap(new byte[] {(byte) what}), target);
        ByteBuffer question = ByteBuffer.allocate(2);
        InetSocketAddress asker = (InetSocketAddress) server.receive(question);
        server.send(question.flip(), asker);
        ByteBuffer answer = ByteBuffer.allocate(2);
        InetSocketAddress from = (InetSocketAddress) client.receive(answer);
        assertEquals(what, answer.get(0));
        assertEquals(target, from, "who answers, as the client sees it");
        return asker;
    }

    @ParameterizedTest
    @EnumSource
    void datagramsForTwoTargetsWithOneUpstreamAreToldApart(Family family) throws Exception {
        int port = HandlersPlugin.UPSTREAM_PORT;
        InetSocketAddress one = family.server(port);
        InetSocketAddress other = new InetSocketAddress(family.nobody(), port);
        try (Topology topology = open(family);
                DatagramChannel server =
                        topology.server().udp(family, family.secondServer(), UPSTREAM);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            InetSocketAddress first = ask(client, server, one, 1);
            InetSocketAddress second = ask(client, server, other, 2);
            assertEquals(first, ask(client, server, one, 3));
            assertEquals(second, ask(client, server, other, 4));
            assertEquals(2, topology.sum(WorkerStatus::sessions), "a socket each");
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void datagramsLeaveFromTheAddressThatWasChosen(Family family) throws Exception {
        int port = HandlersPlugin.SOURCE_PORT;
        try (Topology topology = open(family);
                DatagramChannel server = topology.server().udp(family, family.server(), port);
                DatagramChannel second =
                        topology.server().udp(family, family.secondServer(), port);
                DatagramChannel plain = topology.server().udp(family, family.server(), port + 90);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            InetSocketAddress asker = ask(client, server, family.server(port), 1);
            assertEquals(HandlersPlugin.source(family.isIpv6()), asker.getAddress());
            InetSocketAddress toSecond =
                    ask(client, second, new InetSocketAddress(family.secondServer(), port), 2);
            assertEquals(asker, toSecond, "one mapping, RFC 4787 REQ-1");
            InetSocketAddress chosen = ask(client, plain, family.server(port + 90), 3);
            assertNotEquals(asker, chosen, "by a socket whose address the host chooses");
            assertEquals(2, topology.sum(WorkerStatus::sessions), "one for each address");
        }
    }

    @ParameterizedTest
    @EnumSource
    void datagramsFromAnAddressThatIsNoneOfTheHostsReachNobody(Family family) throws Exception {
        int port = HandlersPlugin.WRONG_SOURCE_PORT;
        try (Topology topology = open(family);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.connect(family.server(port));
            client.write(ByteBuffer.allocate(1));

            assertEquals(Reason.DIAL_UNREACHABLE, log.ended(port).reason());
            Eventually.equal(1L, "answered", () -> topology.status().answered());
        }
    }
}
