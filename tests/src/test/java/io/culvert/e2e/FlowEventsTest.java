package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;

/** A listener hears of every flow, once when it opens and once when it ends, with its figures. */
@Timeout(60)
class FlowEventsTest {
    private static final int UPLOAD = 300_000;
    private static final int DOWNLOAD = 700_000;

    @ParameterizedTest
    @EnumSource
    void tellOfATcpFlowWithWhatItCarried(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                c -> {
                                    new Content(1).receive(c, UPLOAD);
                                    new Content(2).send(c, DOWNLOAD);
                                })) {
            int port;
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                port = ((InetSocketAddress) client.getLocalAddress()).getPort();
                new Content(1).send(client, UPLOAD);
                new Content(2).receiveAll(client, DOWNLOAD);
            }
            FlowLog.Ended ended = log.ended(server.address().getPort());

            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals(1, log.openedFlows().size());
            assertEquals(1, log.closedFlows().size());
            Flow flow = ended.flow();
            assertEquals(flow, log.openedFlows().getFirst());
            assertEquals("acme", flow.tenant().name());
            assertEquals("default", flow.decision().decidedBy());
            assertEquals(port, flow.key().sourcePort());
            // With headers; a handshake, data and its end take five packets at the least.
            assertTrue(flow.initiatorBytes() > UPLOAD, () -> "" + flow.initiatorBytes());
            assertTrue(flow.initiatorBytes() < UPLOAD * 1.3, () -> "" + flow.initiatorBytes());
            assertTrue(flow.targetBytes() > DOWNLOAD, () -> "" + flow.targetBytes());
            assertTrue(flow.targetBytes() < DOWNLOAD * 1.3, () -> "" + flow.targetBytes());
            assertTrue(flow.initiatorPackets() > UPLOAD / 1460, () -> "" + flow);
            assertTrue(flow.targetPackets() > DOWNLOAD / 1460, () -> "" + flow);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tellOfAUdpFlowWhenItsTimeIsOver(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            for (int i = 0; i < 7; i++) {
                client.send(ByteBuffer.allocate(100), server.address());
                client.receive(ByteBuffer.allocate(200));
            }
            topology.gateway().close();

            FlowLog.Ended ended = log.ended(server.address().getPort());
            assertEquals(Reason.SHUTDOWN, ended.reason());
            assertEquals(7, ended.flow().initiatorPackets());
            assertEquals(7, ended.flow().targetPackets());
            assertEquals(7L * (108 + family.headerLength()), ended.flow().initiatorBytes());
        }
    }

    @ParameterizedTest
    @EnumSource
    void tellOfAFlowThatWasRefused(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(Topology.UPGRADE_ALL, log);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.unreachable());
            ramp.send(packet.tcp(1000, 80, 1, 0, RawPacket.SYN));

            FlowLog.Ended ended = log.ended(80);
            assertEquals(Reason.DIAL_UNREACHABLE, ended.reason());
            assertEquals(1, ended.flow().initiatorPackets());
        }
    }
}
