package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.corpus.CorpusPacket;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Random;

/** Whatever comes in is forwarded, answered or dropped for a reason, and the next is as well. */
@Timeout(60)
class HostileForwardingTest {
    private static final int SERVER_PORT = 6_000;
    private static final int LENGTH = 100_000;

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.5.1")
    @Tag("rfc1812-5.3.7-a")
    void forwardsNoMartian(Family family) throws Exception {
        boolean ipv6 = family.isIpv6();
        List<String> martians =
                ipv6
                        ? List.of("::", "::1", "ff02::1", "ff0e::1")
                        : List.of(
                                "0.0.0.0",
                                "0.1.2.3",
                                "127.0.0.1",
                                "127.255.255.254",
                                "224.0.0.1",
                                "239.255.255.255",
                                "240.0.0.1",
                                "255.255.255.255");
        try (Topology topology = Topology.withOffRamp("", Topology.FORWARD_ALL, "acme");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket lan = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP)) {
            for (String each : martians) {
                InetAddress martian = Family.parse(each);
                long before = refused(topology);
                ramp.send(
                        new RawPacket(martian, family.server())
                                .udp(1_000, SERVER_PORT, new byte[4]));
                ramp.send(
                        new RawPacket(family.client(), martian)
                                .udp(1_000, SERVER_PORT, new byte[4]));
                Eventually.holds(
                        "refused: " + each + " " + topology.status().dropped(),
                        () -> refused(topology) >= before + 2);
            }
            long before = refused(topology);
            ramp.send(
                    new RawPacket(family.client(), family.client())
                            .tcp(80, 80, 1, 0, RawPacket.SYN));
            Eventually.equal(before + 1, "from and to itself", () -> refused(topology));

            assertEquals(0, topology.flows().size());
            assertFalse(lan.next(ip -> ip.destinationPort() == SERVER_PORT));
            topology.everyPacketIsAccountedFor();
        }
    }

    private static long refused(Topology topology) throws Exception {
        return topology.dropped(Reason.MARTIAN) + topology.dropped(Reason.NOT_UNICAST);
    }

    /** Every packet of the corpus, between tunnels and out of a device. */
    @Test
    void accountsForEveryPacketOfTheCorpus() throws Exception {
        try (Branches branches = Branches.open(65_535, Topology.offRamp(""), Topology.FORWARD_ALL);
                PacketSocket ramp = PacketSocket.on(branches.wide(), Topology.DEVICE)) {
            Topology topology = branches.topology();
            branches.wide().mtu(Topology.DEVICE, 65_535);
            int sent = 0;
            for (CorpusPacket packet : CorpusPacket.all()) {
                if (packet.length() > 0 && packet.length() <= 65_535) {
                    byte[] bytes = new byte[packet.length()];
                    packet.bytes().get(0, bytes);
                    ramp.send(bytes);
                    sent++;
                }
            }

            assertTrue(sent > 6_000, "of a corpus with only " + sent);
            int all = sent;
            Eventually.holds("all are received", () -> topology.status().received() >= all);
            topology.everyPacketIsAccountedFor();
            for (Family family : Family.values()) {
                stillWorks(branches, family);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void accountsForPacketsWithAnyBitsWrong(Family family) throws Exception {
        Random random = new Random(4711);
        try (Branches branches = Branches.open(1500, Topology.offRamp(""), Topology.FORWARD_ALL);
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE)) {
            InetAddress[] targets = {family.branch(), family.server()};
            for (int i = 0; i < 5_000; i++) {
                byte[] bytes = sound(family, targets[i % 2], i);
                for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                    int at = random.nextInt(bytes.length);
                    boolean address =
                            at >= (family.isIpv6() ? 8 : 12) && at < family.headerLength();
                    if (!address) {
                        bytes[at] ^= (byte) (1 << random.nextInt(8));
                    }
                }
                ramp.send(bytes);
            }
            branches.topology().everyPacketIsAccountedFor();
            stillWorks(branches, family);
        }
    }

    private static byte[] sound(Family family, InetAddress to, int kind) {
        RawPacket packet = new RawPacket(family.client(), to);
        byte[] back = new RawPacket(to, family.client()).udp(SERVER_PORT, 1_000, new byte[30]);
        return switch (kind % 7) {
            case 0 -> packet.tcp(1_000, SERVER_PORT, 1, 0, RawPacket.SYN);
            case 1 -> packet.tcp(1_000, SERVER_PORT, 2, 5, RawPacket.ACK | RawPacket.FIN);
            case 2 -> packet.udp(1_000, SERVER_PORT, new byte[30]);
            case 3 -> packet.echoRequest(1, 1, new byte[30]);
            case 4 -> packet.icmp(family.isIpv6() ? 1 : 3, 1, 0, back);
            case 5 -> packet.other(47, new byte[30]);
            default -> RawPacket.fragments(back, kind, 16).getFirst();
        };
    }

    private static void stillWorks(Branches branches, Family family) throws Exception {
        try (TcpServer near = content(branches.near(), family, family.branch());
                TcpServer outside =
                        content(branches.topology().server(), family, family.server())) {
            for (TcpServer server : List.of(near, outside)) {
                InetSocketAddress there = server.address();
                try (SocketChannel client = branches.client().connect(family, there)) {
                    new Content(1).receiveAll(client, LENGTH);
                }
            }
        }
    }

    private static TcpServer content(Host host, Family family, InetAddress address)
            throws Exception {
        return TcpServer.on(
                host, family, address, 0, connection -> new Content(1).send(connection, LENGTH));
    }
}
