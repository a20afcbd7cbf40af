package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** What a running gateway, with all its upgraders, says it would do is what it does. */
@Timeout(120)
class ExplainTest {
    private static final int FLOWS = 200;
    private static final int TCP = 6;
    private static final int UDP = 17;

    private static final String RULES =
            """
            offramps:
              - { name: out, type: socket }
            policy:
              default: deny
              rules:
                - { name: no-telnet, ports: 23, protocol: [tcp, udp], do: reject }
                - { name: as-ip, protocol: [tcp, udp], ports: 90, do: forward }
                - { name: back, protocol: [tcp, udp], ports: 91, do: upgrade, via: tunnels }
                - { name: open, protocol: [tcp, udp], ports: 80-89, do: upgrade, via: out }
                - { name: ping, protocol: [icmp, icmpv6], do: upgrade }
            limits: { flows: 1000, slots-per-tenant: 8 }
            """;

    private final Random random = new Random(1_121);

    @TempDir private Path directory;

    @ParameterizedTest
    @EnumSource
    void foretellsWhatBecomesOfPackets(Family family) throws Exception {
        FlowLog log = new FlowLog();
        Set<String> seen = new TreeSet<>();
        try (Topology topology = Topology.open(RULES, log);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            for (int i = 0; i < FLOWS; i++) {
                Question question = question(family, i);
                long received = topology.status().received();
                Explanation explained = topology.gateway().explain(question);
                assertEquals(received, topology.status().received());
                log.clear();
                Reason reason =
                        explained.reason().isEmpty() ? null : Reason.valueOf(explained.reason());
                long refused = reason == null ? 0 : refused(topology, reason);

                ramp.send(packet(question));

                String all = explained.toString();
                if (reason == null) {
                    seen.add(explained.outcome());
                    Eventually.holds(all, () -> !log.openedFlows().isEmpty());
                    Flow flow = log.openedFlows().getFirst();
                    assertEquals(explained.rule(), flow.decision().decidedBy(), all);
                    FlowDecision.Upgrade upgrade = (FlowDecision.Upgrade) flow.decision();
                    assertEquals(explained.offRamp(), upgrade.via(), all);
                    // An echo request's identifier is both of its ports.
                    int port =
                            question.destinationPort() == 0
                                    ? question.sourcePort()
                                    : question.destinationPort();
                    assertEquals(port, flow.key().destinationPort(), all);
                } else {
                    seen.add(explained.reason());
                    Eventually.holds(
                            all,
                            () -> refused(topology, reason) > refused || log.closed(reason) > 0);
                }
            }
            assertTrue(
                    seen.containsAll(
                            Set.of(
                                    "upgrade",
                                    "POLICY_RULE",
                                    "POLICY_DEFAULT",
                                    "NO_ROUTE",
                                    "MARTIAN")),
                    seen::toString);
        }
    }

