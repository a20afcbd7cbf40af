package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Rules that ask what a connection says, together with what else has a say: their rates, plugins,
 * and the next configuration.
 */
@Timeout(120)
class AskingRulesTest {
    private static final int MEGABYTE = 1_000_000;

    private final FlowLog log = new FlowLog();

    @TempDir private Path directory;

    /** A connection that has asked for that host. */
    private static SocketChannel asking(
            Topology topology, Family family, InetSocketAddress to, String host)
            throws IOException {
        SocketChannel client = topology.client().connect(family, to);
        client.write(ByteBuffer.wrap(request(host)));
        return client;
    }

    private static byte[] request(String host) {
        return "GET / HTTP/1.1\r\nHost: %s\r\n\r\n"
                .formatted(host)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** The server sends back what comes, so the connection is joined to it. */
    private static SocketChannel joined(
            Topology topology, Family family, InetSocketAddress to, String host)
            throws IOException {
        SocketChannel client = asking(topology, family, to, host);
        comes(client, request(host).length);
        return client;
    }

    private static void comes(SocketChannel client, int length) throws IOException {
        ByteBuffer echo = ByteBuffer.allocate(length);
        while (echo.hasRemaining()) {
            if (client.read(echo) < 0) {
                throw new EOFException("after " + echo.position() + " of " + length);
            }
        }
    }

    private static void goesOn(SocketChannel client) throws IOException {
        client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        comes(client, 3);
    }

    private static void isReset(SocketChannel client) {
        assertThrows(
                IOException.class,
                () -> {
                    if (client.read(ByteBuffer.allocate(1)) < 0) {
                        throw new AssertionError("an end that looks well");
                    }
                });
    }

    private Flow resetFor(Reason reason) throws Exception {
        Eventually.holds("ended for " + reason, () -> log.closed(reason) == 1);
        return log.closedFlows().stream()
                .filter(ended -> ended.reason() == reason)
                .findFirst()
                .orElseThrow()
                .flow();
    }

    @ParameterizedTest
    @CsvSource({
        "IPV4, flows, RATE_FLOWS",
        "IPV6, flows, RATE_FLOWS",
        "IPV4, flows-per-second, RATE_FLOWS_PER_SECOND",
        "IPV6, flows-per-second, RATE_FLOWS_PER_SECOND"
    })
    void aRateCountsThoseThatTheRuleDecides(Family family, String rate, Reason reason)
            throws Exception {
        String rules =
                """
                policy:
                  rules:
                    - name: few
                      http: { host: few.example }
                      do: upgrade
                      rate: { per: rule, %s: 1 }
                    - { name: rest, protocol: tcp, do: upgrade }
                """
                        .formatted(rate);
        try (Topology topology = Topology.open(rules, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            InetSocketAddress to = server.address();
            try (SocketChannel other = joined(topology, family, to, "rest.example");
                    SocketChannel first = joined(topology, family, to, "few.example")) {
                try (SocketChannel second = asking(topology, family, to, "few.example")) {
                    isReset(second);
                }
                Flow _ = resetFor(reason);
                try (SocketChannel another = joined(topology, family, to, "rest.example")) {
                    goesOn(another);
                }
                goesOn(first);
                goesOn(other);
            }
            // A place, or a second, later there is room again.
            Eventually.holds(
                    "one more is let in",
                    () -> {
                        try (SocketChannel next = joined(topology, family, to, "few.example")) {
                            return next.isConnected();
                        } catch (IOException tooMany) {
                            return false;
                        }
                    });
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRateOfBytesIsKeptFromTheDecisionOn(Family family) throws Exception {
        String rules =
                """
                policy:
                  rules:
                    - name: slow
                      http: { host: slow.example }
                      do: upgrade
                      rate: { per: rule, bytes-per-second: 1MB }
                    - { name: rest, protocol: tcp, do: upgrade }
                """;
        try (Topology topology = Topology.open(rules, log);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                connection -> {
                                    comes(connection, request("slow.example").length);
                                    new Content(3).send(connection, 3 * MEGABYTE);
                                })) {
            try (SocketChannel rest = asking(topology, family, server.address(), "rest.example")) {
                new Content(3).receiveAll(rest, 3 * MEGABYTE);
            }
            assertEquals(0, withheld(topology));
            try (SocketChannel slow = asking(topology, family, server.address(), "slow.example")) {
                new Content(3).receiveAll(slow, 3 * MEGABYTE);
            }
            assertTrue(withheld(topology) > 0);
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Packets of targets' that were beyond a rate. */
    private static long withheld(Topology topology) {
        return topology.gateway().counters().stream()
                .mapToLong(each -> each.withheldCount(Reason.RATE_BYTES))
                .sum();
    }

    private static long count(String name) {
        return JudgePlugin.counter(name).get();
    }

    /** A plugin is asked once, before anything is said, and told of the end, whoever decided. */
    @ParameterizedTest
    @EnumSource
    void pluginsAreAskedBeforeAndRulesAfter(Family family) throws Exception {
        JudgePlugin.reset();
        String settings =
                """
                plugins: [ { jar: %s, deadline: 10s } ]
                policy:
                  rules:
                    - { name: banned, sni: "*.banned.example", do: reject }
                    - { name: shut, http: { host: shut.example }, do: reject }
                    - { name: web, http: { host: web.example }, do: upgrade, handler: http }
                    - { name: rest, protocol: tcp, do: upgrade, handler: auto }
                """
                        .formatted(PluginJars.write(directory, JudgePlugin.class));
        try (Topology topology = Topology.open(settings, log);
                HttpMember web = HttpMember.on(topology.server(), family.server(), 8_080);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            assertThrows(
                    IOException.class,
                    () -> topology.client().connect(family, family.server(JudgePlugin.REFUSED)));
            assertEquals(1, count("asked"));

            try (SocketChannel client = topology.client().connect(family, server.address())) {
                client.write(ByteBuffer.wrap("SSH-2.0-x\r\n".getBytes(StandardCharsets.US_ASCII)));
                comes(client, 11);
                assertEquals(2, count("asked"));
            }
            assertEquals("rest", ended(server.address().getPort()));

            for (String host : List.of("shut.example", "web.example")) {
                log.clear();
                String expected = host.substring(0, host.indexOf('.'));
                try (SocketChannel client = asking(topology, family, web.address(), host)) {
                    if (expected.equals("shut")) {
                        isReset(client);
                    } else {
                        HttpLoad.Answer answer =
                                HttpLoad.Answer.read(client.socket().getInputStream());
                        assertEquals("200", answer.outcome());
                    }
                }
                assertEquals(expected, ended(8_080));
            }
            log.clear();
            Tool.Result tls =
                    Tool.OPENSSL.run(
                            topology.client(),
                            "s_client",
                            "-connect",
                            (family.isIpv6()
                                            ? "[" + family.server().getHostAddress() + "]"
                                            : family.server().getHostAddress())
                                    + ":"
                                    + server.address().getPort(),
                            "-servername",
                            "www.banned.example");
            assertEquals(1, tls.status(), tls::toString);
            assertEquals("banned", ended(server.address().getPort()));
            assertEquals(5, count("asked"));
            Eventually.equal(4L, "told of the end", () -> count("closed"));
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        } finally {
            JudgePlugin.reset();
        }
    }

    private String ended(int port) throws Exception {
        return log.ended(port).flow().decision().decidedBy();
    }

    @ParameterizedTest
    @EnumSource
    void theNextPolicyIsAskedWithWhatFlowsHaveSaid(Family family) throws Exception {
        String before =
                """
                policy:
                  rules:
                    - { name: admin, http: { host: admin.example }, do: reject }
                    - { name: rest, protocol: tcp, do: upgrade }
                """;
        String after = before.replace("host: admin.example", "host: [admin.example, old.example]");
        try (Topology topology = Topology.open(before, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            InetSocketAddress to = server.address();
            try (SocketChannel stays = joined(topology, family, to, "new.example");
                    SocketChannel goes = joined(topology, family, to, "old.example");
                    SocketChannel silent = topology.client().connect(family, to)) {
                Eventually.equal(3, "flows", () -> topology.gateway().flows());
                var next = Topology.configuration(topology.onRamps(1500, "acme") + after);
                assertEquals(1, topology.gateway().apply(next, true));
                isReset(goes);
                assertEquals(1, log.closed(Reason.POLICY_CHANGED));
                goesOn(stays);
                // Whoever has said nothing yet is decided about by the policy that is in force
                // then.
                silent.write(ByteBuffer.wrap(request("old.example")));
                isReset(silent);
                assertEquals("admin", resetFor(Reason.POLICY_RULE).decision().decidedBy());
                goesOn(stays);
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }
}
