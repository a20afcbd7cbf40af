package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.hook.Reason;
import io.culvert.linux.DescriptorMessage;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.SyscallException;
import io.culvert.tun.TunDevice;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Tunnels over a Unix socket: a context, and then one IP packet in each message. */
@Timeout(60)
class SeqpacketTest {
    private static final int LENGTH = 8 * 1024 * 1024;
    private static final String CONTEXT = "tenant=acme\nid=laptop-7\nuser=alice\n";

    @TempDir private Path directory;

    private RawTunnel raw(String context) throws IOException {
        return RawTunnel.open(directory.resolve("tunnels.sock"), context);
    }

    @ParameterizedTest
    @EnumSource
    void carriesConnectionsDatagramsAndPings(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TunnelClient _ = tunnels.connect(device, CONTEXT);
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().server(),
                                family,
                                connection -> {
                                    new Content(1).send(connection, LENGTH);
                                    new Content(2).receiveAll(connection, LENGTH);
                                });
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), family, family.server());
                DatagramChannel udp = tunnels.topology().client().udp(family, null, 0);
                PingSocket ping =
                        PingSocket.on(tunnels.topology().client(), family, family.server())) {
            try (SocketChannel client =
                    tunnels.topology().client().connect(family, server.address())) {
                new Content(1).receive(client, LENGTH);
                new Content(2).send(client, LENGTH);
                client.shutdownOutput();
                assertEquals(-1, client.read(ByteBuffer.allocate(1)));
            }
            byte[] datagram = new Content(3).bytes(1_200);
            udp.send(ByteBuffer.wrap(datagram), echo.address());
            ByteBuffer back = ByteBuffer.allocate(2_000);
            udp.receive(back);
            assertEquals(ByteBuffer.wrap(datagram), back.flip());
            assertArrayEquals(datagram, ping.ask(datagram));
            assertEquals(
                    List.of("acme"),
                    tunnels.topology().flows().stream()
                            .map(flow -> flow.tenant().name())
                            .distinct()
                            .toList());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void forwardsBetweenTunnelsOfATenantByTheRoutesTheyName(Family family) throws Exception {
        try (SeqpacketTunnels tunnels =
                SeqpacketTunnels.open(directory, "", Topology.FORWARD_ALL)) {
            Host branch = tunnels.topology().addClient("branch");
            try (TunDevice here = tunnels.device(tunnels.topology().client(), false);
                    TunDevice there = tunnels.device(branch, true);
                    TunnelClient _ =
                            tunnels.connect(
                                    here, "tenant=acme\nroutes=10.1.0.0/24, fd00:1::/64\n");
                    TunnelClient _ =
                            tunnels.connect(
                                    there, "tenant=acme\nroutes=10.6.0.0/24,fd00:6::/64\n");
                    TcpServer server =
                            TcpServer.on(branch, family, family.branch(), 0, TcpServer.ECHO);
                    SocketChannel client =
                            tunnels.topology().client().connect(family, server.address())) {
                new Content(1).send(client, 100_000);
                new Content(1).receive(client, 100_000);
                tunnels.topology().everyPacketIsAccountedFor();
            }
        }
    }

    /** RFC 2827: what a tunnel says that it leads to is where its packets come from. */
    @ParameterizedTest
    @EnumSource
    void takesPacketsFromTheRoutesOfATunnelAlone(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                RawTunnel socket = raw("tenant=acme\nroutes=10.9.0.0/24,fd00:9::/64")) {
            socket.send(new RawPacket(family.client(), family.server()).udp(1, 9, new byte[3]));

            Eventually.equal(
                    1L, "dropped", () -> tunnels.topology().dropped(Reason.SOURCE_NOT_ALLOWED));
        }
    }

    @ParameterizedTest
    @EnumSource
    void goesOnWithTheConnectionsOfATunnelThatComesBack(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO)) {
            TunnelClient first = tunnels.connect(device, CONTEXT);
            try (SocketChannel client =
                    tunnels.topology().client().connect(family, server.address())) {
                new Content(1).send(client, 10_000);
                new Content(1).receive(client, 10_000);
                first.close();
                Eventually.equal(0, "connected", tunnels.topology().gateway()::tunnels);
                new Content(2).send(client, 10_000);
                try (TunnelClient _ = tunnels.connect(device, CONTEXT)) {
                    new Content(2).receive(client, 10_000);
                    assertEquals(1, server.accepted());
                    assertEquals(1, tunnels.topology().gateway().flows());
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"'', 60s", "id=laptop-7, 0s"})
    void endsTheFlowsOfATunnelThatWillNotComeBack(String id, String grace) throws Exception {
        Family family = Family.IPV4;
        try (SeqpacketTunnels tunnels =
                        SeqpacketTunnels.open(
                                directory, ", grace: " + grace, Topology.UPGRADE_ALL);
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO)) {
            TunnelClient tunnel = tunnels.connect(device, "tenant=acme\n" + id);
            try (SocketChannel client =
                    tunnels.topology().client().connect(family, server.address())) {
                new Content(1).send(client, 10_000);
                new Content(1).receive(client, 10_000);

                tunnel.close();

                Eventually.equal(Topology.Held.NOTHING, "left", tunnels.topology()::held);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "user=alice, the context has no tenant=NAME",
                "tenant=, 'tenant has no value, or one of more than 63 characters'",
                "hello, line 1 is not key=value",
                "'tenant=a\ntenant=b', line 2: tenant again",
                "'tenant=a\nroutes=10.0.0.1/8', routes: ",
                "'tenant=a\nmtu=70000', mtu is not between 576 and 65535",
                "'tenant=other\nroutes=10.9.0.0/24', none",
                "'tenant=acme\nroutes=10.9.0.0/24', 10.9.0.0/24 leads into another tunnel already",
            })
    void saysWhyAContextIsRefused(String context, String why) throws Exception {
        try (SeqpacketTunnels _ = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                RawTunnel there = raw("tenant=acme\nroutes=10.9.0.0/24");
                RawTunnel socket = raw(context)) {
            assertTrue(there.isOpen());
            if (why != null) {
                String said = socket.said();
                assertTrue(said.startsWith("refused: " + why), said);
                assertEquals("", socket.said(), "and then the end");
            } else {
                // The other tenant's route is another.
                socket.send(new byte[] {0x40});
                assertEquals(1, socket.send(new byte[] {0x40}));
            }
        }
    }

    @Test
    void refusesAContextThatIsTooLong() throws Exception {
        try (SeqpacketTunnels _ = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                RawTunnel socket = raw("tenant=acme\nnote=" + "x".repeat(5_000))) {
            assertEquals("refused: the context has more than 4096 bytes\n", socket.said());
        }
    }

    /** unix(7), SCM_RIGHTS: nobody asked for them. */
    @Test
    void keepsNoDescriptorsThatComeAlong() throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                RawTunnel socket = raw("tenant=acme")) {
            byte[] packet =
                    new RawPacket(Family.IPV4.client(), Family.IPV4.nobody())
                            .udp(1, 9, new byte[3]);
            socket.send(packet);
            Eventually.equal(1L, "received", () -> tunnels.topology().status().received());
            long before = tunnels.topology().descriptors();
            ByteBuffer payload = ByteBuffer.allocateDirect(packet.length).put(packet).flip();
            for (int i = 0; i < 200; i++) {
                DescriptorMessage.send(
                        socket.socket(),
                        payload.duplicate(),
                        socket.socket().number(),
                        socket.socket().number());
            }
            Eventually.equal(201L, "received", () -> tunnels.topology().status().received());
            assertEquals(before, tunnels.topology().descriptors());
        }
    }

    @Test
    void losesNothingOfOthersWhereOneDoesNotRead() throws Exception {
        Family family = Family.IPV4;
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), family, family.server());
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TunnelClient _ = tunnels.connect(device, "tenant=other");
                RawTunnel deaf = raw("tenant=acme");
                DatagramChannel udp = tunnels.topology().client().udp(family, null, 0)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int i = 0; i < 2_000; i++) {
                deaf.send(packet.udp(7, echo.address().getPort(), new byte[1_000]));
            }
            ByteBuffer back = ByteBuffer.allocate(100);
            for (int i = 0; i < 100; i++) {
                udp.send(ByteBuffer.wrap(new byte[] {(byte) i}), echo.address());
                udp.receive(back.clear());
                assertEquals(i, back.get(0));
            }
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @Test
    void leavesNothingOfManyTunnelsThatComeSendAndGo() throws Exception {
        try (SeqpacketTunnels tunnels =
                SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL)) {
            RawPacket packet = new RawPacket(Family.IPV4.client(), Family.IPV4.nobody());
            long before = tunnels.topology().descriptors();
            for (int round = 0; round < 3; round++) {
                List<RawTunnel> sockets = new ArrayList<>();
                for (int i = 0; i < 300; i++) {
                    sockets.add(raw("tenant=t" + i % 7));
                    sockets.getLast().send(packet.udp(1 + i, 9, new byte[3]));
                }
                long expected = 300L * (round + 1);
                Eventually.equal(
                        expected, "received", () -> tunnels.topology().status().received());
                sockets.forEach(RawTunnel::close);
                Eventually.equal(Topology.Held.NOTHING, "left", tunnels.topology()::held);
            }
            Eventually.equal(before, "descriptors", tunnels.topology()::descriptors);
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @Test
    void makesItsSocketWithTheModeAskedForAndTakesItAway() throws Exception {
        Path path = directory.resolve("tunnels.sock");
        try (SeqpacketTunnels _ =
                SeqpacketTunnels.open(directory, ", mode: \"0640\"", Topology.UPGRADE_ALL)) {
            assertEquals(
                    "rw-r-----",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            IOException taken =
                    assertThrows(
                            IOException.class,
                            () -> SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL));
            assertTrue(taken.getMessage().contains("another gateway listens"), taken::getMessage);
        }
        assertTrue(Files.notExists(path));
        leaveBehind(path);
        SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL).close();
    }

    /** As a gateway that was killed. */
    private static void leaveBehind(Path path) throws SyscallException {
        try (Fd socket = Sockets.seqpacket()) {
            Sockets.bind(socket, new SocketAddressBuffer().setUnix(path));
        }
        assertTrue(Files.exists(path));
    }

    @Test
    void tellsAClientThatItWasRefused() throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                TunDevice device = tunnels.device(tunnels.topology().client(), false);
                TunnelClient client =
                        TunnelClient.connect(
                                tunnels.path(), "user=alice", device.queues().getFirst())) {
            assertEquals(
                    "refused: the context has no tenant=NAME",
                    client.over().get(10, TimeUnit.SECONDS));
        }
    }
}