    /** It came in by the off-ramp, and leaves into a tunnel. */
    @ParameterizedTest
    @EnumSource
    void knowsWhereAFlowFromOutsideCameIn(Family family) throws Exception {
        try (Topology topology =
                        Topology.withOffRamp(
                                "filtering: endpoint-independent", Topology.FORWARD_ALL, "acme");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel stranger = topology.server().udp(family, family.secondServer(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.send(ByteBuffer.allocate(1), echo.address());
            client.receive(ByteBuffer.allocate(10));
            InetSocketAddress outside = (InetSocketAddress) echo.sources().iterator().next();
            stranger.send(ByteBuffer.allocate(2), outside);
            client.receive(ByteBuffer.allocate(10));
            int port = ((InetSocketAddress) stranger.getLocalAddress()).getPort();

            for (Flow flow : topology.flows()) {
                Explanation explained = topology.gateway().explainFlow(flow.id());
                boolean isInbound = flow.key().sourcePort() == port;
                assertEquals(isInbound ? "lan" : "acme", explained.onRamp());
                assertEquals(isInbound ? "tunnels" : "lan", explained.offRamp());
                assertEquals(
                        (family.isIpv6() ? "[fd00:5::1]:" : "10.5.0.1:") + outside.getPort(),
                        explained.outside());
            }
            assertEquals(2, topology.gateway().flows());
        }
    }

    /** Packets that were dropped for it, or answered for whatever reason. */
    private static long refused(Topology topology, Reason reason) throws IOException {
        return topology.dropped(reason) + topology.status().answered();
    }

    /** Each from a port, or with an identifier, of its own. */
    private Question question(Family family, int number) {
        boolean ipv6 = family.isIpv6();
        int protocol = List.of(TCP, UDP, TCP, ipv6 ? 58 : 1, 47).get(random.nextInt(5));
        boolean ports = protocol == TCP || protocol == UDP;
        InetAddress target =
                random.nextInt(10) == 0
                        ? InetAddress.ofLiteral(ipv6 ? "fe80::1" : "169.254.1.1")
                        : family.server();
        return new Question(
                "acme",
                text(family.client()),
                protocol == 47 ? 0 : 10_000 + number,
                text(target),
                ports ? List.of(23, 25, 80, 85, 90, 91).get(random.nextInt(6)) : 0,
                protocol,
                "");
    }

    private static byte[] packet(Question question) {
        RawPacket packet =
                new RawPacket(
                        InetAddress.ofLiteral(question.source()),
                        InetAddress.ofLiteral(question.destination()));
        return switch (question.protocol()) {
            case TCP ->
                    packet.tcp(
                            question.sourcePort(), question.destinationPort(), 1, 0, RawPacket.SYN);
            case UDP -> packet.udp(question.sourcePort(), question.destinationPort(), new byte[1]);
            case 47 -> packet.other(47, new byte[20]);
            default -> packet.echoRequest(question.sourcePort(), 1, new byte[8]);
        };
    }

    private static String text(InetAddress address) {
        return address.getHostAddress();
    }

    @Test
    void answersByTheControlSocketOfNewFlowsAndLiveOnes() throws Exception {
        Path control = directory.resolve("control.sock");
        Path configuration = directory.resolve("edge.yaml");
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), Family.IPV4, TcpServer.ECHO)) {
            Files.writeString(
                    configuration,
                    topology.onRamps(1500, "acme")
                            + """
                            policy:
                              rules:
                                - { name: no-mail, ports: 25, do: reject }
                                - { name: all, do: upgrade }
                            """);
            try (CulvertProcess gateway =
                    CulvertProcess.start(
                            topology.gatewayHost(),
                            "run",
                            "--control",
                            control.toString(),
                            configuration.toString())) {
                gateway.awaitReady();
                topology.routeClients();
                String client = text(Family.IPV4.client());

                List<String> mail =
                        explain(topology, control, 0, "acme", client, "192.0.2.1:25/tcp");
                assertEquals("acme " + client + ":49152 > 192.0.2.1:25/tcp", mail.getFirst());
                assertTrue(
                        mail.contains("reason     POLICY_RULE  (docs/reasons.md#policy_rule)"),
                        mail::toString);
                assertTrue(
                        mail.stream()
                                .anyMatch(
                                        line ->
                                                line.startsWith("policy     reject")
                                                        && line.contains(
                                                                "rule \"no-mail\": { ports: 25,"
                                                                        + " do: reject }")
                                                        && line.matches(".*/edge\\.yaml:\\d+\\)")),
                        mail::toString);

                try (SocketChannel connection =
                        topology.client().connect(Family.IPV4, server.address())) {
                    new Content(1).send(connection, 1_000);
                    new Content(1).receive(connection, 1_000);
                    int port = ((InetSocketAddress) connection.getLocalAddress()).getPort();
                    String target =
                            text(server.address().getAddress())
                                    + ":"
                                    + server.address().getPort()
                                    + "/tcp";
                    JsonNode live =
                            new ObjectMapper()
                                    .readTree(
                                            explain(
                                                            topology,
                                                            control,
                                                            0,
                                                            "--json",
                                                            "acme",
                                                            client + ":" + port,
                                                            target)
                                                    .getFirst());
                    assertEquals("all", live.get("rule").asString());
                    assertEquals("relay", live.get("handler").asString());
                    long flow = live.get("flow").asLong();
                    assertTrue(flow > 0, live::toString);
                    List<String> known = explain(topology, control, 0, "--flow", "" + flow);
                    assertEquals("acme " + client + ":" + port + " > " + target, known.getFirst());
                    assertEquals(
                            "result    It is one of flow %d and goes on as that does."
                                    .formatted(flow),
                            known.getLast());
                }
                explain(topology, control, 1, "--flow", "123456");
                explain(topology, control, 1, "umbrella", client, "192.0.2.1:25/tcp");
                explain(
                        topology,
                        control,
                        1,
                        "--onramp",
                        "nowhere",
                        "acme",
                        client,
                        "192.0.2.1/icmp");
                explain(topology, control, 2, "acme", client, "192.0.2.1");
            }
        }
    }

    private static List<String> explain(
            Topology topology, Path control, int status, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("explain", "--control", control.toString()));
        command.addAll(List.of(arguments));
        CulvertProcess explained =
                CulvertProcess.start(topology.gatewayHost(), command.toArray(String[]::new));
        assertEquals(status, explained.exitStatus(), () -> "" + explained.errors());
        assertEquals(status == 0, explained.errors().isEmpty(), () -> "" + explained.errors());
        return explained.output();
    }
}
