package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.flow.FlowListener;
import io.culvert.linux.Route;
import io.culvert.linux.Rule;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;

/** Segments fit the way that they go. */
@Timeout(60)
class SegmentSizeTest {
    /** The client's device, and the gateway's towards the clients. */
    private static final String INSIDE = "inside";

    private static final String CLIENTS = "clients";
    private static final int TABLE = 100;
    private static final int TCP_HEADER = 20;
    private static final int TIMESTAMPS = 12;
    private static final int LENGTH = 4 * 1024 * 1024;

    @ParameterizedTest
    @EnumSource
    void offersSegmentsThatFitTheOnRamp(Family family) throws Exception {
        try (Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, c -> {});
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                KernelTcp client = KernelTcp.connect(topology.client(), family, server.address())) {
            int size = 1500 - family.headerLength() - TCP_HEADER;

            ramp.await("the answer to the SYN", ip -> isAnswer(ip, size));
            assertEquals(size - TIMESTAMPS, client.sendSegmentSize());
        }
    }

    /**
     *
     *
     * <pre>
     *   client -- MTU 1500 -- gateway, culv0 with MTU 1400 -- server
     * </pre>
     */
    @ParameterizedTest
    @EnumSource
    void clampsToTheOnRampWhatAClientOffers(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server =
                        TcpServer.on(
                                topology.server(), family, c -> new Content(1).send(c, LENGTH))) {
            Host client = topology.client();
            Host gateway = topology.gatewayHost();
            Host.cable(client, INSIDE, gateway, CLIENTS);
            client.address(INSIDE, family.client(), family.prefixLength());
            gateway.address(CLIENTS, family.gatewayInside(), family.prefixLength());
            client.defaultRoute(family, INSIDE, family.gatewayInside());
            startOnTheGateway(topology, family, 1400);
            int size = 1400 - family.headerLength() - TCP_HEADER;

            try (PacketSocket wire = PacketSocket.on(client, INSIDE);
                    KernelTcp tcp = KernelTcp.connect(client, family, server.address())) {
                wire.await("the answer to the SYN", ip -> isAnswer(ip, size));
                assertEquals(LENGTH, tcp.readAll());
                assertEquals(size - TIMESTAMPS, tcp.sendSegmentSize());
                assertEquals(size - TIMESTAMPS, tcp.receivedSegmentSize());
            }
        }
    }

    /**
     * What a router on the client's side says of its next hop reaches the kernel in the namespace.
     *
     * <pre>
     *   client 1500 -- 1300 router 1500 -- 1500 gateway, culv0 with MTU 1500 -- server
     * </pre>
     */
    @ParameterizedTest
    @EnumSource
    void sendsSmallerSegmentsWhenARouterOnTheWayToTheClientAsks(Family family) throws Exception {
        InetAddress routerUp = Family.parse(family.isIpv6() ? "fd00:4::2" : "10.4.0.2");
        InetAddress gatewayInside = Family.parse(family.isIpv6() ? "fd00:4::1" : "10.4.0.1");
        try (Topology topology = Topology.withoutGateway();
                Host router = Host.named("router");
                TcpServer server =
                        TcpServer.on(
                                topology.server(), family, c -> new Content(1).send(c, LENGTH))) {
            Host client = topology.client();
            Host gateway = topology.gatewayHost();
            Host.cable(client, INSIDE, router, "down");
            Host.cable(router, "up", gateway, CLIENTS);
            client.address(INSIDE, family.client(), family.prefixLength());
            client.defaultRoute(family, INSIDE, family.gatewayInside());
            router.forwards();
            router.mtu("down", 1300);
            router.address("down", family.gatewayInside(), family.prefixLength());
            router.address("up", routerUp, family.prefixLength());
            router.defaultRoute(family, "up", gatewayInside);
            gateway.address(CLIENTS, gatewayInside, family.prefixLength());
            gateway.route(family.clientNetwork(), family.prefixLength(), CLIENTS, routerUp);
            startOnTheGateway(topology, family, 1500);

            try (PacketSocket wire = PacketSocket.on(router, "up");
                    KernelTcp tcp = KernelTcp.connect(client, family, server.address())) {
                assertEquals(LENGTH, tcp.readAll());
                assertEquals(
                        1300 - family.headerLength() - TCP_HEADER - TIMESTAMPS,
                        tcp.receivedSegmentSize());
                wire.await("too big", Icmp::isTooBig);
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    /** A device of the gateway's host, which gets what comes in from the client's side. */
    private static void startOnTheGateway(Topology topology, Family family, int mtu)
            throws IOException {
        Host gateway = topology.gatewayHost();
        gateway.forwards();
        topology.start(
                """
                onramps:
                  - { name: branch, type: tun, tenant: acme, device: culv0, mtu: %d }
                policy: { default: upgrade }
                """
                        .formatted(mtu),
                FlowListener.NONE);
        gateway.call(
                rtnetlink -> {
                    rtnetlink.addRule(new Rule(family.isIpv6(), 50, CLIENTS, TABLE));
                    rtnetlink.addRoute(
                            Route.through(family.any(), 0, rtnetlink.index(Topology.DEVICE))
                                    .in(TABLE));
                });
    }

    private static boolean isAnswer(IpPacket ip, int segmentSize) {
        return ip.tcp() != null
                && ip.tcp().syn()
                && ip.tcp().ack()
                && ip.tcp().maximumSegmentSize() == segmentSize;
    }
}
