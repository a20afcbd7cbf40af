package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;
import io.culvert.linux.Route;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Tunnels in UDP, IPv4 and IPv6 outside and inside. */
@Timeout(60)
class GueTest {
    private static final int LENGTH = 8 * 1024 * 1024;
    private static final int CLIENT_PORT = 4_000;
    private static final int SERVER_PORT = 7_777;

    private static final String HERE = ", tenant: acme, routes: [10.1.0.0/24, \"fd00:1::/64\"]";
    private static final String THERE = ", tenant: acme, routes: [10.6.0.0/24, \"fd00:6::/64\"]";

    /** One peer of one tenant. */
    private static GueTunnels one(Family outer) throws IOException {
        return one(outer, "");
    }

    private static GueTunnels one(Family outer, String more) throws IOException {
        return GueTunnels.open(
                1, peers(GueTunnels.peer(outer, 0, ", tenant: acme" + more)), Topology.UPGRADE_ALL);
    }

    private static String peers(String... peers) {
        return "peers: [" + String.join(", ", peers) + "]";
    }

    /** Two peers of a tenant, the client and a branch. */
    private static GueTunnels two(Family outer, String settings) throws IOException {
        return GueTunnels.open(
                2,
                peers(GueTunnels.peer(outer, 0, HERE), GueTunnels.peer(outer, 1, THERE)),
                settings);
    }

    /** A datagram of the client's to the server. */
    private static byte[] datagram(Family inner, int port, String text) {
        return new RawPacket(inner.client(), inner.server())
                .udp(CLIENT_PORT, port, text.getBytes(StandardCharsets.UTF_8));
    }

    private static int port(UdpEcho echo) throws IOException {
        return echo.address().getPort();
    }

