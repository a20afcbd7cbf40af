package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;

/** Packets go from tunnel to tunnel of a tenant as a router sends them on. */
@Timeout(60)
class ForwardingTest {
    private static final int LENGTH = 4 * 1024 * 1024;
    private static final int TCP_HEADER = 20;
    private static final int CLIENT_PORT = 5_000;
    private static final int SERVER_PORT = 6_000;

    /** Expedited forwarding, RFC 3246, and congestion experienced, RFC 3168. */
    private static final int EXPEDITED_AND_MARKED = 46 << 2 | 3;

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.2.4.3")
    void carriesTcpByTheLongestPrefixOfTheTenant(Family family) throws Exception {
        try (Branches branches = Branches.open();
                TcpServer near = content(branches.near(), family, 1);
                TcpServer wide = content(branches.wide(), family, 2);
                TcpServer foreign = content(branches.foreign(), family, 3)) {
            InetSocketAddress there = new InetSocketAddress(family.branch(), SERVER_PORT);
            try (SocketChannel client = branches.client().connect(family, there)) {
                new Content(1).receiveAll(client, LENGTH);
            }
            assertEquals(1, near.accepted());
            assertEquals(0, wide.accepted() + foreign.accepted());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesUdpByTheLongestPrefixOfTheTenant(Family family) throws Exception {
        try (Branches branches = Branches.open();
                DatagramChannel near = branches.near().udp(family, null, SERVER_PORT);
                DatagramChannel client = branches.client().udp(family, null, 0)) {
            for (int length : new int[] {0, 1, 1_000, 4_000}) {
                byte[] sent = new Content(length).bytes(length);
                client.send(
                        ByteBuffer.wrap(sent), new InetSocketAddress(family.branch(), SERVER_PORT));
                // An MTU that is smaller may have to be learnt, by the first of them.
                Eventually.holds(
                        "a datagram of " + length, () -> arrives(family, client, near, sent));
            }
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    private static boolean arrives(
            Family family, DatagramChannel from, DatagramChannel to, byte[] sent)
            throws IOException {
        to.configureBlocking(false);
        ByteBuffer datagram = ByteBuffer.allocate(65_535);
        if (to.receive(datagram) == null) {
            from.send(ByteBuffer.wrap(sent), new InetSocketAddress(family.branch(), SERVER_PORT));
            return false;
        }
        // One that was sent twice may be left of the last length.
        return datagram.flip().equals(ByteBuffer.wrap(sent));
    }

    @ParameterizedTest
    @EnumSource
    void carriesPings(Family family) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.branch());
            ramp.send(packet.echoRequest(7, 1, new byte[4]));
            near.await("request", ip -> ip.icmp() != null && ip.icmp().isEchoRequest());
            IpPacket reply = ramp.await("reply", ip -> Icmp.isReply(ip, 7, 1));
            assertEquals(family.branch(), Icmp.source(reply));
            assertEquals(63, reply.timeToLive());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void entersNoOtherTenantsTunnel(Family family) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket foreign = PacketSocket.on(branches.foreign(), Topology.DEVICE);
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE)) {
            // Of the other tenant nothing leads to the first client, the longest prefix or not.
            foreign.send(
                    new RawPacket(family.branch(), family.client())
                            .udp(CLIENT_PORT, SERVER_PORT, new byte[4]));
            Decoded error = Decoded.of(foreign.await("no route", Icmp::isUnreachable));
            assertEquals(0, error.icmpCode());

            ramp.send(
                    new RawPacket(family.client(), family.branch())
                            .udp(CLIENT_PORT, SERVER_PORT, new byte[5]));
            Eventually.holds(
                    "the other is carried", () -> branches.topology().status().carried() >= 1);
            assertFalse(ramp.next(ip -> isUdp(ip, 4)), "another tenant's packet");
            assertFalse(foreign.next(ip -> isUdp(ip, 5)), "the first tenant's packet");
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 1812 section 5.2.7.1, RFC 4443 section 3.1. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.2.7.1-a")
    void answersWhereNoRouteLeads(Family family) throws Exception {
        InetAddress nowhere = Family.parse(family.isIpv6() ? "2001:db8::1" : "192.0.2.1");
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE)) {
            byte[] sent =
                    new RawPacket(family.client(), nowhere)
                            .udp(CLIENT_PORT, SERVER_PORT, new byte[4]);
            ramp.send(sent);

            Decoded error = Decoded.of(ramp.await("no route", Icmp::isUnreachable));
            assertEquals(0, error.icmpCode());
            assertTrue(error.checksumsRight());
            assertTrue(error.quoted().isBeginningOf(sent));
            assertEquals(0, branches.topology().flows().size());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 2827: nothing goes on, and nothing comes back to whom it pretends to be. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.8-a")
    void dropsForeignSourcesInSilence(Family family) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            for (int i = 0; i < 200; i++) {
                InetAddress source =
                        Family.parse(
                                family.isIpv6()
                                        ? "fd00:2::" + Integer.toHexString(i + 1)
                                        : "10.2.0." + (i + 1));
                RawPacket packet = new RawPacket(source, family.branch(), i % 3);
                ramp.send(packet.udp(CLIENT_PORT, SERVER_PORT, new byte[4]));
            }
            Eventually.holds("dropped", () -> branches.dropped(Reason.SOURCE_NOT_ALLOWED) >= 200);
            ramp.send(
                    new RawPacket(family.client(), family.branch())
                            .udp(CLIENT_PORT, SERVER_PORT, new byte[5]));
            IpPacket first = near.await("one", ip -> isUdp(ip, 4) || isUdp(ip, 5));
            assertEquals(family.client(), Icmp.source(first));
            // Of the last one alone is there an error, as nobody listens.
            Decoded error =
                    Decoded.of(
                            ramp.await(
                                    "unreachable", ip -> ip.icmp() != null && ip.icmp().isError()));
            assertEquals(family.client(), error.destination());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.1-a")
    @Tag("rfc1812-5.3.3.3-a")
    @Tag("rfc1812-5.3.3.3-b")
    void isOneHopAndKeepsTheTrafficClass(Family family) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            for (int hops : new int[] {2, 64, 255}) {
                byte[] payload = new Content(hops).bytes(100);
                byte[] sent =
                        RawPacket.trafficClass(
                                new RawPacket(family.client(), family.branch(), hops)
                                        .udp(CLIENT_PORT, SERVER_PORT, payload),
                                EXPEDITED_AND_MARKED);
                ramp.send(sent);

                IpPacket ip = near.await("it", packet -> isUdp(packet, 100));
                assertEquals(hops - 1, ip.timeToLive());
                assertEquals(EXPEDITED_AND_MARKED, ip.trafficClass());
                assertTrue(Decoded.of(ip).checksumsRight());
                assertTrue(Decoded.of(ip).isBeginningOf(sent), "something else has changed");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.1-b")
    @Tag("rfc1812-5.2.7.3")
    void tellsOfPacketsAtTheEndOfTheirLife(Family family) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            byte[] sent =
                    new RawPacket(family.client(), family.branch(), 1)
                            .udp(CLIENT_PORT, SERVER_PORT, new byte[100]);
            ramp.send(sent);

            Decoded error = Decoded.of(ramp.await("time exceeded", Icmp::isTimeExceeded));
            assertEquals(0, error.icmpCode());
            assertTrue(error.checksumsRight());
            assertTrue(error.quoted().isBeginningOf(sent));
            assertFalse(near.next(ip -> isUdp(ip, 100)));
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 1191 section 4, RFC 4443 section 3.2. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-13")
    @Tag("rfc8200-4.5-a")
    @Tag("rfc8200-5-b")
    void tellsOfATunnelThatIsTooSmall(Family family) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            int fits = Branches.NEAR_MTU - family.headerLength() - 8;
            RawPacket packet = new RawPacket(family.client(), family.branch());
            byte[] sent =
                    RawPacket.dontFragment(
                            packet.udp(CLIENT_PORT, SERVER_PORT, new byte[fits + 1]));
            ramp.send(sent);
            Decoded error = Decoded.of(ramp.await("too big", Icmp::isTooBig));
            assertEquals(Branches.NEAR_MTU, error.icmpWord());
            assertTrue(error.checksumsRight());
            assertTrue(error.quoted().isBeginningOf(sent));

            ramp.send(RawPacket.dontFragment(packet.udp(CLIENT_PORT, SERVER_PORT, new byte[fits])));
            near.await("one that fits", ip -> isUdp(ip, fits));
            assertFalse(near.next(ip -> isUdp(ip, fits + 1)));
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 791 section 3.2; over IPv6 only its sender cuts a packet. */
    @Test
    @Tag("rfc1812-5.2.6-a")
    @Tag("rfc4787-req-13-a")
    void cutsWhatMayBeCut() throws Exception {
        Family family = Family.IPV4;
        try (Branches branches = Branches.open();
                DatagramChannel server = branches.near().udp(family, null, SERVER_PORT);
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            byte[] payload = new Content(1).bytes(1_472);
            ramp.send(
                    new RawPacket(family.client(), family.branch())
                            .udp(CLIENT_PORT, SERVER_PORT, payload));

            ByteBuffer received = ByteBuffer.allocate(2_000);
            server.receive(received);
            assertEquals(ByteBuffer.wrap(payload), received.flip());
            IpPacket first = near.await("a fragment", IpPacket::isFirstFragment);
            assertTrue(first.length() <= Branches.NEAR_MTU, "of " + first.length());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 9293 section 3.7.1, RFC 6691. */
    @ParameterizedTest
    @EnumSource
    void lowersWhatBothSidesOfferToTheSmallerTunnel(Family family) throws Exception {
        int size = Branches.NEAR_MTU - family.headerLength() - TCP_HEADER;
        try (Branches branches = Branches.open();
                TcpServer there = content(branches.near(), family, 1);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE);
                KernelTcp tcp = KernelTcp.connect(branches.client(), family, there.address())) {
            assertEquals(size, offer(near, there, true));
            assertEquals(LENGTH, tcp.readAll());
        }
        try (Branches branches = Branches.open();
                TcpServer here =
                        TcpServer.on(branches.client(), family, family.client(), 0, c -> {});
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE);
                KernelTcp tcp = KernelTcp.connect(branches.near(), family, here.address())) {
            assertEquals(size, offer(near, here, false));
            assertEquals(0, tcp.readAll());
        }
    }

    /** What the SYN to that server, or the answer to it, offers. */
    private static int offer(PacketSocket socket, TcpServer server, boolean syn) throws Exception {
        int port = server.address().getPort();
        IpPacket ip =
                socket.await(
                        "SYN",
                        packet ->
                                packet.tcp() != null
                                        && packet.tcp().syn()
                                        && packet.tcp().ack() == !syn
                                        && (syn ? packet.destinationPort() : packet.sourcePort())
                                                == port);
        return ip.tcp().maximumSegmentSize();
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-14")
    void carriesFragmentsInAnyOrder(Family family) throws Exception {
        try (Branches branches = Branches.open();
                DatagramChannel server = branches.near().udp(family, null, SERVER_PORT);
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE)) {
            byte[] payload = new Content(1).bytes(4_000);
            byte[] packet =
                    new RawPacket(family.client(), family.branch())
                            .udp(CLIENT_PORT, SERVER_PORT, payload);
            var fragments = RawPacket.fragments(packet, 9, 800);
            for (int i : new int[] {5, 3, 0, 4, 1, 2}) {
                ramp.send(fragments.get(i));
            }
            ByteBuffer received = ByteBuffer.allocate(5_000);
            server.receive(received);
            assertEquals(ByteBuffer.wrap(payload), received.flip());
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 8200 section 4.5. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc8200-4.5-q")
    void dropsADatagramWhoseFragmentsOverlap(Family family) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.branch());
            byte[] whole = packet.udp(CLIENT_PORT, SERVER_PORT, new byte[1_000]);
            ramp.send(RawPacket.fragment(whole, 9, 0, 512, true));
            ramp.send(RawPacket.fragment(whole, 9, 504, 8, true));
            ramp.send(RawPacket.fragment(whole, 9, 512, 496, false));
            Eventually.holds("dropped", () -> branches.dropped(Reason.FRAGMENT_OVERLAP) > 0);

            ramp.send(packet.udp(CLIENT_PORT, SERVER_PORT, new byte[10]));
            IpPacket next = near.await("next", ip -> ip.udp() != null || ip.isFragment());
            assertTrue(isUdp(next, 10), "a piece of what overlapped came first");
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** RFC 1812 section 4.3: an error finds its way to whom it is for, and to nobody else. */
    @ParameterizedTest
    @EnumSource
    void bringsErrorsOfOneSideToTheOther(Family family) throws Exception {
        try (Branches branches = Branches.open();
                DatagramChannel client =
                        branches.client().udp(family, family.client(), CLIENT_PORT);
                PacketSocket foreign = PacketSocket.on(branches.foreign(), Topology.DEVICE);
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE)) {
            client.connect(new InetSocketAddress(family.branch(), SERVER_PORT));
            byte[] payload = new byte[20];
            client.write(ByteBuffer.wrap(payload));
            assertThrows(
                    PortUnreachableException.class, () -> client.read(ByteBuffer.allocate(100)));
            Decoded error = Decoded.of(ramp.await("unreachable", Icmp::isUnreachable));
            assertEquals(family.branch(), error.source());
            assertTrue(error.checksumsRight());

            // The same of another tenant's.
            byte[] quoted =
                    new RawPacket(family.client(), family.branch())
                            .udp(CLIENT_PORT, SERVER_PORT, payload);
            int type = family.isIpv6() ? 1 : 3;
            foreign.send(
                    new RawPacket(family.branch(), family.client())
                            .icmp(type, family.isIpv6() ? 4 : 3, 0, quoted));
            Eventually.equal(1L, "unmatched", () -> branches.dropped(Reason.UNMATCHED_ERROR));
            assertFalse(ramp.next(Icmp::isUnreachable));
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    /** GRE, ESP, SCTP, IPv4 in IP, IPv6 in IP and numbers that nobody knows: by address. */
    @ParameterizedTest
    @ValueSource(ints = {47, 50, 132, 4, 41, 200, 253})
    void carriesOtherProtocols(int protocol) throws Exception {
        try (Branches branches = Branches.open();
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            for (Family family : Family.values()) {
                byte[] payload = new Content(protocol).bytes(100);
                ramp.send(new RawPacket(family.client(), family.branch()).other(protocol, payload));
                int version = family.isIpv6() ? 6 : 4;
                IpPacket there =
                        near.await(
                                "protocol " + protocol,
                                ip -> ip.protocol() == protocol && ip.version() == version);
                assertArrayEquals(payload, Decoded.of(there).payload());

                byte[] answer = new Content(protocol).bytes(50);
                near.send(new RawPacket(family.branch(), family.client()).other(protocol, answer));
                ramp.await(
                        "answer",
                        ip ->
                                ip.protocol() == protocol
                                        && ip.version() == version
                                        && ip.transportLength() == answer.length);
            }
            branches.topology().everyPacketIsAccountedFor();
        }
    }

    private static TcpServer content(Host host, Family family, int number) throws IOException {
        return TcpServer.on(
                host,
                family,
                family.branch(),
                SERVER_PORT,
                connection -> new Content(number).send(connection, LENGTH));
    }

    private static boolean isUdp(IpPacket ip, int payload) {
        return ip.udp() != null && ip.transportLength() == 8 + payload;
    }
}
