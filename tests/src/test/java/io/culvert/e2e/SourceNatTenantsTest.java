package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Tenants with the same addresses share an off-ramp and nothing else. */
@Timeout(60)
class SourceNatTenantsTest {
    private static final int CLIENT_PORT = 5_000;
    private static final int ROUNDS = 200;
    private static final int QUOTA = 16;

    @ParameterizedTest
    @EnumSource
    void keepsDatagramsOfIdenticalFiveTuplesApart(Family family) throws Exception {
        try (Topology topology =
                        Topology.withOffRamp("", Topology.FORWARD_ALL, "acme", "umbrella");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel acme = topology.client().udp(family, family.client(), CLIENT_PORT);
                DatagramChannel umbrella =
                        topology.secondClient().udp(family, family.client(), CLIENT_PORT)) {
            byte[] ofAcme = new Content(1).bytes(500);
            byte[] ofUmbrella = new Content(2).bytes(500);
            for (int i = 0; i < ROUNDS; i++) {
                acme.send(ByteBuffer.wrap(ofAcme), echo.address());
                umbrella.send(ByteBuffer.wrap(ofUmbrella), echo.address());
                assertArrayEquals(ofUmbrella, receive(umbrella));
                assertArrayEquals(ofAcme, receive(acme));
            }
            assertEquals(2, echo.sources().size());
            for (DatagramChannel each : List.of(acme, umbrella)) {
                each.configureBlocking(false);
                assertNull(each.receive(ByteBuffer.allocate(1_000)));
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 6864 section 5.3: with identifications that are the same as well. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc7857-10")
    void keepsFragmentsOfIdenticalFiveTuplesApart(Family family) throws Exception {
        try (Topology topology =
                        Topology.withOffRamp("", Topology.FORWARD_ALL, "acme", "umbrella");
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                PacketSocket acme = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket umbrella = PacketSocket.on(topology.secondClient(), Topology.DEVICE)) {
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            RawPacket packet = new RawPacket(family.client(), family.server());
            byte[] ofAcme = new Content(1).bytes(3_000);
            byte[] ofUmbrella = new Content(2).bytes(3_000);
            for (int i = 0; i < 20; i++) {
                List<byte[]> one =
                        RawPacket.fragments(packet.udp(CLIENT_PORT, port, ofAcme), i, 1_000);
                List<byte[]> other =
                        RawPacket.fragments(packet.udp(CLIENT_PORT, port, ofUmbrella), i, 1_000);
                for (int j = 0; j < one.size(); j++) {
                    acme.send(one.get(j));
                    umbrella.send(other.get(one.size() - 1 - j));
                }
                Set<ByteBuffer> received = new HashSet<>();
                received.add(ByteBuffer.wrap(receive(server)));
                received.add(ByteBuffer.wrap(receive(server)));
                assertEquals(
                        Set.of(ByteBuffer.wrap(ofAcme), ByteBuffer.wrap(ofUmbrella)), received);
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsConnectionsOfIdenticalFiveTuplesApart(Family family) throws Exception {
        try (Topology topology =
                        Topology.withOffRamp("", Topology.FORWARD_ALL, "acme", "umbrella");
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel acme = topology.client().tcp(family);
                SocketChannel umbrella = topology.secondClient().tcp(family)) {
            for (SocketChannel each : List.of(acme, umbrella)) {
                each.bind(new InetSocketAddress(family.client(), CLIENT_PORT));
                each.connect(server.address());
            }
            for (int i = 0; i < ROUNDS; i++) {
                new Content(2 * i).send(acme, 1_000);
                new Content(2 * i + 1).send(umbrella, 1_000);
                new Content(2 * i + 1).receive(umbrella, 1_000);
                new Content(2 * i).receive(acme, 1_000);
            }
            assertEquals(2, topology.flows().size());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsPingsWithOneIdentifierApart(Family family) throws Exception {
        try (Topology topology =
                        Topology.withOffRamp("", Topology.FORWARD_ALL, "acme", "umbrella");
                PacketSocket acme = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket umbrella = PacketSocket.on(topology.secondClient(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int i = 0; i < 20; i++) {
                int sequence = i;
                acme.send(packet.echoRequest(7, sequence, bytes("acme")));
                umbrella.send(packet.echoRequest(7, sequence, bytes("umbrella")));
                IpPacket one = acme.await("reply", ip -> Icmp.isReply(ip, 7, sequence));
                assertEquals("acme", Icmp.text(one));
                IpPacket other = umbrella.await("reply", ip -> Icmp.isReply(ip, 7, sequence));
                assertEquals("umbrella", Icmp.text(other));
            }
            assertFalse(acme.next(Icmp::isReply));
            assertFalse(umbrella.next(Icmp::isReply));
        }
    }

    /** By address alone there is one owner at a time, and nobody else gets what is for it. */
    @ParameterizedTest
    @EnumSource
    void bringsNothingOfAProtocolWithoutPortsToTheWrongOne(Family family) throws Exception {
        try (Topology topology =
                        Topology.withOffRamp("", Topology.FORWARD_ALL, "acme", "umbrella");
                PacketSocket acme = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket umbrella = PacketSocket.on(topology.secondClient(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                RawSocket server = RawSocket.on(topology.server(), family, family.offRamp())) {
            byte[] packet = new RawPacket(family.client(), family.server()).other(253, new byte[8]);
            acme.send(packet);
            wire.await("of the first", ip -> ip.protocol() == 253);
            umbrella.send(packet);
            Eventually.holds("two", () -> topology.status().received() >= 2);

            server.send(new RawPacket(family.server(), family.offRamp()).other(253, new byte[9]));
            acme.await("answer", ip -> ip.protocol() == 253 && ip.transportLength() == 9);
            topology.everyPacketIsAccountedFor();
            assertFalse(umbrella.next(ip -> ip.protocol() == 253 && ip.transportLength() == 9));
        }
    }

    /** RFC 6888 REQ-4 and REQ-11, RFC 5508 REQ-8, robust against one that takes all. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc6888-req-4-a")
    @Tag("rfc5508-req-8")
    @Tag("rfc6888-req-11-a")
    void refusesATenantBeyondItsQuotaAndNobodyElse(Family family) throws Exception {
        String quota = "ports-per-tenant: " + QUOTA;
        try (Topology topology =
                        Topology.withOffRamp(quota, Topology.FORWARD_ALL, "acme", "umbrella");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            int port = echo.address().getPort();
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int i = 0; i < QUOTA; i++) {
                ramp.send(packet.udp(CLIENT_PORT + i, port, new byte[10]));
            }
            Eventually.equal(QUOTA, "received", echo::received);

            byte[] tooMuch = packet.udp(CLIENT_PORT + QUOTA, port, new byte[10]);
            ramp.send(tooMuch);

            // Others go the other way, as nobody listens to the echoes.
            Decoded error =
                    Decoded.of(
                            ramp.await(
                                    "unreachable",
                                    ip -> Icmp.isUnreachable(ip) && isFor(ip, family.client())));
            // Communication administratively prohibited: RFC 1812 section 5.2.7.1, RFC 4443
            // section 3.1.
            assertEquals(family.isIpv6() ? 1 : 13, error.icmpCode());
            assertTrue(error.quoted().isBeginningOf(tooMuch));
            assertEquals(QUOTA, echo.sources().size());
            othersAndWhatLivesGoOn(topology, family, echo, ramp);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc6888-req-11-d")
    void keepsWhatLivesWhenATenantIsBeyondItsQuota(Family family) throws Exception {
        String quota = "ports-per-tenant: " + QUOTA;
        try (Topology topology =
                        Topology.withOffRamp(quota, Topology.FORWARD_ALL, "acme", "umbrella");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int i = 0; i < QUOTA; i++) {
                ramp.send(packet.udp(CLIENT_PORT + i, echo.address().getPort(), new byte[10]));
            }
            // Two workers have them, and might let later ones have what the first ones want.
            Eventually.equal(QUOTA, "received", echo::received);
            for (int i = QUOTA; i < 2 * QUOTA; i++) {
                ramp.send(packet.udp(CLIENT_PORT + i, echo.address().getPort(), new byte[10]));
            }
            Eventually.equal(
                    (long) QUOTA,
                    "refused",
                    () -> topology.status().answered() + topology.dropped(Reason.TENANT_PORTS));
            assertEquals(QUOTA, new HashSet<>(echo.sources()).size());

            othersAndWhatLivesGoOn(topology, family, echo, ramp);
            topology.everyPacketIsAccountedFor();
        }
    }

    private static void othersAndWhatLivesGoOn(
            Topology topology, Family family, UdpEcho echo, PacketSocket ramp) throws Exception {
        int before = echo.received();
        Set<SocketAddress> ofAcme = Set.copyOf(echo.sources());
        RawPacket packet = new RawPacket(family.client(), family.server());
        ramp.send(packet.udp(CLIENT_PORT, echo.address().getPort(), new byte[11]));
        Eventually.equal(before + 1, "what lives", echo::received);
        assertEquals(ofAcme, echo.sources());

        try (DatagramChannel other =
                topology.secondClient().udp(family, family.client(), CLIENT_PORT)) {
            byte[] sent = new Content(3).bytes(20);
            other.send(ByteBuffer.wrap(sent), echo.address());
            assertArrayEquals(sent, receive(other));
        }
        assertNotEquals(ofAcme, echo.sources());
    }

    private static boolean isFor(IpPacket ip, InetAddress address) {
        try {
            return Decoded.of(ip).destination().equals(address);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] receive(DatagramChannel channel) throws Exception {
        ByteBuffer datagram = ByteBuffer.allocate(65_535);
        channel.receive(datagram);
        byte[] bytes = new byte[datagram.flip().remaining()];
        datagram.get(bytes);
        return bytes;
    }
}
