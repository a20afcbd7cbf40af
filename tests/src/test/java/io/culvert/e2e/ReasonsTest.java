package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;
import io.culvert.linux.Route;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Reasons that no other test is about, each with what provokes it. */
@Timeout(60)
class ReasonsTest {
    private static final int ROUTING_HEADER = 43;
    private static final int GRE = 47;

    @TempDir private Path directory;

    /** A length of 7, where the header alone has 8; and a message that ends within its header. */
    @ParameterizedTest
    @EnumSource
    void headersThatAreCutAreMalformed(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            ramp.send(packet.other(17, HexFormat.of().parseHex("100020000007ffff")));
            ramp.send(packet.other(family.isIpv6() ? 58 : 1, new byte[4]));

            Eventually.equal(1L, "UDP", () -> topology.dropped(Reason.MALFORMED_UDP));
            Eventually.equal(1L, "ICMP", () -> topology.dropped(Reason.MALFORMED_ICMP));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** The sender is told, and no more often than it may be. */
    @ParameterizedTest
    @EnumSource
    void aPacketThatTheNextLinkDoesNotTakeIsTooBig(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Host branch = topology.addClient(Site.FAR)) {
            Site near = new Site(Site.NEAR, topology.client(), topology.gatewayHost(), directory);
            Site far = new Site(Site.FAR, branch, topology.gatewayHost(), directory);
            topology.start(
                    "onramps:\n"
                            + new TunSite().prepare(near)
                            + new TunSite().prepare(far).replace("mtu: 1500", "mtu: 1300")
                            + Topology.FORWARD_ALL,
                    FlowListener.NONE);
            try (PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
                byte[] packet =
                        RawPacket.dontFragment(
                                new RawPacket(family.client(), family.branch())
                                        .udp(1000, 2000, new byte[1_350]));
                Eventually.holds(
                        "more of them than are answered",
                        () -> {
                            ramp.send(packet);
                            return topology.dropped(Reason.TOO_BIG) > 0;
                        });
                assertEquals(0, topology.status().carried());
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 8200 section 4.4: of a type that nobody knows, with a host to pass yet. */
    @ParameterizedTest
    @EnumSource(names = "IPV6")
    void aRoutingHeaderThatIsNotDoneGoesNoFurther(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            byte[] header = HexFormat.of().parseHex("1100fd0100000000");
            byte[] datagram = HexFormat.of().parseHex("1000200000080000");
            byte[] payload = Arrays.copyOf(header, header.length + datagram.length);
            System.arraycopy(datagram, 0, payload, header.length, datagram.length);
            // Its checksum: the pseudo-header's addresses, length 8 and protocol 17, and the ports.
            byte[] whole =
                    new RawPacket(family.client(), family.server())
                            .udp(0x1000, 0x2000, new byte[0]);
            System.arraycopy(whole, whole.length - 2, payload, payload.length - 2, 2);
            byte[] packet =
                    new RawPacket(family.client(), family.server()).other(ROUTING_HEADER, payload);
            Eventually.holds(
                    "more of them than are answered",
                    () -> {
                        ramp.send(packet);
                        return topology.dropped(Reason.SEGMENTS_LEFT) > 0;
                    });
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Where the host's kernel sends nothing, and there is no route that could be missing. */
    @ParameterizedTest
    @EnumSource
    void aDatagramThatTheHostRefusesToSendIsASocketError(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            topology.gatewayHost().deadRoute(family.nobody(), Route.Type.PROHIBIT);
            client.connect(new InetSocketAddress(family.nobody(), 2000));
            client.write(ByteBuffer.allocate(4));

            Eventually.holds("it is counted", () -> topology.dropped(Reason.SOCKET_ERROR) > 0);
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 2890 section 2.2: the sequence number follows the flags and the protocol. */
    @ParameterizedTest
    @EnumSource
    void aTunnelsPacketBehindOneWithALaterNumberIsOutOfSequence(Family outer) throws Exception {
        String peer = GreTunnels.peer(outer, 0, "tenant: acme, sequence: true");
        try (GreTunnels tunnels = GreTunnels.open(outer, 1, peer, Topology.UPGRADE_ALL);
                RawSocket out =
                        RawSocket.on(tunnels.topology().client(), outer, tunnels.gateway())) {
            byte[] inner =
                    new RawPacket(Family.IPV4.client(), Family.IPV4.server())
                            .udp(1000, 2000, new byte[4]);
            for (int number : new int[] {1, 7, 6}) {
                ByteBuffer gre = ByteBuffer.allocate(8 + inner.length);
                gre.putShort((short) 0x1000).putShort((short) 0x0800).putInt(number).put(inner);
                out.send(
                        new RawPacket(tunnels.outer(0), tunnels.gateway()).other(GRE, gre.array()));
            }

            Eventually.equal(
                    1L, "behind", () -> tunnels.topology().dropped(Reason.TUNNEL_SEQUENCE));
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 5382 REQ-5: not before four minutes are over. */
    @Test
    @Tag("abuse")
    @Timeout(400)
    void whoDoesNotCompleteTheHandshakeRunsOutOfTime() throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                TcpServer four = TcpServer.on(topology.server(), Family.IPV4, TcpServer.ECHO);
                TcpServer six = TcpServer.on(topology.server(), Family.IPV6, TcpServer.ECHO);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            // Nobody has these addresses, so nobody answers.
            for (TcpServer server : List.of(four, six)) {
                InetAddress target = server.address().getAddress();
                String nobody = target instanceof Inet6Address ? "fd00:1::77" : "10.1.0.77";
                ramp.send(
                        new RawPacket(Family.parse(nobody), target)
                                .tcp(1_000, server.address().getPort(), 1, 0, RawPacket.SYN));
            }
            Eventually.holds(
                    "both give up",
                    Duration.ofSeconds(350),
                    () -> log.closed(Reason.HANDSHAKE_TIMEOUT) == 2);
        }
    }
}