    private static String text(byte[] packet) {
        byte[] payload = new Decoded(packet).payload();
        return new String(payload, 8, payload.length - 8, StandardCharsets.UTF_8);
    }

    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void carriesConnectionsDatagramsAndPings(Family outer, Family inner) throws Exception {
        try (GueTunnels tunnels = one(outer);
                GueTunnels.End _ = tunnels.join(outer, 0, false, "");
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().server(),
                                inner,
                                connection -> {
                                    new Content(1).send(connection, LENGTH);
                                    new Content(2).receiveAll(connection, LENGTH);
                                });
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                DatagramChannel udp = tunnels.host(0).udp(inner, null, 0);
                PingSocket ping = PingSocket.on(tunnels.host(0), inner, inner.server())) {
            try (SocketChannel client = tunnels.host(0).connect(inner, server.address())) {
                new Content(1).receive(client, LENGTH);
                new Content(2).send(client, LENGTH);
                client.shutdownOutput();
                assertEquals(-1, client.read(ByteBuffer.allocate(1)));
            }
            assertEquals(List.of(), server.failures());
            byte[] datagram = new Content(3).bytes(1_200);
            udp.send(ByteBuffer.wrap(datagram), echo.address());
            ByteBuffer back = ByteBuffer.allocate(2_000);
            udp.receive(back);
            assertEquals(ByteBuffer.wrap(datagram), back.flip());
            assertArrayEquals(datagram, ping.ask(datagram));
            assertEquals(1, tunnels.topology().gateway().tunnels());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** More than fits a path, so that both ends send fragments inside. */
    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void carriesDatagramsLongerThanThePath(Family outer, Family inner) throws Exception {
        try (GueTunnels tunnels = one(outer);
                GueTunnels.End _ = tunnels.join(outer, 0, false, "");
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                DatagramChannel udp = tunnels.host(0).udp(inner, null, 0)) {
            byte[] datagram = new Content(3).bytes(9_000);
            udp.send(ByteBuffer.wrap(datagram), echo.address());
            ByteBuffer back = ByteBuffer.allocate(20_000);
            udp.receive(back);
            assertEquals(ByteBuffer.wrap(datagram), back.flip());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void forwardsBetweenPeersOfATenantByTheirRoutes(Family outer, Family inner) throws Exception {
        try (GueTunnels tunnels = two(outer, Topology.FORWARD_ALL);
                GueTunnels.End _ = tunnels.join(outer, 0, false, "");
                GueTunnels.End _ = tunnels.join(outer, 1, true, "");
                TcpServer server =
                        TcpServer.on(tunnels.host(1), inner, inner.branch(), 0, TcpServer.ECHO);
                SocketChannel client = tunnels.host(0).connect(inner, server.address())) {
            new Content(1).send(client, 100_000);
            new Content(1).receive(client, 100_000);
            assertEquals(2, tunnels.topology().gateway().tunnels());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void keepsTenantsWithTheSameAddressesApart(Family outer, Family inner) throws Exception {
        String peers =
                peers(
                        GueTunnels.peer(outer, 0, ", tenant: acme"),
                        GueTunnels.peer(outer, 1, ", tenant: umbrella"));
        try (GueTunnels tunnels = GueTunnels.open(2, peers, Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer one = tunnels.raw(outer, 0);
                RawGuePeer other = tunnels.raw(outer, 1)) {
            one.send(datagram(inner, port(echo), "one"));
            assertEquals("one", text(one.receive(header(inner))));
            other.send(datagram(inner, port(echo), "other"));
            assertEquals("other", text(other.receive(header(inner))));
            one.send(datagram(inner, port(echo), "one again"));
            assertEquals("one again", text(one.receive(header(inner))));

            assertTrue(other.hasHeardNothing());
            Set<String> tenants = new TreeSet<>();
            tunnels.topology().flows().forEach(flow -> tenants.add(flow.tenant().name()));
            assertEquals(Set.of("acme", "umbrella"), tenants);
            assertEquals(2, echo.sources().size());
        }
    }

    private static String header(Family inner) {
        return inner.isIpv6() ? "00 29 0000" : "00 04 0000";
    }

    @ParameterizedTest
    @EnumSource
    void neitherTakesNorAnswersPacketsOfStrangers(Family outer) throws Exception {
        Family inner = Family.IPV4;
        try (GueTunnels tunnels =
                        GueTunnels.open(
                                2,
                                peers(GueTunnels.peer(outer, 0, ", tenant: acme")),
                                Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer known = tunnels.raw(outer, 0);
                RawGuePeer stranger = tunnels.raw(outer, 1)) {
            for (int i = 0; i < 3; i++) {
                stranger.send(datagram(inner, port(echo), "stranger"));
            }
            Eventually.equal(3L, "dropped", () -> tunnels.topology().dropped(Reason.UNKNOWN_PEER));
            known.send(datagram(inner, port(echo), "known"));
            assertEquals("known", text(known.receive(header(inner))));

            assertTrue(stranger.hasHeardNothing());
            assertTrue(stranger.hasNoReplyToItsSourcePort());
            assertEquals(1, echo.received());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** A peer behind a prefix may move, and its packets may come by several addresses. */
    @ParameterizedTest
    @EnumSource
    void repliesToTheAddressLastHeardAtItsGuePort(Family outer) throws Exception {
        Family inner = Family.IPV4;
        String network = outer.isIpv6() ? "fd00:a::/32" : "10.7.0.0/16";
        String peers = peers("{ from: \"%s\", tenant: acme }".formatted(network));
        try (GueTunnels tunnels = GueTunnels.open(2, peers, Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer here = tunnels.raw(outer, 0);
                RawGuePeer there = tunnels.raw(outer, 1)) {
            for (int i = 0; i < 3; i++) {
                here.send(datagram(inner, port(echo), "here"));
                assertEquals("here", text(here.receive(header(inner))));
                there.send(datagram(inner, port(echo), "there"));
                assertEquals("there", text(there.receive(header(inner))));
            }
            assertEquals(1, echo.sources().size(), "it is one tunnel and one flow");
            assertTrue(here.hasNoReplyToItsSourcePort());
            assertTrue(there.hasNoReplyToItsSourcePort());
            assertTrue(here.hasHeardNothing());
            assertEquals(1, tunnels.topology().gateway().tunnels());
        }
    }

    @ParameterizedTest
    @EnumSource
    void sendsToThePortThatIsConfigured(Family outer) throws Exception {
        Family inner = Family.IPV6;
        try (GueTunnels tunnels = one(outer, ", port: 7000");
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer peer =
                        RawGuePeer.on(
                                tunnels.host(0),
                                outer,
                                GueTunnels.outside(outer, 0),
                                GueTunnels.gateway(outer),
                                7_000)) {
            peer.send(datagram(inner, port(echo), "hello"));
            assertEquals("hello", text(peer.receive(header(inner))));
        }
    }

    /** What the table of the longest prefix says. */
    @ParameterizedTest
    @EnumSource
    void takesTheEntryWithTheLongestPrefix(Family outer) throws Exception {
        Family inner = Family.IPV4;
        String network = outer.isIpv6() ? "fd00:a::/32" : "10.7.0.0/16";
        String peers =
                peers(
                        "{ from: \"%s\", tenant: all }".formatted(network),
                        GueTunnels.peer(outer, 1, ", tenant: one"));
        try (GueTunnels tunnels = GueTunnels.open(2, peers, Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer first = tunnels.raw(outer, 0);
                RawGuePeer second = tunnels.raw(outer, 1)) {
            first.send(datagram(inner, port(echo), "first"));
            first.receive(header(inner));
            assertEquals("all", tunnels.topology().flows().getFirst().tenant().name());
            second.send(datagram(inner, port(echo), "second"));
            second.receive(header(inner));
            assertEquals(2, tunnels.topology().flows().size());
        }
    }

    /** Where the peer is one address, nobody waits for it to speak first. */
    @ParameterizedTest
    @EnumSource
    void sendsToAPeerOfOneAddressBeforeItWasHeard(Family outer) throws Exception {
        Family inner = Family.IPV4;
        try (GueTunnels tunnels = two(outer, Topology.FORWARD_ALL);
                RawGuePeer silent = tunnels.raw(outer, 1);
                RawGuePeer sender = tunnels.raw(outer, 0)) {
            sender.send(
                    new RawPacket(inner.client(), inner.branch())
                            .udp(CLIENT_PORT, SERVER_PORT, new byte[] {'a'}));
            assertEquals("a", text(silent.receive(header(inner))));
            assertEquals(1, tunnels.topology().gateway().tunnels(), "heard of");
        }
    }

    /** RFC 2827: what a peer leads to is where its packets come from. */
    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void takesPacketsFromTheRoutesOfAPeerAlone(Family outer, Family inner) throws Exception {
        try (GueTunnels tunnels = one(outer, ", routes: [10.9.0.0/24, \"fd00:9::/64\"]");
                RawGuePeer peer = tunnels.raw(outer, 0)) {
            peer.send(datagram(inner, SERVER_PORT, "spoofed"));
            Eventually.equal(
                    1L, "dropped", () -> tunnels.topology().dropped(Reason.SOURCE_NOT_ALLOWED));
        }
    }

    /** Literal packets, as Linux sends them. */
    @ParameterizedTest
    @CsvSource({
        "variant 0 IPv4, 00040000, IPV4",
        "variant 0 IPv6, 00290000, IPV6",
        "variant 1 IPv4, '', IPV4",
        "variant 1 IPv6, '', IPV6",
    })
    void readsBothVariants(String name, String header, Family inner) throws Exception {
        String packet =
                inner.isIpv6()
                        ? "60000000000d1140fd000001000000000000000000000002"
                                + "fd000002000000000000000000000002"
                                + "0fa01e61000d93f868656c6c6f"
                        : "4500002100004000401126c60a0100020a0200020fa01e61000d79fa68656c6c6f";
        try (GueTunnels tunnels = one(Family.IPV4);
                DatagramChannel server =
                        tunnels.topology().server().udp(inner, inner.server(), SERVER_PORT);
                RawGuePeer peer = tunnels.raw(Family.IPV4, 0)) {
            peer.send(header, HexFormat.of().parseHex(packet));
            ByteBuffer received = ByteBuffer.allocate(100);
            server.receive(received);
            assertEquals("hello", StandardCharsets.UTF_8.decode(received.flip()).toString(), name);
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** The checksum inside is unfinished, and the kernel behind the upgrade finishes it. */
    @ParameterizedTest
    @EnumSource
    void takesRemoteChecksumOffloadAsLinuxSendsIt(Family outer) throws Exception {
        byte[] syn =
                HexFormat.of()
                        .parseHex(
                                "4500002800004000400626ca0a0100020a020002"
                                        + "9c401f9001020304000000005002ffff14210000");
        try (GueTunnels tunnels = one(outer);
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().server(),
                                Family.IPV4,
                                Family.IPV4.server(),
                                8_080,
                                TcpServer.ECHO);
                RawGuePeer peer = tunnels.raw(outer, 0)) {
            peer.send("02 04 00 01 80 00 00 00 00 14 00 24", syn);

            Decoded answer = new Decoded(peer.receive("00 04 0000"));
            assertEquals(Family.IPV4.client(), answer.destination());
            assertEquals(0x12, answer.payload()[13], "SYN and ACK");
            assertEquals(0x0102_0305, ByteBuffer.wrap(answer.payload()).getInt(8));
            assertTrue(answer.checksumsRight());
            assertEquals(List.of(), server.failures());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "control message, 20 00 0000, TUNNEL_CONTROL",
        "private data, 01 04 0000 01020304, TUNNEL_CONTEXT",
        "unknown variant, 80 04 0000, MALFORMED_TUNNEL",
        "unknown flag, 00 04 8000, MALFORMED_TUNNEL",
        "Ethernet inside, 00 61 0000, MALFORMED_TUNNEL",
        "IPv6 announced, 00 29 0000, MALFORMED_TUNNEL",
        "header beyond the end, 1f 04 0000, MALFORMED_TUNNEL",
        "remote checksum elsewhere, 02 04 0001 80000000 0014 0026, MALFORMED_TUNNEL",
    })
    void countsWhatIsNoPacketAndAnswersNothing(String name, String header, Reason reason)
            throws Exception {
        Family inner = Family.IPV4;
        try (GueTunnels tunnels = one(Family.IPV4);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer peer = tunnels.raw(Family.IPV4, 0)) {
            peer.send(header, datagram(inner, port(echo), ""));
            Eventually.equal(1L, name, () -> tunnels.topology().dropped(reason));
            assertTrue(peer.hasHeardNothing());
            assertTrue(peer.hasNoReplyToItsSourcePort());
            assertEquals(0, echo.received());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** ICMP about the outer packet becomes ICMP for whoever sends the inner one. */
    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({
        "IPV4, IPV4, 1368",
        "IPV4, IPV6, 1368",
        "IPV6, IPV4, 1348",
        "IPV6, IPV6, 1348",
    })
    void tellsTheSenderInsideOfAPathThatHasShrunk(Family outer, Family inner, int mtu)
            throws Exception {
        try (GueTunnels tunnels = two(outer, Topology.FORWARD_ALL);
                GueTunnels.End _ = tunnels.join(outer, 0, false, "");
                GueTunnels.End _ = tunnels.join(outer, 1, true, "");
                PacketSocket here = PacketSocket.on(tunnels.host(0), Topology.DEVICE);
                PacketSocket there = PacketSocket.on(tunnels.host(1), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(inner.client(), inner.branch());
            byte[] tooLong = datagram(packet, inner, 1_440);
            here.send(tooLong);
            there.await("one that fits yet", ip -> ip.length() == 1_440);
            tunnels.shrinkPath(1, 1_400);

            // What a worker sends first is lost, by which it learns; then it answers.
            Decoded[] errors = new Decoded[1];
            Eventually.holds(
                    "too big",
                    () -> {
                        here.send(tooLong);
                        return here.next(ip -> isAbout(tooLong, ip, errors));
                    });
            assertEquals(mtu, errors[0].icmpWord());
            assertTrue(errors[0].checksumsRight());
            // The first may have been joined with some that are too long.
            byte[] fits = datagram(packet, inner, mtu);
            Eventually.holds(
                    "one that fits",
                    () -> {
                        here.send(fits);
                        return there.next(ip -> ip.length() == mtu);
                    });
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /** Whether that is an error about that very packet, and no super-packet that it was part of. */
    private static boolean isAbout(byte[] sent, IpPacket ip, Decoded[] error) {
        if (!Icmp.isTooBig(ip)) {
            return false;
        }
        error[0] = Decoded.of(ip);
        return error[0].quoted().isBeginningOf(sent);
    }

    /** An inner packet of that length that nobody may cut. */
    private static byte[] datagram(RawPacket packet, Family inner, int length) {
        byte[] payload = new byte[length - inner.headerLength() - 8];
        return RawPacket.dontFragment(packet.udp(CLIENT_PORT, SERVER_PORT, payload));
    }

    /** No black hole, for the kernel in the upgrade namespace hears no ICMP. */
    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void goesOnWithAConnectionWhosePathShrinks(Family outer, Family inner) throws Exception {
        try (GueTunnels tunnels = one(outer);
                GueTunnels.End _ = tunnels.join(outer, 0, false, "");
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().server(),
                                inner,
                                connection -> {
                                    new Content(1).send(connection, LENGTH);
                                    new Content(2).receiveAll(connection, LENGTH);
                                });
                SocketChannel client = tunnels.host(0).connect(inner, server.address())) {
            tunnels.shrinkPath(0, 1_400);
            new Content(1).receive(client, LENGTH);
            new Content(2).send(client, LENGTH);
            client.shutdownOutput();
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
            assertEquals(List.of(), server.failures());
        }
    }

    @Test
    void clampsConnectionsToAConfiguredMtu() throws Exception {
        try (GueTunnels tunnels = one(Family.IPV4, ", mtu: 1300");
                GueTunnels.End _ = tunnels.join(Family.IPV4, 0, false, "");
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().server(),
                                Family.IPV4,
                                connection -> new Content(1).send(connection, LENGTH));
                PacketSocket device = PacketSocket.on(tunnels.host(0), Topology.DEVICE);
                KernelTcp client =
                        KernelTcp.connect(tunnels.host(0), Family.IPV4, server.address())) {
            device.await(
                    "the answer to the SYN",
                    ip ->
                            ip.tcp() != null
                                    && ip.tcp().syn()
                                    && ip.tcp().ack()
                                    && ip.tcp().maximumSegmentSize() == 1_260);
            assertEquals(LENGTH, client.readAll());
        }
    }

    /**
     * Two tenants with the same addresses behind one outer peer, told apart by what packets say.
     */
    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void keepsTenantsOfOnePeerApartByTheTextOfTheirPackets(Family outer, Family inner)
            throws Exception {
        String acme = "03" + header(inner).substring(2) + hex("tenant=acme") + "00";
        String umbrella = "04" + header(inner).substring(2) + hex("tenant=umbrella") + "00";
        try (GueTunnels tunnels =
                        GueTunnels.open(
                                1,
                                "context: text, " + peers(GueTunnels.peer(outer, 0, "")),
                                Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer peer = tunnels.raw(outer, 0)) {
            for (int i = 0; i < 2; i++) {
                peer.send(acme, datagram(inner, port(echo), "of acme"));
                assertEquals("of acme", text(peer.receive(acme)));
                peer.send(umbrella, datagram(inner, port(echo), "of umbrella"));
                assertEquals("of umbrella", text(peer.receive(umbrella)));
            }
            Set<String> tenants = new HashSet<>();
            tunnels.topology().flows().forEach(flow -> tenants.add(flow.tenant().name()));
            assertEquals(Set.of("acme", "umbrella"), tenants);
            assertEquals(2, echo.sources().size());
            assertEquals(2, tunnels.topology().gateway().tunnels());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void carriesConnectionsOfAClientThatSaysWhoItIs(Family outer, Family inner) throws Exception {
        try (GueTunnels tunnels =
                        GueTunnels.open(
                                1,
                                "context: text, "
                                        + peers(GueTunnels.peer(outer, 0, ", tenant: acme")),
                                Topology.UPGRADE_ALL);
                GueTunnels.End _ =
                        tunnels.join(outer, 0, false, "tenant=acme\nid=laptop-7\nuser=alice\n");
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().server(),
                                inner,
                                connection -> {
                                    new Content(1).send(connection, LENGTH);
                                    new Content(2).receiveAll(connection, LENGTH);
                                });
                SocketChannel client = tunnels.host(0).connect(inner, server.address())) {
            new Content(1).receive(client, LENGTH);
            new Content(2).send(client, LENGTH);
            client.shutdownOutput();
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
            assertEquals(List.of(), server.failures());
            assertEquals(1, tunnels.topology().gateway().tunnels());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @CsvSource({"tenant=other", "user=alice", "''"})
    void dropsPacketsThatSayWhatTheyMayNot(String text) throws Exception {
        Family inner = Family.IPV4;
        String padded = hex(text + "\0".repeat((4 - text.length() % 4) % 4));
        String header = "%02x040000".formatted(padded.length() / 8) + padded;
        try (GueTunnels tunnels =
                        GueTunnels.open(
                                1,
                                "context: text, "
                                        + peers(GueTunnels.peer(inner, 0, ", tenant: acme")),
                                Topology.UPGRADE_ALL);
                RawGuePeer peer = tunnels.raw(inner, 0)) {
            peer.send(header, datagram(inner, SERVER_PORT, "hello"));
            peer.send("", datagram(inner, SERVER_PORT, "variant 1 says nothing"));
            Eventually.equal(
                    2L, "dropped", () -> tunnels.topology().dropped(Reason.TUNNEL_CONTEXT));
            assertEquals(0, tunnels.topology().gateway().tunnels());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void endsTunnelsOfTextsThatFallSilentAndTheirFlows(Family outer) throws Exception {
        Family inner = Family.IPV4;
        String header = "03040000" + hex("tenant=acme") + "00";
        try (GueTunnels tunnels =
                        GueTunnels.open(
                                1,
                                "context: text, idle: 1s, " + peers(GueTunnels.peer(outer, 0, "")),
                                Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), inner, inner.server());
                RawGuePeer peer = tunnels.raw(outer, 0)) {
            for (int i = 0; i < 2; i++) {
                peer.send(header, datagram(inner, port(echo), "hello"));
                assertEquals("hello", text(peer.receive(header)));

                Eventually.equal(0, "tunnels", tunnels.topology().gateway()::tunnels);
                Eventually.equal(Topology.Held.NOTHING, "left", tunnels.topology()::held);
            }
        }
    }

    /** Routes that texts name lead there, as long as they lie in those of the peer. */
    @ParameterizedTest
    @EnumSource
    void forwardsByTheRoutesThatTextsName(Family outer) throws Exception {
        Family inner = Family.IPV4;
        String onRamp =
                "context: text, "
                        + peers(
                                GueTunnels.peer(outer, 0, ", routes: [10.1.0.0/16]"),
                                GueTunnels.peer(outer, 1, ", routes: [10.6.0.0/16]"));
        String here = "08040000" + hex("tenant=acme\nroutes=10.1.0.0/24\n") + "00";
        String there = "08040000" + hex("tenant=acme\nroutes=10.6.0.0/24\n") + "00";
        try (GueTunnels tunnels = GueTunnels.open(2, onRamp, Topology.FORWARD_ALL);
                RawGuePeer sender = tunnels.raw(outer, 0);
                RawGuePeer receiver = tunnels.raw(outer, 1)) {
            receiver.send(
                    there,
                    new RawPacket(inner.branch(), inner.client()).udp(1, 2, new byte[] {'x'}));
            Decoded refusal = new Decoded(receiver.receive(there));
            assertEquals(3, refusal.icmpType(), "nobody is there yet");
            sender.send(
                    here,
                    new RawPacket(inner.client(), inner.branch()).udp(3, 4, new byte[] {'a'}));
            assertEquals("a", text(receiver.receive(there)));
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    /**
     * The gateway's own outer packets come back in by a device, and are for the same tunnel again:
     * GUE in GUE in GUE.
     */
    @Test
    void endsALoopThroughATunnelWhosePeerIsBehindTheGatewayItself() throws Exception {
        Family inner = Family.IPV4;
        try (Topology topology = Topology.withoutGateway()) {
            topology.start(loop(topology.client()), FlowListener.NONE);
            topology.client().defaultRoute(inner, Topology.DEVICE);
            // The way to the peer is the gateway's own device.
            topology.gatewayHost()
                    .call(
                            rtnetlink ->
                                    rtnetlink.addRoute(
                                            Route.through(
                                                    Family.parse("10.77.0.0"),
                                                    24,
                                                    rtnetlink.index("culv9"))));
            try (DatagramChannel udp = topology.client().udp(inner, null, 0)) {
                udp.send(
                        ByteBuffer.wrap(new byte[] {1}),
                        new InetSocketAddress(inner.branch(), SERVER_PORT));
            }
            Eventually.equal(1L, "dropped in the end", () -> topology.dropped(Reason.DEVICE_ERROR));
            // The packet itself, five times in GUE, and what kernels say of themselves.
            long received =
                    Eventually.atRest(Duration.ofMillis(300), () -> topology.status().received());
            assertTrue(received >= 6 && received < 40, () -> "" + received);
            topology.everyPacketIsAccountedFor();
        }
    }

    private static String loop(Host branch) {
        return """
        onramps:
          - { name: back, type: tun, tenant: acme, device: culv9 }
          - name: magic
            type: gue
            listen: 0.0.0.0:6080
            peers:
              - { from: 10.77.0.2, tenant: acme, routes: [10.6.0.0/24, 10.77.0.0/24] }
          - name: branch
            type: tun
            tenant: acme
            device: culv0
            netns: %s
            addresses: [10.1.0.2/24]
        """
                        .formatted(branch.path())
                + Topology.FORWARD_ALL;
    }

    @ParameterizedTest
    @EnumSource
    void saysThatAnotherListensThereAlready(Family outer) throws Exception {
        List<String> said = new ArrayList<>();
        try (Topology topology = Topology.withoutGateway();
                DatagramChannel other = topology.gatewayHost().udp(outer, outer.gateway(), 6_080)) {
            assertTrue(other.isOpen());
            String yaml =
                    "onramps: [{ name: magic, type: gue, listen: \"%s:6080\", peers: [] }]"
                            .formatted(
                                    outer.isIpv6()
                                            ? "[" + outer.gateway().getHostAddress() + "]"
                                            : outer.gateway().getHostAddress());
            said.add(
                    assertThrows(IOException.class, () -> topology.start(yaml, FlowListener.NONE))
                            .getMessage());
        }
        assertTrue(said.getFirst().contains("cannot listen on UDP "), said::toString);
        assertTrue(said.getFirst().contains("EADDRINUSE"), said::toString);
    }
}
