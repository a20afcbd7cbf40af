package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** An on-ramp's device may be made by the gateway or be there before. */
@Timeout(60)
class OnRampDeviceTest {
    private static final int MIB = 1024 * 1024;

    @ParameterizedTest
    @EnumSource
    void mayBeOneThatWasThereWithFewerQueuesThanThereAreWorkers(Family family) throws Exception {
        worksWith(family, TunSettings.named(Topology.DEVICE).withPersistent(true), 1);
    }

    @ParameterizedTest
    @EnumSource
    void mayBeOneThatWasThereWithQueuesForAll(Family family) throws Exception {
        worksWith(family, TunSettings.named(Topology.DEVICE).withPersistent(true).withQueues(4), 3);
    }

    private static void worksWith(Family family, TunSettings settings, int queues)
            throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server =
                        TcpServer.on(topology.server(), family, c -> new Content(1).send(c, MIB));
                UdpEcho udp = UdpEcho.on(topology.server(), family, family.server())) {
            TunDevice.open(topology.client().namespace(), settings).close();
            assertTrue(topology.client().link(Topology.DEVICE).isPresent());

            topology.start(
                    topology.onRamps(1500, "acme") + Topology.UPGRADE_ALL + "workers: 3\n",
                    FlowListener.NONE);
            topology.routeClients();

            assertEquals(queues, topology.gateway().device("acme").queues().size());
            List<SocketChannel> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                clients.add(topology.client().connect(family, server.address()));
            }
            for (SocketChannel client : clients) {
                new Content(1).receiveAll(client, MIB);
                client.close();
            }
            try (DatagramChannel client = topology.client().udp(family, null, 0)) {
                client.send(ByteBuffer.allocate(10), udp.address());
                client.receive(ByteBuffer.allocate(10));
            }
            topology.gateway().close();
            assertTrue(topology.client().link(Topology.DEVICE).isPresent(), "it was not ours");
        }
    }

    @ParameterizedTest
    @EnumSource
    void isGoneWithTheGatewayThatMadeIt(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server =
                        TcpServer.on(topology.server(), family, c -> new Content(1).send(c, MIB));
                SocketChannel client = topology.client().connect(family, server.address())) {
            new Content(1).receiveAll(client, MIB);

            topology.gateway().close();

            assertTrue(topology.client().link(Topology.DEVICE).isEmpty());
        }
    }
}
