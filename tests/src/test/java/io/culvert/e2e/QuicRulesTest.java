package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.File;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;

/** Rules that ask what UDP flows say first, and QUIC that says it. */
@Timeout(120)
class QuicRulesTest {
    private static final int PORT = 6_002;
    private static final String[] H3 = {"h3"};

    private static final String RULES =
            """
            policy:
              rules:
                - { name: banned, protocol: udp, sni: "*.banned.example", do: deny }
                - { name: h3, protocol: udp, alpn: h3, do: upgrade }
                - { name: rest, protocol: udp, do: upgrade }
            """;

    private final FlowLog log = new FlowLog();

    @TempDir private Path directory;

    private QuicEcho server(Topology topology, Family family) throws Exception {
        File key = directory.resolve("key.pem").toFile();
        File certificate = directory.resolve("certificate.pem").toFile();
        Tool.OPENSSL.succeeds(
                topology.server(),
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=example.org",
                "-keyout",
                key.getPath(),
                "-out",
                certificate.getPath());
        return QuicEcho.serve(
                topology.server().udp(family, family.server(), PORT), key, certificate);
    }

    private static String ask(Topology topology, Family family, String name, String... alpn)
            throws Exception {
        return QuicEcho.ask(
                topology.client().udp(family, null, 0),
                new InetSocketAddress(family.server(), PORT),
                name,
                alpn,
                "hello");
    }

    @ParameterizedTest
    @EnumSource
    void aNameIsKnownAndPasses(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES, log);
                QuicEcho server = server(topology, family)) {
            assertEquals("hello", ask(topology, family, "www.example.org", H3));
            Flow flow = topology.flows().getFirst();
            assertEquals("h3", flow.decision().decidedBy());
            assertEquals(
                    new Facts(Application.QUIC, "www.example.org", List.of("h3"), 1, "", "", ""),
                    flow.content());
            assertEquals(1, server.streams());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHelloThatTakesSeveralDatagramsIsReadWhole(Family family) throws Exception {
        String[] many =
                IntStream.range(0, 12)
                        .mapToObj(i -> i == 11 ? "h3" : "a".repeat(240) + i)
                        .toArray(String[]::new);
        try (Topology topology = Topology.open(RULES, log);
                QuicEcho server = server(topology, family)) {
            assertEquals("hello", ask(topology, family, "www.example.org", many));
            Flow flow = topology.flows().getFirst();
            assertEquals("h3", flow.decision().decidedBy());
            assertEquals(List.of(many), ((Facts) flow.content()).alpn());
            assertEquals(1, server.streams());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNameIsDenied(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES, log);
                QuicEcho server = server(topology, family)) {
            assertThrows(
                    ExecutionException.class,
                    () -> ask(topology, family, "www.banned.example", H3));
            assertTrue(topology.dropped(Reason.POLICY_RULE) > 0);
            assertEquals(List.of(), log.openedFlows());
            assertEquals(0, server.streams());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void otherDatagramsPassAtOnce(Family family) throws Exception {
        try (Topology topology = Topology.open(RULES, log);
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.connect(server.address());
            client.write(ByteBuffer.wrap(new byte[20]));
            assertEquals(20, client.read(ByteBuffer.allocate(100)));
            Flow flow = topology.flows().getFirst();
            assertEquals("rest", flow.decision().decidedBy());
            assertEquals(Facts.NONE, flow.content());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Its flow has waited in vain, and loses nothing by it. */
    @ParameterizedTest
    @EnumSource
    void whatOnlyBeginsAsQuicDoesPassesAfterAWhile(Family family) throws Exception {
        byte[] beginning = new byte[1200];
        beginning[0] = (byte) 0xc0;
        beginning[4] = 1;
        try (Topology topology = Topology.open(RULES, log);
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.connect(server.address());
            client.write(ByteBuffer.wrap(beginning));
            client.write(ByteBuffer.wrap(new byte[20]));
            assertEquals(1200, client.read(ByteBuffer.allocate(2000)));
            assertEquals(20, client.read(ByteBuffer.allocate(2000)));
            assertEquals("rest", log.openedFlows().getFirst().decision().decidedBy());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNameMayBeForwardedAsPackets(Family family) throws Exception {
        String rules =
                """
                policy:
                  rules:
                    - { name: quic, protocol: udp, sni: www.example.org, do: forward, via: lan }
                """;
        try (Topology topology = Topology.withOffRamp("", rules, "acme");
                QuicEcho server = server(topology, family)) {
            assertEquals("hello", ask(topology, family, "www.example.org", H3));
            Flow flow = topology.flows().getFirst();
            assertEquals("quic", flow.decision().decidedBy());
            assertEquals(1, server.streams());
            topology.everyPacketIsAccountedFor();
        }
    }
}
