package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.linux.NftChain;
import io.culvert.linux.NftRule;
import io.culvert.linux.Nftables;
import io.culvert.wire.IpPacket;

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
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;

/** Flows appear from an address that the host has itself, and neither gets in the other's way. */
@Timeout(60)
class SharedAddressTest extends SourceNatContract {
    private static final int IDENTIFIER = 77;

    /** RFC 3692: for experiments. */
    private static final int EXPERIMENTAL = 253;

    /** Behind a host whose next link takes shorter packets: RFC 1191, RFC 8201. */
    @ParameterizedTest
    @EnumSource
    void carriesATcpUploadOverAShorterLink(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            topology.gatewayHost().mtu(Topology.OUTSIDE, 1_300);
            topology.startSharing("");
            try (TcpServer server =
                            TcpServer.on(
                                    topology.server(),
                                    family,
                                    connection -> {
                                        new Content(1).receiveAll(connection, LENGTH);
                                        connection.write(ByteBuffer.allocate(1));
                                    });
                    SocketChannel client = topology.client().connect(family, server.address())) {
                new Content(1).send(client, LENGTH);
                client.shutdownOutput();

                assertEquals(1, client.read(ByteBuffer.allocate(10)));
                assertEquals(List.of(), server.failures());
                topology.everyPacketIsAccountedFor();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void bringsTheRepliesToPingsOfBothSides(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                PingSocket own = PingSocket.on(topology.gatewayHost(), family, family.server());
                PingSocket towards = PingSocket.on(topology.server(), family, family.gateway())) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            ramp.send(packet.echoRequest(IDENTIFIER, 1, PAYLOAD));

            IpPacket outside =
                    wire.await("request", ip -> ip.icmp() != null && ip.icmp().isEchoRequest());
            assertEquals(family.gateway(), Icmp.source(outside));
            int identifier = outside.icmp().identifier();
            assertTrue(
                    identifier >= Topology.FIRST_PORT && identifier <= Topology.LAST_PORT,
                    "identifier " + identifier);
            IpPacket reply = ramp.await("reply", ip -> Icmp.isReply(ip, IDENTIFIER, 1));
            assertEquals("abcdefgh", Icmp.text(reply));
            assertTrue(Decoded.of(reply).checksumsRight());
            assertArrayEquals(PAYLOAD, own.ask(PAYLOAD));
            assertArrayEquals(PAYLOAD, towards.ask(PAYLOAD));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** An identifier of the range is the host's where the host has pinged with it. */
    @ParameterizedTest
    @EnumSource
    void leavesTheHostItsPingsWhateverTheirIdentifiers(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket offRamp = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP);
                PacketSocket wire = PacketSocket.on(topology.gatewayHost(), Topology.OUTSIDE);
                RawSocket host = RawSocket.on(topology.gatewayHost(), family, family.server())) {
            RawPacket packet = new RawPacket(family.gateway(), family.server());
            for (int i = 0; i < 100; i++) {
                int identifier = Topology.FIRST_PORT + i;
                host.send(packet.echoRequest(identifier, i, PAYLOAD));
                int sequence = i;
                wire.await("reply " + i, ip -> Icmp.isReply(ip, identifier, sequence));
            }

            assertFalse(offRamp.next(Icmp::isReply), "came to the gateway");
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsTheRangeFromTheHostsOwnConnections(Family family) throws Exception {
        try (Topology topology = open("");
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            // Two more than the range has.
            topology.gatewayHost()
                    .namespace()
                    .sysctl(
                            "net.ipv4.ip_local_port_range",
                            Topology.FIRST_PORT + " " + (Topology.LAST_PORT + 2));
            Set<Integer> ports = new TreeSet<>();
            List<SocketChannel> own = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                own.add(topology.gatewayHost().connect(family, server.address()));
                ports.add(((InetSocketAddress) own.getLast().getLocalAddress()).getPort());
            }

            assertEquals(Set.of(Topology.LAST_PORT + 1, Topology.LAST_PORT + 2), ports);
            for (SocketChannel each : own) {
                echo(each);
                each.close();
            }
            echo(client);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void leavesTheHostItsServices(Family family) throws Exception {
        try (Topology topology = open("filtering: endpoint-independent");
                PacketSocket offRamp = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP);
                ServerSocketChannel service =
                        topology.gatewayHost().listen(family, family.any(), 0);
                UdpEcho datagrams = UdpEcho.on(topology.gatewayHost(), family, family.gateway());
                SocketChannel client =
                        topology.server()
                                .connect(
                                        family,
                                        new InetSocketAddress(
                                                family.gateway(),
                                                service.socket().getLocalPort()));
                SocketChannel accepted = service.accept();
                DatagramChannel sender = topology.server().udp(family, family.server(), 0)) {
            client.write(ByteBuffer.wrap(PAYLOAD));
            assertEquals(PAYLOAD.length, accepted.read(ByteBuffer.allocate(100)));
            sender.send(ByteBuffer.wrap(PAYLOAD), datagrams.address());
            assertArrayEquals(PAYLOAD, receive(sender));
            assertFalse(
                    offRamp.next(ip -> ip.tcp() != null || ip.udp() != null),
                    "came to the gateway");
        }
    }

    /** Whoever is masqueraded has any port, of the range as well, and keeps it. */
    @ParameterizedTest
    @EnumSource
    void leavesTheHostThoseWhomItMasquerades(Family family) throws Exception {
        InetAddress neighbour = Family.parse(family.isIpv6() ? "fd00:7::2" : "10.7.0.2");
        InetAddress own = Family.parse(family.isIpv6() ? "fd00:7::1" : "10.7.0.1");
        try (Topology topology = open("filtering: endpoint-independent");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                Nftables nftables = topology.gatewayHost().namespace().call(Nftables::new);
                PacketSocket offRamp = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP);
                Host lan = Host.named("lan")) {
            Host.cable(topology.gatewayHost(), "lan", lan, "up");
            topology.gatewayHost().address("lan", own, family.prefixLength());
            lan.address("up", neighbour, family.prefixLength());
            lan.defaultRoute(family, "up", own);
            NftRule rule =
                    new NftRule()
                            .from(neighbour)
                            .protocol(17)
                            .masquerade(family.gateway(), 1, 65_535);
            nftables.addOwned(
                    "hosts",
                    List.of(
                            new NftChain(
                                    "nat",
                                    true,
                                    NftChain.Place.AFTER_ROUTING,
                                    NftChain.SOURCES,
                                    List.of(rule))));
            int port = Topology.FIRST_PORT + 7;
            try (DatagramChannel client = lan.udp(family, neighbour, port)) {
                client.send(ByteBuffer.wrap(PAYLOAD), echo.address());
                assertArrayEquals(PAYLOAD, receive(client));
                assertEquals(Set.of(new InetSocketAddress(family.gateway(), port)), echo.sources());
                assertFalse(offRamp.next(ip -> ip.udp() != null), "came to the gateway");
            }
        }
    }

    /** Also when nobody has kept track of it, and the other end speaks first. */
    @ParameterizedTest
    @EnumSource
    void leavesTheHostAConnectionThatWasThereBefore(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                ServerSocketChannel service = topology.server().listen(family, family.server(), 0);
                SocketChannel own = topology.gatewayHost().tcp(family)) {
            own.bind(new InetSocketAddress(family.gateway(), Topology.FIRST_PORT + 7));
            own.connect(service.getLocalAddress());
            try (SocketChannel accepted = service.accept()) {
                topology.startSharing("filtering: endpoint-independent");
                try (PacketSocket offRamp =
                        PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP)) {
                    accepted.write(ByteBuffer.wrap(PAYLOAD));
                    assertEquals(PAYLOAD.length, own.read(ByteBuffer.allocate(100)));
                    own.write(ByteBuffer.wrap(PAYLOAD));
                    assertEquals(PAYLOAD.length, accepted.read(ByteBuffer.allocate(100)));
                    assertFalse(offRamp.next(ip -> ip.tcp() != null), "came to the gateway");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void letsTheHostInWhereItIsToldToAndTheAnswersOut(Family family) throws Exception {
        try (Topology topology = open("filtering: endpoint-independent");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel host = topology.gatewayHost().udp(family, family.gateway(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            SocketAddress mapped = map(client, echo);

            host.send(ByteBuffer.wrap(PAYLOAD), mapped);

            assertEquals(host.getLocalAddress(), client.receive(ByteBuffer.allocate(100)));
            client.send(ByteBuffer.wrap(PAYLOAD), host.getLocalAddress());
            assertEquals(mapped, host.receive(ByteBuffer.allocate(100)), "the answer's source");
            topology.everyPacketIsAccountedFor();
        }
    }

    /** As anybody else would reach them. */
    @ParameterizedTest
    @EnumSource
    void reachesTheHostsServicesFromInside(Family family) throws Exception {
        try (Topology topology = open("");
                UdpEcho service = UdpEcho.on(topology.gatewayHost(), family, family.gateway());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            assertOutside(family, map(client, service));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** It is the host's, who may have a tunnel of its own there. */
    @ParameterizedTest
    @EnumSource
    void forwardsNothingWithoutPorts(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE)) {
            ramp.send(new RawPacket(family.client(), family.server()).other(EXPERIMENTAL, PAYLOAD));

            ramp.await("refusal", Icmp::isUnreachable);
            assertFalse(wire.next(ip -> ip.protocol() == EXPERIMENTAL));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void hasSeveralOffRampsAtOneAddress(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            topology.gatewayHost().forwards();
            topology.start(
                    topology.onRamps(1500, "acme")
                            + Topology.sharedOffRamp("")
                            + """
                              - name: other
                                type: device
                                device: culv-other
                                addresses: [10.2.0.1, "fd00:2::1"]
                                ports: 50000-50009
                            policy:
                              default: forward
                              rules: [{ protocol: udp, do: forward, via: other }]
                            """,
                    FlowListener.NONE);
            topology.routeClients();
            List<SocketAddress> peers = new CopyOnWriteArrayList<>();
            try (UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                    TcpServer server =
                            TcpServer.on(
                                    topology.server(),
                                    family,
                                    connection -> {
                                        peers.add(connection.getRemoteAddress());
                                        TcpServer.ECHO.serve(connection);
                                    });
                    SocketChannel connection = topology.client().connect(family, server.address());
                    DatagramChannel client = topology.client().udp(family, null, 0)) {
                InetSocketAddress mapped = (InetSocketAddress) map(client, echo);
                echo(connection);

                assertEquals(family.gateway(), mapped.getAddress());
                assertTrue(mapped.getPort() >= 50_000 && mapped.getPort() <= 50_009, "" + mapped);
                assertOutside(family, peers.getFirst());
                topology.everyPacketIsAccountedFor();
            }
        }
    }

    @Override
    InetAddress outside(Family family) {
        return family.gateway();
    }

    @Override
    Topology open(String offRamp) throws IOException {
        return Topology.withSharedOffRamp(offRamp);
    }

    private static void echo(SocketChannel connection) throws IOException {
        connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
        connection.write(ByteBuffer.wrap(PAYLOAD));
        ByteBuffer answer = ByteBuffer.allocate(PAYLOAD.length);
        while (answer.hasRemaining() && connection.read(answer) >= 0) {}
        assertArrayEquals(PAYLOAD, answer.array());
    }
}
