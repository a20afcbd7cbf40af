package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.List;

/** Upgraded flows carry datagrams that are longer than any packet on the way. */
@Timeout(60)
class UpgradedFragmentsTest {
    private static final int LONG = 4_000;

    @ParameterizedTest
    @EnumSource
    void carriesALongDatagramBothWays(Family family) throws Exception {
        try (Topology topology = Topology.open();
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            byte[] sent = new Content(1).bytes(LONG);
            client.send(ByteBuffer.wrap(sent), echo.address());

            assertArrayEquals(sent, receive(client));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesALongPingBothWays(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PingSocket ping = PingSocket.on(topology.client(), family, family.server())) {
            byte[] sent = new Content(2).bytes(LONG);

            assertArrayEquals(sent, ping.ask(sent));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void takesFragmentsInAnyOrder(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            byte[] sent = new Content(3).bytes(LONG);
            List<byte[]> fragments = RawPacket.fragments(datagram(family, server, sent), 9, 800);
            for (int i : new int[] {4, 1, 5, 0, 3, 2}) {
                ramp.send(fragments.get(i));
            }

            assertArrayEquals(sent, receive(server));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 8200 section 4.5, and RFC 5722 for the reason: all of it goes, not what overlaps. */
    @ParameterizedTest
    @EnumSource
    void dropsADatagramWhoseFragmentsOverlap(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            byte[] packet = datagram(family, server, new byte[1_000]);
            ramp.send(RawPacket.fragment(packet, 9, 0, 512, true));
            ramp.send(RawPacket.fragment(packet, 9, 504, 8, true));
            ramp.send(RawPacket.fragment(packet, 9, 512, 496, false));
            Eventually.holds("dropped", () -> topology.dropped(Reason.FRAGMENT_OVERLAP) > 0);

            byte[] next = new Content(4).bytes(10);
            ramp.send(datagram(family, server, next));
            assertArrayEquals(next, receive(server), "what overlapped came first");
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void sendsNoLongerPacketsIntoATunnelThanItTakes(Family family) throws Exception {
        try (Topology topology = Topology.open();
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.send(ByteBuffer.allocate(LONG), echo.address());
            receive(client);
            IpPacket last =
                    ramp.await(
                            "the last fragment of the reply",
                            ip -> isReply(family, ip) && !ip.moreFragments());
            assertEquals(LONG + 8, last.fragmentOffset() + last.transportLength());
        }
    }

    private static boolean isReply(Family family, IpPacket ip) {
        try {
            return ip.isFragment() && Decoded.of(ip).source().equals(family.server());
        } catch (java.net.UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] datagram(Family family, DatagramChannel to, byte[] payload)
            throws Exception {
        int port = ((InetSocketAddress) to.getLocalAddress()).getPort();
        return new RawPacket(family.client(), family.server()).udp(5_000, port, payload);
    }

    private static byte[] receive(DatagramChannel channel) throws Exception {
        ByteBuffer datagram = ByteBuffer.allocate(65_535);
        channel.receive(datagram);
        byte[] bytes = new byte[datagram.flip().remaining()];
        datagram.get(bytes);
        return bytes;
    }
}
