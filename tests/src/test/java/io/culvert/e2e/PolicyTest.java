package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.util.List;

/** What the policy says is what the client sees. */
@Timeout(60)
class PolicyTest {
    private static final String RULES =
            """
            policy:
              default: deny
              rules:
                - { name: no-telnet, ports: 23, protocol: [tcp, udp], do: reject }
                - { name: no-mail, ports: 25, do: deny }
                - { name: open, protocol: tcp, ports: 8000-8999, do: upgrade }
                - { name: strangers, tenant: acme, protocol: tcp, ports: 9000, source: 10.7.0.0/16, do: upgrade }
                - { name: as-ip, protocol: tcp, ports: 9001, do: forward }
            """;

    @ParameterizedTest
    @EnumSource
    void deniesInSilence(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());

            ramp.send(packet.tcp(1234, 25, 1, 0, RawPacket.SYN));
            ramp.send(packet.udp(1234, 25, new byte[1]));
            Eventually.equal(2L, "denied", () -> topology.dropped(Reason.POLICY_RULE));

            assertEquals(0, topology.status().returned());
            assertEquals(0, topology.gateway().flows());
        }
    }

    @ParameterizedTest
    @EnumSource
    void deniesByDefault(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());

            ramp.send(packet.tcp(1234, 80, 1, 0, RawPacket.SYN));
            ramp.send(packet.echoRequest(1, 1, new byte[8]));
            ramp.send(packet.tcp(1234, 9000, 1, 0, RawPacket.SYN));
            Eventually.equal(3L, "denied", () -> topology.dropped(Reason.POLICY_DEFAULT));

            assertEquals(0, topology.status().returned());
        }
    }

    /** The kernel's own view: nothing comes, and the connection attempt goes on. */
    @ParameterizedTest
    @EnumSource
    void leavesADeniedClientWaiting(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES);
                SocketChannel client = topology.client().tcp(family)) {
            assertThrows(
                    SocketTimeoutException.class,
                    () -> client.socket().connect(family.server(25), 200));
        }
    }

    @ParameterizedTest
    @EnumSource
    void rejectsATcpConnectionAsRefused(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES)) {
            ConnectException refused =
                    assertThrows(
                            ConnectException.class,
                            () -> topology.client().connect(family, family.server(23)));
            assertEquals("Connection refused", refused.getMessage());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 1812 section 5.2.7.1, RFC 4443 section 3.1: communication is prohibited. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.2.7.1-b")
    @Tag("rfc5508-req-8")
    void rejectsADatagramAsProhibited(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            ramp.send(new RawPacket(family.client(), family.server()).udp(1234, 23, new byte[5]));

            IpPacket error = ramp.await("unreachable", Icmp::isUnreachable);
            assertEquals(family.isIpv6() ? 1 : 13, error.icmp().code());
        }
    }

    @ParameterizedTest
    @EnumSource
    void letsThroughWhatARuleAllowsAndNamesTheRule(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.open(RULES, log);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                family.server(),
                                8080,
                                c -> new Content(1).send(c, 10));
                SocketChannel client = topology.client().connect(family, server.address())) {
            new Content(1).receiveAll(client, 10);

            assertEquals(
                    List.of("open"),
                    log.openedFlows().stream().map(flow -> flow.decision().decidedBy()).toList());
        }
    }

    /** Until packets are forwarded, nothing leads there. */
    @ParameterizedTest
    @EnumSource
    void answersWhatNoOffRampLeadsToAsUnreachable(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES)) {
            IOException unreachable =
                    assertThrows(
                            IOException.class,
                            () ->
                                    topology.client()
                                            .connect(
                                                    family,
                                                    new InetSocketAddress(family.server(), 9001)));
            assertTrue(
                    List.of("Network is unreachable", "No route to host")
                            .contains(unreachable.getMessage()),
                    unreachable::toString);
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesANewFlowAtATenantsLimitAndKeepsLiveOnes(Family family) throws Exception {
        String settings = Topology.UPGRADE_ALL + "limits: { flows: 100, flows-per-tenant: 10 }\n";
        try (Topology topology = Topology.open(settings);
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            int port = server.address().getPort();
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int i = 1; i <= 10; i++) {
                ramp.send(packet.udp(i, port, new byte[1]));
                int expected = i;
                ramp.await("echo", ip -> isEcho(ip, port, expected));
            }

            ramp.send(packet.udp(11, port, new byte[1]));
            Eventually.equal(1L, "refused", () -> topology.status().answered());

            for (int i = 1; i <= 10; i++) {
                ramp.send(packet.udp(i, port, new byte[1]));
                int expected = i;
                ramp.await("echo", ip -> isEcho(ip, port, expected));
            }
            assertEquals(10, topology.gateway().flows());
            assertEquals(10, topology.flows().stream().filter(PolicyTest::isBothWays).count());
            topology.everyPacketIsAccountedFor();
        }
    }

    private static boolean isEcho(IpPacket ip, int from, int to) {
        return ip.udp() != null && ip.sourcePort() == from && ip.destinationPort() == to;
    }

    private static boolean isBothWays(Flow flow) {
        return flow.initiatorPackets() == 2 && flow.targetPackets() == 2;
    }
}
