package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.explain.Question;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Upgraded flows that go into a tunnel under an address of the gateway's. */
@Timeout(90)
class DowngradeAliasTest {
    private static final int MIB = 1024 * 1024;
    private static final int PORT = 6_000;

    private static final String OFF_RAMP =
            """
            offramps:
              - { name: tunnels, type: tunnels, source: [10.9.0.1, "fd00:9::1"] }
            """;

    private static Branches open(FlowListener listener) throws IOException {
        return Branches.open(1500, OFF_RAMP, DowngradeTest.DOWNGRADE_ALL, listener);
    }

    private static InetAddress alias(Family family) {
        return Family.parse(family.isIpv6() ? "fd00:9::1" : "10.9.0.1");
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
    void aConnectionCarriesAllOfBothDirections(Family family) throws Exception {
        int upload = 3 * MIB + 7;
        int download = 20 * MIB + 1;
        FlowLog log = new FlowLog();
        Set<InetSocketAddress> seen = ConcurrentHashMap.newKeySet();
        try (Branches branches = open(log);
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    seen.add((InetSocketAddress) c.getRemoteAddress());
                                    new Content(1).receive(c, upload);
                                    new Content(2).send(c, download);
                                })) {
            InetSocketAddress local;
            try (SocketChannel client = branches.client().connect(family, near.address())) {
                local = (InetSocketAddress) client.getLocalAddress();
                new Content(1).send(client, upload);
                new Content(2).receiveAll(client, download);
            }
            FlowLog.Ended ended = log.ended(PORT);
            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals(upload, ended.flow().relayFigures().bytesUp());
            assertEquals(download, ended.flow().relayFigures().bytesDown());
            // Nobody else has that port.
            assertEquals(Set.of(new InetSocketAddress(alias(family), local.getPort())), seen);
            leavesNothing(branches);
        }
    }

    /** Their ports are the same, and they are not. */
    @ParameterizedTest
    @EnumSource
    void connectionsOfTwoClientsFromOnePortAreTwo(Family family) throws Exception {
        Set<InetSocketAddress> seen = ConcurrentHashMap.newKeySet();
        InetAddress second = Family.parse(family.isIpv6() ? "fd00:1::22" : "10.1.0.22");
        try (Branches branches = open(FlowListener.NONE);
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    seen.add((InetSocketAddress) c.getRemoteAddress());
                                    TcpServer.ECHO.serve(c);
                                })) {
            branches.client().address(Topology.DEVICE, second, family.prefixLength());
            List<SocketChannel> clients = new ArrayList<>();
            for (InetAddress from : List.of(family.client(), second)) {
                SocketChannel client = branches.client().tcp(family);
                client.bind(new InetSocketAddress(from, 5_000));
                client.connect(near.address());
                clients.add(client);
            }
            for (int i = 0; i < 2; i++) {
                new Content(i).send(clients.get(i), MIB);
                new Content(i).receive(clients.get(i), MIB);
            }
            assertEquals(2, seen.size());
            Set<InetAddress> addresses = new HashSet<>();
            seen.forEach(each -> addresses.add(each.getAddress()));
            assertEquals(Set.of(alias(family)), addresses);
            for (SocketChannel client : clients) {
                client.close();
            }
            leavesNothing(branches);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTargetThatRefusesIsSeenToRefuse(Family family) throws Exception {
        try (Branches branches = open(FlowListener.NONE)) {
            InetSocketAddress nobody = new InetSocketAddress(family.branch(), PORT + 1);
            assertThrows(ConnectException.class, () -> branches.client().connect(family, nobody));
            leavesNothing(branches);
        }
    }

    @ParameterizedTest
    @EnumSource
    void datagramsOfAnySizeComeBack(Family family) throws Exception {
        try (Branches branches = open(FlowListener.NONE);
                UdpEcho echo = UdpEcho.on(branches.near(), family, family.branch());
                DatagramChannel client = branches.client().udp(family, null, 0)) {
            client.connect(echo.address());
            // The largest are cut for the narrower tunnel, and both ways.
            for (int size : new int[] {1, 100, 1_300, 1_372, 4_000, 20_000}) {
                ByteBuffer sent = ByteBuffer.wrap(new Content(size).bytes(size));
                client.write(sent);
                ByteBuffer back = ByteBuffer.allocate(30_000);
                client.read(back);
                assertEquals(sent.rewind(), back.flip(), () -> "of " + size);
            }
            int port = ((InetSocketAddress) client.getLocalAddress()).getPort();
            assertEquals(Set.of(new InetSocketAddress(alias(family), port)), echo.sources());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** The target's kernel quotes the alias, which nobody but the gateway knows. */
    @ParameterizedTest
    @EnumSource
    void errorsOfTheTargetReachTheInitiator(Family family) throws Exception {
        try (Branches branches = open(FlowListener.NONE);
                DatagramChannel client = branches.client().udp(family, null, 0)) {
            client.connect(new InetSocketAddress(family.branch(), PORT + 2));
            client.write(ByteBuffer.allocate(100));

            assertThrows(
                    PortUnreachableException.class,
                    () -> client.socket().receive(new java.net.DatagramPacket(new byte[9], 9)));
        }
    }

    /** The initiator's own error is about what it thinks that it got. */
    @ParameterizedTest
    @EnumSource
    void errorsOfTheInitiatorReachTheTarget(Family family) throws Exception {
        try (Branches branches = open(FlowListener.NONE);
                DatagramChannel server = branches.near().udp(family, family.branch(), PORT)) {
            InetSocketAddress alias;
            try (DatagramChannel client = branches.client().udp(family, null, 0)) {
                client.send(ByteBuffer.allocate(100), (InetSocketAddress) server.getLocalAddress());
                alias = (InetSocketAddress) server.receive(ByteBuffer.allocate(200));
                assertEquals(alias(family), alias.getAddress());
            }
            // Now nobody is there.
            server.connect(alias);
            server.socket().setSoTimeout(15_000);
            server.write(ByteBuffer.allocate(100));
            assertThrows(
                    PortUnreachableException.class,
                    () -> server.socket().receive(new java.net.DatagramPacket(new byte[9], 9)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPingIsAnsweredWhoeverItSeemsToComeFrom(Family family) throws Exception {
        try (Branches branches = open(FlowListener.NONE);
                PingSocket one = PingSocket.on(branches.client(), family, family.branch());
                PingSocket two = PingSocket.on(branches.client(), family, family.branch())) {
            byte[] payload = new Content(5).bytes(400);
            for (PingSocket each : List.of(one, two, one)) {
                assertEquals(ByteBuffer.wrap(payload), ByteBuffer.wrap(each.ask(payload)));
            }
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void flowsThatLiveKeepWhatTheyHadWhenThatChanges(Family family) throws Exception {
        Set<InetAddress> seen = ConcurrentHashMap.newKeySet();
        try (Branches branches = open(FlowListener.NONE);
                TcpServer near =
                        server(
                                branches.near(),
                                family,
                                c -> {
                                    seen.add(
                                            ((InetSocketAddress) c.getRemoteAddress())
                                                    .getAddress());
                                    TcpServer.ECHO.serve(c);
                                });
                SocketChannel before = branches.client().connect(family, near.address())) {
            new Content(1).send(before, 1000);
            new Content(1).receive(before, 1000);

            branches.apply("", DowngradeTest.DOWNGRADE_ALL);

            new Content(2).send(before, MIB);
            new Content(2).receive(before, MIB);
            try (SocketChannel after = branches.client().connect(family, near.address())) {
                new Content(3).send(after, 1000);
                new Content(3).receive(after, 1000);
            }
            assertEquals(Set.of(alias(family), family.client()), seen);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isSaidBeforehand(Family family) throws Exception {
        try (Branches branches = open(FlowListener.NONE)) {
            var explained =
                    branches.topology()
                            .gateway()
                            .explain(
                                    new Question(
                                            "acme",
                                            family.client().getHostAddress(),
                                            5_000,
                                            family.branch().getHostAddress(),
                                            PORT,
                                            6,
                                            "branch"));
            assertEquals(family.isIpv6() ? "fd00:9::1" : "10.9.0.1", explained.outside());
            assertTrue(explained.result().contains("into near as " + explained.outside()));
        }
    }
}
