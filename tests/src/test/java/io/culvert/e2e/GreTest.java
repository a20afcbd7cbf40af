package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.tun.GreFields;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Tunnels in GRE that the gateway ends itself. */
@Timeout(60)
class GreTest {
    private static final int LENGTH = 8 * 1024 * 1024;
    private static final int GRE = 47;
    private static final GreFields KEYED = GreFields.NONE.withKey(42);

    private static String acme(Family outer) {
        return GreTunnels.peer(outer, 0, "key: 42, tenant: acme");
    }

    private static void exchange(GreTunnels tunnels, Family family, TcpServer server)
            throws Exception {
        try (SocketChannel client = tunnels.topology().client().connect(family, server.address())) {
            new Content(1).receive(client, LENGTH);
            new Content(2).send(client, LENGTH);
            client.shutdownOutput();
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        }
    }

    private static TcpServer bulk(GreTunnels tunnels, Family family) throws Exception {
        return TcpServer.on(
                tunnels.topology().server(),
                family,
                connection -> {
                    new Content(1).send(connection, LENGTH);
                    new Content(2).receiveAll(connection, LENGTH);
                });
    }

    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void carriesConnectionsDatagramsAndPings(Family outer, Family family) throws Exception {
        try (GreTunnels tunnels = GreTunnels.open(outer, 1, acme(outer), Topology.UPGRADE_ALL);
                GreClient _ = tunnels.join(0, false, KEYED);
                TcpServer server = bulk(tunnels, family);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), family, family.server());
                DatagramChannel udp = tunnels.topology().client().udp(family, null, 0);
                PingSocket ping =
                        PingSocket.on(tunnels.topology().client(), family, family.server())) {
            assertEquals(0, tunnels.topology().gateway().tunnels());
            exchange(tunnels, family, server);
            byte[] datagram = new Content(3).bytes(1_200);
            udp.send(ByteBuffer.wrap(datagram), echo.address());
            ByteBuffer back = ByteBuffer.allocate(2_000);
            udp.receive(back);
            assertEquals(ByteBuffer.wrap(datagram), back.flip());
            assertArrayEquals(datagram, ping.ask(datagram));
            assertEquals(1, tunnels.topology().gateway().tunnels());
            assertEquals(
                    List.of("acme"),
                    tunnels.topology().flows().stream()
                            .map(flow -> flow.tenant().name())
                            .distinct()
                            .toList());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** Both ways numbered and with a checksum, by three workers. */
    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV6", "IPV6, IPV4"})
    void carriesTheSameWithEveryField(Family outer, Family family) throws Exception {
        String peer =
                GreTunnels.peer(outer, 0, "key: 42, tenant: acme, checksum: true, sequence: true");
        try (GreTunnels tunnels = GreTunnels.open(outer, 1, peer, Topology.UPGRADE_ALL);
                GreClient _ = tunnels.join(0, false, KEYED.withChecksum().withSequence());
                TcpServer server = bulk(tunnels, family);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), family, family.server())) {
            // Initiators are spread over the workers, each of which numbers what it sends.
            for (int i = 0; i < 50; i++) {
                try (DatagramChannel udp = tunnels.topology().client().udp(family, null, 0)) {
                    udp.configureBlocking(false);
                    ByteBuffer back = ByteBuffer.allocate(10);
                    byte[] datagram = {(byte) i};
                    Eventually.holds(
                            "an echo",
                            () -> {
                                udp.send(ByteBuffer.wrap(datagram), echo.address());
                                return udp.receive(back.clear()) != null;
                            });
                    assertEquals(i, back.get(0));
                }
            }
            exchange(tunnels, family, server);
            assertEquals(0, tunnels.topology().dropped(Reason.BAD_CHECKSUM));
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void forwardsBetweenTheTunnelsOfATenantByTheirRoutes(Family outer, Family family)
            throws Exception {
        try (GreTunnels tunnels = ofTwoBranches(outer);
                GreClient _ = tunnels.join(0, false, GreFields.NONE);
                GreClient _ = tunnels.join(1, true, GreFields.NONE);
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().client(1),
                                family,
                                family.branch(),
                                0,
                                TcpServer.ECHO);
                SocketChannel client =
                        tunnels.topology().client().connect(family, server.address())) {
            new Content(1).send(client, 100_000);
            new Content(1).receive(client, 100_000);
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    private static GreTunnels ofTwoBranches(Family outer) throws Exception {
        return GreTunnels.open(
                outer,
                2,
                GreTunnels.peer(outer, 0, "tenant: acme, routes: [10.1.0.0/24, \"fd00:1::/64\"]")
                        + ", "
                        + GreTunnels.peer(
                                outer, 1, "tenant: acme, routes: [10.6.0.0/24, \"fd00:6::/64\"]"),
                Topology.FORWARD_ALL);
    }

    /**
     * The connection is there before the router's way gets narrow, and both ends have agreed on
     * segments that are too long by then.
     */
    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void goesOnWithAConnectionWhosePathGetsNarrow(Family outer, Family family) throws Exception {
        try (GreTunnels tunnels = GreTunnels.open(outer, 1, acme(outer), Topology.UPGRADE_ALL);
                GreClient _ = tunnels.join(0, false, KEYED);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                SocketChannel client =
                        tunnels.topology().client().connect(family, server.address())) {
            new Content(1).send(client, 100_000);
            new Content(1).receive(client, 100_000);
            tunnels.narrow(0, 1_400);
            new Content(2).send(client, 100_000);
            new Content(2).receive(client, 100_000);
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 1191 and RFC 4443 section 3.2, through the tunnel: what the inner sender hears. */
    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void tellsAForwardedFlowsSenderThatThePathGotNarrow(Family outer, Family family)
            throws Exception {
        try (GreTunnels tunnels = ofTwoBranches(outer);
                GreClient _ = tunnels.join(0, false, GreFields.NONE);
                GreClient _ = tunnels.join(1, true, GreFields.NONE);
                PacketSocket seen = PacketSocket.on(tunnels.topology().client(), Topology.DEVICE);
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().client(1),
                                family,
                                family.branch(),
                                0,
                                TcpServer.ECHO);
                SocketChannel client =
                        tunnels.topology().client().connect(family, server.address())) {
            new Content(1).send(client, 10_000);
            new Content(1).receive(client, 10_000);
            tunnels.narrow(1, 1_400);
            new Content(2).send(client, 100_000);
            new Content(2).receive(client, 100_000);

            IpPacket error = seen.await("too big", Icmp::isTooBig);
            int header = outer.isIpv6() ? 40 : 20;
            assertEquals(1_400 - header - 4, Decoded.of(error).icmpWord() & 0xffff);
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** GRE as it is on the wire, to and from a host that has no tunnel. */
    private static final class Bare implements AutoCloseable {
        private final GreTunnels tunnels;
        private final int host;
        private final RawSocket out;
        private final PacketSocket in;

        Bare(GreTunnels tunnels, Family outer, int host) throws Exception {
            this.tunnels = tunnels;
            this.host = host;
            out = RawSocket.on(tunnels.topology().client(host), outer, tunnels.gateway());
            in = PacketSocket.on(tunnels.topology().client(host), GreTunnels.WAN);
        }

        void send(String header, byte[] packet) throws Exception {
            byte[] bytes = HexFormat.of().parseHex(header.replace(" ", ""));
            byte[] payload = Arrays.copyOf(bytes, bytes.length + packet.length);
            System.arraycopy(packet, 0, payload, bytes.length, packet.length);
            out.send(new RawPacket(tunnels.outer(host), tunnels.gateway()).other(GRE, payload));
        }

        /** GRE from the gateway that begins so. */
        Decoded await(String header) throws Exception {
            return Decoded.of(
                    in.await(header, ip -> isFromGateway(ip) && isGre(Decoded.of(ip), header)));
        }

        /** The first that has come of the gateway, whatever it is. */
        Decoded first() throws Exception {
            return Decoded.of(in.await("anything", this::isFromGateway));
        }

        /** Whether anything at all has come of the gateway. */
        boolean hasHeardAnything() {
            return in.next(this::isFromGateway);
        }

        private boolean isFromGateway(IpPacket ip) {
            IpAddress gateway = IpAddress.of(tunnels.gateway());
            return ip.sourceHigh() == gateway.high() && ip.sourceLow() == gateway.low();
        }

        @Override
        public void close() {
            out.close();
            in.close();
        }
    }

    private static boolean isGre(Decoded packet, String header) {
        return packet.protocol() == GRE
                && HexFormat.of().formatHex(packet.payload()).startsWith(header.replace(" ", ""));
    }

    private static String type(Family family) {
        return family.isIpv6() ? "86dd" : "0800";
    }

    /** Same addresses, same ports, one outer address, two keys: two tenants. */
    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void keepsTenantsApartByTheKeyAlone(Family outer, Family family) throws Exception {
        String peers =
                GreTunnels.peer(outer, 0, "key: 42, tenant: acme")
                        + ", "
                        + GreTunnels.peer(outer, 0, "key: 43, tenant: umbrella");
        try (GreTunnels tunnels = GreTunnels.open(outer, 1, peers, Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), family, family.server());
                Bare peer = new Bare(tunnels, outer, 0)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            int port = echo.address().getPort();
            // Linux: ip tunnel add mode gre key 42.
            peer.send("2000" + type(family) + "0000002a", packet.udp(7, port, text("one")));
            peer.send("2000" + type(family) + "0000002b", packet.udp(7, port, text("two")));

            Decoded one = peer.await("2000" + type(family) + "0000002a");
            assertEquals("one", inside(one, 8));
            Decoded two = peer.await("2000" + type(family) + "0000002b");
            assertEquals("two", inside(two, 8));
            Set<String> tenants = new TreeSet<>();
            tunnels.topology().flows().forEach(flow -> tenants.add(flow.tenant().name()));
            assertEquals(Set.of("acme", "umbrella"), tenants);
            assertEquals(2, echo.sources().size());
            assertEquals(2, tunnels.topology().gateway().tunnels());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** What a datagram in GRE carries. */
    private static String inside(Decoded outside, int header) throws Exception {
        byte[] payload = outside.payload();
        Decoded datagram = new Decoded(Arrays.copyOfRange(payload, header, payload.length));
        assertTrue(datagram.checksumsRight());
        byte[] udp = datagram.payload();
        return new String(udp, 8, udp.length - 8, StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @EnumSource
    void countsAndDoesNotAnswerWhatIsNobodysOrNoPacket(Family outer) throws Exception {
        try (GreTunnels tunnels = GreTunnels.open(outer, 2, acme(outer), Topology.UPGRADE_ALL);
                Bare peer = new Bare(tunnels, outer, 0);
                Bare stranger = new Bare(tunnels, outer, 1)) {
            byte[] packet =
                    new RawPacket(Family.IPV4.client(), Family.IPV4.server())
                            .udp(7, 9, new byte[3]);
            stranger.send("20000800 0000002a", packet);
            stranger.send("00000800", packet);
            peer.send("20000800 0000002b", packet);
            peer.send("00000800", packet);
            peer.send("a0000800 00000000 0000002a", packet);
            peer.send("3081880b 00040001 00000000", packet);
            peer.send("60000800 0000002a", packet);
            peer.send("20006558 0000002a", packet);
            peer.send("200086dd 0000002a", packet);
            peer.send("20000000 0000002a", new byte[0]);

            Topology topology = tunnels.topology();
            Eventually.equal(10L, "received", () -> topology.status().received());
            topology.everyPacketIsAccountedFor();
            assertEquals(2, topology.dropped(Reason.UNKNOWN_PEER));
            assertEquals(2, topology.dropped(Reason.TUNNEL_CONTEXT));
            assertEquals(1, topology.dropped(Reason.BAD_CHECKSUM));
            assertEquals(4, topology.dropped(Reason.MALFORMED_TUNNEL));
            assertEquals(1, topology.dropped(Reason.TUNNEL_CONTROL));
            assertEquals(0, topology.gateway().flows());
            assertEquals(0, topology.gateway().tunnels());
            // A good one shows that what comes back has had its chance.
            peer.send(
                    "20000800 0000002a",
                    new RawPacket(Family.IPV4.client(), Family.IPV4.server())
                            .echoRequest(1, 1, new byte[3]));
            assertTrue(isGre(peer.first(), "20000800 0000002a"));
            assertFalse(stranger.hasHeardAnything());
        }
    }

    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    @Tag("rfc2784-3.1-a")
    @Tag("rfc2784-3.1-b")
    void forwardsAPacketAsItIsButForOneHop(Family outer, Family family) throws Exception {
        try (GreTunnels tunnels = ofTwoBranches(outer);
                Bare here = new Bare(tunnels, outer, 0);
                Bare there = new Bare(tunnels, outer, 1)) {
            byte[] sent =
                    new RawPacket(family.client(), family.branch(), 7).udp(7, 9, text("hello"));
            here.send("0000" + type(family), sent);

            Decoded outside = there.await("0000" + type(family));
            byte[] payload = outside.payload();
            Decoded inside = new Decoded(Arrays.copyOfRange(payload, 4, payload.length));
            assertEquals(6, inside.timeToLive());
            assertEquals(sent.length, payload.length - 4);
            assertTrue(inside.isBeginningOf(sent));
            assertTrue(inside.checksumsRight());
            assertFalse(here.hasHeardAnything());
        }
    }

    /** RFC 2827: what a peer leads to is where its packets come from. */
    @ParameterizedTest
    @EnumSource
    void takesPacketsFromTheRoutesOfAPeerAlone(Family outer) throws Exception {
        String peers =
                GreTunnels.peer(outer, 0, "key: 1, tenant: acme, routes: [10.9.0.0/24]")
                        + ", "
                        + GreTunnels.peer(
                                outer,
                                0,
                                "key: 2, tenant: acme, routes: [10.8.0.0/24], strict-source:"
                                        + " false");
        try (GreTunnels tunnels = GreTunnels.open(outer, 1, peers, Topology.UPGRADE_ALL);
                Bare peer = new Bare(tunnels, outer, 0)) {
            byte[] packet =
                    new RawPacket(Family.IPV4.client(), Family.IPV4.server())
                            .echoRequest(1, 1, new byte[3]);
            peer.send("20000800 00000001", packet);
            Eventually.equal(
                    1L, "dropped", () -> tunnels.topology().dropped(Reason.SOURCE_NOT_ALLOWED));
            peer.send("20000800 00000002", packet);
            peer.await("20000800 00000002");
        }
    }

    /** As Cisco's routers send it; see {@code GreKeepalive}. */
    @ParameterizedTest
    @EnumSource
    void answersKeepalivesOfItsPeersAlone(Family outer) throws Exception {
        try (GreTunnels tunnels =
                        GreTunnels.open(
                                outer,
                                2,
                                GreTunnels.peer(outer, 0, "tenant: acme"),
                                Topology.UPGRADE_ALL);
                Bare peer = new Bare(tunnels, outer, 0);
                Bare stranger = new Bare(tunnels, outer, 1)) {
            for (int host : new int[] {0, 1}) {
                byte[] answer =
                        new RawPacket(tunnels.gateway(), tunnels.outer(host), 255)
                                .other(GRE, new byte[4]);
                (host == 0 ? peer : stranger).send("0000" + type(outer), answer);
            }
            Decoded answer = peer.await("00000000");
            assertEquals(tunnels.gateway(), answer.source());
            assertEquals(4, answer.payload().length);
            Eventually.equal(1L, "dropped", () -> tunnels.topology().dropped(Reason.UNKNOWN_PEER));
            tunnels.topology().everyPacketIsAccountedFor();
            assertEquals(1, tunnels.topology().status().answered());
            assertFalse(stranger.hasHeardAnything());
        }
    }

    /** The host's addresses may change within what is its own. */
    @ParameterizedTest
    @EnumSource
    void repliesToWhereAPrefixWasLastHeard(Family outer) throws Exception {
        String prefix = outer.isIpv6() ? "fd00:71::/32" : "10.71.0.0/16";
        String peers = "{ from: \"%s\", key: 42, tenant: acme }".formatted(prefix);
        Family family = Family.IPV4;
        try (GreTunnels tunnels = GreTunnels.open(outer, 2, peers, Topology.UPGRADE_ALL);
                Bare one = new Bare(tunnels, outer, 0);
                Bare other = new Bare(tunnels, outer, 1)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            int number = 0;
            for (Bare each : List.of(one, other, one)) {
                number++;
                each.send("20000800 0000002a", packet.echoRequest(1, number, new byte[3]));
                Decoded reply = each.first();
                assertTrue(isGre(reply, "20000800 0000002a"));
                assertEquals(
                        number,
                        ByteBuffer.wrap(reply.payload()).getShort(8 + 20 + 6),
                        "the reply to this very request");
            }
            assertFalse(one.hasHeardAnything());
            assertFalse(other.hasHeardAnything());
        }
    }
}
