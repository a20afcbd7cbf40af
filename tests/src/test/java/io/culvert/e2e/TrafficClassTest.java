package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;

/** The class of service that a client asks for (RFC 2474) goes all the way and comes back. */
@Timeout(60)
class TrafficClassTest {
    /** Expedited forwarding, RFC 3246. */
    private static final int EXPEDITED = 46 << 2;

    private static final int DSCP = 0xfc;

    @ParameterizedTest
    @EnumSource
    void goesToTheServerWithTheSyn(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                SocketChannel client = topology.client().tcp(family)) {
            client.setOption(StandardSocketOptions.IP_TOS, EXPEDITED);
            client.connect(server.address());

            IpPacket syn = wire.await("the SYN", ip -> isSyn(ip, false));
            assertEquals(EXPEDITED, syn.trafficClass() & DSCP);
            IpPacket answer = ramp.await("the answer", ip -> isSyn(ip, true));
            assertEquals(EXPEDITED, answer.trafficClass() & DSCP);
        }
    }

    @ParameterizedTest
    @EnumSource
    void goesToTheServerWithTheData(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                SocketChannel client = topology.client().tcp(family)) {
            client.setOption(StandardSocketOptions.IP_TOS, EXPEDITED);
            client.connect(server.address());
            client.write(ByteBuffer.allocate(100));
            client.read(ByteBuffer.allocate(100));

            int port = server.address().getPort();
            IpPacket request = wire.await("data", ip -> isData(ip) && ip.destinationPort() == port);
            assertEquals(EXPEDITED, request.trafficClass() & DSCP);
            IpPacket reply = ramp.await("data", ip -> isData(ip) && ip.sourcePort() == port);
            assertEquals(EXPEDITED, reply.trafficClass() & DSCP);
        }
    }

    @ParameterizedTest
    @EnumSource
    void goesWithEachDatagramBothWays(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel server = topology.server().udp(family, family.server(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            for (int tos : new int[] {EXPEDITED, 8 << 2, 0}) {
                client.setOption(StandardSocketOptions.IP_TOS, tos);
                client.send(ByteBuffer.allocate(10), server.getLocalAddress());
                IpPacket request = wire.await("request", ip -> isUdp(ip, 10));
                assertEquals(tos, request.trafficClass() & DSCP);

                server.setOption(StandardSocketOptions.IP_TOS, EXPEDITED);
                server.send(ByteBuffer.allocate(20), server.receive(ByteBuffer.allocate(20)));
                IpPacket reply = ramp.await("reply", ip -> isUdp(ip, 20));
                assertEquals(EXPEDITED, reply.trafficClass() & DSCP);
            }
        }
    }

    private static boolean isSyn(IpPacket ip, boolean answer) {
        return ip.tcp() != null && ip.tcp().syn() && ip.tcp().ack() == answer;
    }

    private static boolean isData(IpPacket ip) {
        return ip.tcp() != null && ip.tcp().payloadLength() > 0;
    }

    private static boolean isUdp(IpPacket ip, int payload) {
        return ip.udp() != null && ip.transportLength() == 8 + payload;
    }
}
