package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.control.FlowView;
import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;

/** Connections that the gateway accepts itself, with programs that know nothing of it. */
@Timeout(60)
class TcpOnRampTest {
    private static final int MIB = 1024 * 1024;

    /** curl(1), EXIT CODES: handshake failed. */
    private static final int TLS_FAILED = 35;

    private static final String UPSTREAM =
            "upstreams: [ { name: pages, servers: [\"10.2.0.2:8080\"] } ]\n";
    private static final String HTTP =
            """
            policy:
              rules: [ { name: web, protocol: tcp, do: upgrade, handler: http, upstream: pages } ]
            """
                    + UPSTREAM;

    @TempDir private Path directory;

    /** What a connection of the client's to the gateway is called. */
    private static void between(Family family, FlowKey key) {
        assertEquals(
                IpAddress.of(family.client()), new IpAddress(key.sourceHigh(), key.sourceLow()));
        assertEquals(
                IpAddress.of(family.gatewayInside()),
                new IpAddress(key.destinationHigh(), key.destinationLow()));
        assertEquals(FrontDoor.PORT, key.destinationPort());
    }

    @ParameterizedTest
    @EnumSource
    void aPageComesFromAnUpstream(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(FrontDoor.plain() + HTTP);
                Nginx _ = Nginx.on(door.topology.server(), directory)) {
            Tool.Result result = door.curl(FrontDoor.url(family, "/small"));

            assertEquals(List.of("hello"), result.output(), result::toString);
            FlowLog.Ended ended = door.log.ended(FrontDoor.PORT);
            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals("web", ended.flow().decision().decidedBy());
            between(family, ended.flow().key());
            FlowView view = FlowView.of(ended.flow(), System.nanoTime());
            assertTrue(view.bytesUp() > 50 && view.bytesDown() > 100, view::toString);
            assertEquals(0, view.packetsUp() + view.packetsDown());
            assertEquals(view.bytesUp(), ended.flow().relayFigures().bytesUp());
            door.leavesNothing();
        }
    }

    private String certificate(FrontDoor door) throws Exception {
        Path key = directory.resolve("key.pem");
        Path certificate = directory.resolve("certificate.pem");
        Tool.OPENSSL.succeeds(
                door.topology.server(),
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=example.org",
                "-addext",
                "subjectAltName=DNS:*.example.org",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString());
        return "tls: { certificates: [ { certificate: %s, key: %s } ] }\n"
                .formatted(certificate, key);
    }

    private static String named(Family family, String name) {
        return name + ":443:" + FrontDoor.at(family.gatewayInside(), FrontDoor.PORT);
    }

    @ParameterizedTest
    @EnumSource
    void tlsIsEndedAndNamesAreDecidedAbout(Family family) throws Exception {
        String rules =
                """
                policy:
                  rules:
                    - { name: banned, sni: banned.example.org, do: reject }
                    - { name: rest, protocol: tcp, do: upgrade, handler: auto, upstream: pages }
                """
                        + UPSTREAM;
        try (FrontDoor door = FrontDoor.open(FrontDoor.plain() + rules);
                Nginx _ = Nginx.on(door.topology.server(), directory)) {
            door.topology
                    .gateway()
                    .apply(
                            Topology.configuration(FrontDoor.plain() + rules + certificate(door)),
                            false);

            Tool.Result page =
                    door.curl(
                            "--insecure",
                            "--http2",
                            "--connect-to",
                            named(family, "www.example.org"),
                            "https://www.example.org/small");
            assertEquals(List.of("hello"), page.output(), page::toString);
            assertEquals("rest", door.log.ended(FrontDoor.PORT).flow().decision().decidedBy());
            door.log.clear();

            Tool.Result banned =
                    door.curl(
                            "--insecure",
                            "--connect-to",
                            named(family, "banned.example.org"),
                            "https://banned.example.org/small");
            assertEquals(TLS_FAILED, banned.status(), banned::toString);
            FlowLog.Ended ended = door.log.ended(FrontDoor.PORT);
            assertEquals(Reason.POLICY_RULE, ended.reason());
            assertEquals("banned", ended.flow().decision().decidedBy());
            assertEquals(
                    new Facts(
                            Application.TLS,
                            "banned.example.org",
                            List.of("h2", "http/1.1"),
                            0x0304,
                            "",
                            "",
                            ""),
                    ended.flow().content());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRelayCarriesAllAndHalfClosesToo(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + FrontDoor.RELAY)) {
            door.carriesAllAndHalfCloses(
                    family, 3 * MIB + 1, 20 * MIB + 3, () -> door.connect(family));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLiveConnectionIsShownAndOneThatIsResetIsPassedOn(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + FrontDoor.RELAY);
                TcpServer server = door.echo(family);
                SocketChannel client = door.connect(family)) {
            FrontDoor.echoes(client, "hello");
            FlowView view = view(door);
            assertEquals("relaying", view.state());
            assertEquals(
                    FrontDoor.at(family.client(), client.socket().getLocalPort()),
                    view.initiator());
            assertEquals(FrontDoor.at(family.server(), FrontDoor.ECHO), view.target());
            // Counted once it is sent.
            Eventually.equal(5L, "up", () -> view(door).bytesUp());
            Eventually.equal(5L, "down", () -> view(door).bytesDown());
            door.passesAResetOn(server, client);
        }
    }

    private static FlowView view(FrontDoor door) {
        return FlowView.of(door.topology.flows().getFirst(), System.nanoTime());
    }

    @ParameterizedTest
    @EnumSource
    void aTargetThatRefusesIsAReset(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + FrontDoor.RELAY)) {
            door.resets(family);
            assertEquals(Reason.DIAL_REFUSED, door.log.ended(FrontDoor.ECHO).reason());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheRulesRefuseIsReset(Family family) throws Exception {
        String rules =
                "policy: { rules: [ { name: no, source: %s/%d, do: deny } ], default: upgrade }\n"
                        .formatted(family.client().getHostAddress(), family.isIpv6() ? 128 : 32);
        try (FrontDoor door = FrontDoor.open(FrontDoor.plain() + rules)) {
            door.resets(family);
            FlowLog.Refused refused = door.log.refused(1).getFirst();
            assertEquals(Reason.POLICY_RULE, refused.reason());
            assertEquals("no", refused.decidedBy());
            assertEquals("acme", refused.tenant());
            between(family, refused.key());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionIsNeitherForwardedNorSentIntoATunnel(Family family) throws Exception {
        String rules =
                """
                policy:
                  rules:
                    - { name: tunnels, destination: [10.2.0.2, "fd00:2::2"], do: upgrade, via: tunnels }
                    - { name: packets, do: forward }
                """;
        String others =
                FrontDoor.onRamp("second", 7_001, "")
                        // Without one, nobody could have meant the rules.
                        + "  - { name: packets, type: tun, tenant: acme, device: culv9 }\n";
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + others + rules)) {
            door.resets(family);
            door.resets(door.topology.client(), family, FrontDoor.address(family, 7_001));
            assertEquals(
                    List.of(Reason.NO_PACKETS, Reason.NO_PACKETS),
                    door.log.refused(2).stream().map(FlowLog.Refused::reason).toList());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatWouldComeBackToTheGatewayIsRefused(Family family) throws Exception {
        String rules =
                """
                policy:
                  rules:
                    - { name: pages, source: [10.1.0.0/24, "fd00:1::/64"], do: upgrade, handler: http }
                    - { name: rest, do: upgrade }
                """;
        try (FrontDoor door = FrontDoor.open(FrontDoor.plain() + rules)) {
            door.resets(
                    door.topology.server(),
                    family,
                    new InetSocketAddress(family.gateway(), FrontDoor.PORT));
            assertEquals(Reason.LOOP, door.log.ended(FrontDoor.PORT).reason());
            Tool.Result result = door.curl("-i", FrontDoor.url(family, "/"));
            assertTrue(result.says("culvert-reason: LOOP"), result::toString);
            door.leavesNothing();
            assertEquals(2, door.log.openedFlows().size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPluginServesAnApiWithNoServerAtAll(Family family) throws Exception {
        String settings =
                "plugins: [ { jar: %s } ]\n".formatted(PluginJars.write(directory, ApiPlugin.class))
                        + "policy: { rules: [ { do: upgrade, handler: http, protocol: tcp } ] }\n";
        try (FrontDoor door = FrontDoor.open(FrontDoor.plain() + settings)) {
            Tool.Result result =
                    door.curl(FrontDoor.url(family, "/one"), FrontDoor.url(family, "/two"));

            String who = "acme " + family.client().getHostAddress();
            assertEquals(List.of(who + " /one", who + " /two"), result.output(), result::toString);
            FlowLog.Ended ended = door.log.ended(FrontDoor.PORT);
            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals(1, door.log.openedFlows().size());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsExplainedIsWhatHappens(Family family) throws Exception {
        String rules =
                """
                policy:
                  rules:
                    - { name: no, ports: 7001, do: deny }
                    - { name: all, do: upgrade }
                """;
        String more = FrontDoor.onRamp("second", 7_001, "") + FrontDoor.onRamp("third", 7_002, "");
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + more + rules);
                TcpServer _ = door.echo(family);
                SocketChannel client = door.connect(family)) {
            FrontDoor.echoes(client, "a");

            Explanation carried = explain(door, family, family.server(), FrontDoor.ECHO, "web");
            assertEquals("upgrade", carried.outcome(), carried::toString);
            assertEquals("all", carried.rule());
            Explanation denied = explain(door, family, family.gatewayInside(), 7_001, "second");
            assertEquals(Reason.POLICY_RULE.name(), denied.reason(), denied::toString);
            Explanation loop = explain(door, family, family.gatewayInside(), 7_002, "third");
            assertEquals(Reason.LOOP.name(), loop.reason(), loop::toString);
            long id = door.topology.flows().getFirst().id();
            Explanation live = door.topology.gateway().explainFlow(id);
            assertEquals("web", live.onRamp());
            assertEquals("upgrade", live.outcome());
        }
    }

    private static Explanation explain(
            FrontDoor door, Family family, InetAddress to, int port, String onRamp)
            throws IOException {
        return door.topology
                .gateway()
                .explain(
                        new Question(
                                "acme",
                                family.client().getHostAddress(),
                                40_000,
                                to.getHostAddress(),
                                port,
                                6,
                                onRamp));
    }
}
