package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.corpus.CorpusPacket;
import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Whatever comes in is data: it is named, counted and never in the way of others. */
@Timeout(60)
class HostilePacketsTest {
    @ParameterizedTest
    @EnumSource
    void dropsWhatNeverCrossesALink(Family family) throws Exception {
        boolean ipv6 = family.isIpv6();
        InetAddress loopback = Family.parse(ipv6 ? "::1" : "127.0.0.1");
        InetAddress otherLoopback = Family.parse(ipv6 ? "::1" : "127.255.255.254");
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            InetAddress client = family.client();
            InetAddress[][] martians = {
                {client, loopback},
                {client, otherLoopback},
                {loopback, family.server()},
                {otherLoopback, family.server()},
                {client, client},
            };
            for (InetAddress[] pair : martians) {
                RawPacket packet = new RawPacket(pair[0], pair[1]);
                long before = topology.dropped(Reason.MARTIAN);
                ramp.send(packet.udp(1000, 53, new byte[4]));
                ramp.send(packet.tcp(1000, 80, 1, 0, RawPacket.SYN));
                ramp.send(packet.echoRequest(1, 1, new byte[4]));
                Eventually.equal(before + 3, "martians", () -> topology.dropped(Reason.MARTIAN));
            }
            assertEquals(0, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void dropsWhatIsNotForOrFromOneHost(Family family) throws Exception {
        boolean ipv6 = family.isIpv6();
        List<InetAddress> notHosts = new ArrayList<>();
        notHosts.add(Family.parse(ipv6 ? "ff02::fb" : "224.0.0.251"));
        notHosts.add(Family.parse(ipv6 ? "ff0e::1" : "239.1.2.3"));
        notHosts.add(family.any());
        if (!ipv6) {
            notHosts.add(Family.parse("255.255.255.255"));
        }
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            for (InetAddress address : notHosts) {
                long opened = topology.gateway().flows();
                long before = topology.dropped(Reason.NOT_UNICAST);
                ramp.send(new RawPacket(family.client(), address).udp(1000, 53, new byte[4]));
                ramp.send(new RawPacket(address, family.server()).udp(1000, 53, new byte[4]));
                Eventually.holds(
                        "not unicast: " + address,
                        () -> topology.dropped(Reason.NOT_UNICAST) >= before + 2);
                assertEquals(opened, topology.gateway().flows());
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Every packet of the corpus, the sound ones too, into a gateway that upgrades everything. */
    @Test
    void accountsForEveryPacketOfTheCorpus() throws Exception {
        try (Topology topology = Topology.open(65_535, Topology.UPGRADE_ALL, FlowListener.NONE);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            long sentBefore = topology.client().packetsSent(Topology.DEVICE);
            int malformed = 0;
            for (CorpusPacket packet : CorpusPacket.all()) {
                if (packet.length() > 0 && packet.length() <= 65_535) {
                    byte[] bytes = new byte[packet.length()];
                    packet.bytes().get(0, bytes);
                    ramp.send(bytes);
                    malformed += packet.isIn("malformed") ? 1 : 0;
                }
            }

            assertTrue(malformed > 100, "of a corpus with only " + malformed);
            Eventually.holds(
                    "all are received",
                    () ->
                            topology.status().received()
                                    >= topology.client().packetsSent(Topology.DEVICE) - sentBefore);
            topology.everyPacketIsAccountedFor();
            for (Family family : Family.values()) {
                stillWorks(topology, family);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void holdsNoSynThatCarriesMoreThanFourKibibytes(Family family) throws Exception {
        RawPacket packet = new RawPacket(family.client(), family.server());
        try (Topology topology = Topology.open(9_000, Topology.UPGRADE_ALL, FlowListener.NONE);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            ramp.send(packet.tcp(1000, 7, 1, 0, RawPacket.SYN, new byte[4_096]));
            Eventually.equal(1L, "dropped", () -> topology.dropped(Reason.SYN_TOO_LONG));
            assertEquals(0, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
            stillWorks(topology, family);
        }
    }

    /** Sound packets with bits turned over, which get deeper than random bytes do. */
    @ParameterizedTest
    @EnumSource
    void accountsForPacketsWithAnyBitsWrong(Family family) throws Exception {
        Random random = new Random(4711);
        RawPacket packet = new RawPacket(family.client(), family.server());
        byte[][] sound = {
            packet.tcp(1000, 7, 1, 0, RawPacket.SYN),
            packet.tcp(1000, 7, 2, 5, RawPacket.ACK | RawPacket.FIN),
            packet.udp(1000, 7, new byte[30]),
            packet.echoRequest(1, 1, new byte[30]),
            packet.icmp(family.isIpv6() ? 1 : 3, 1, 0, packet.tcp(7, 1000, 1, 0, RawPacket.ACK)),
        };
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            for (int i = 0; i < 5_000; i++) {
                byte[] bytes = sound[i % sound.length].clone();
                for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                    // The addresses stay, so that it does not become somebody else's packet.
                    int at = random.nextInt(bytes.length);
                    boolean address =
                            at >= (family.isIpv6() ? 8 : 12) && at < family.headerLength();
                    if (!address) {
                        bytes[at] ^= (byte) (1 << random.nextInt(8));
                    }
                }
                ramp.send(bytes);
            }
            topology.everyPacketIsAccountedFor();
            stillWorks(topology, family);
        }
    }

    private static void stillWorks(Topology topology, Family family) throws Exception {
        try (TcpServer server =
                        TcpServer.on(
                                topology.server(), family, c -> new Content(1).send(c, 100_000));
                SocketChannel client = topology.client().connect(family, server.address())) {
            new Content(1).receiveAll(client, 100_000);
        }
    }
}
