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

import java.io.IOException;
import java.net.InetAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Rules that ask what connections say first, and programs that say it. */
@Timeout(120)
class ContentRulesTest {
    private static final int PORT = 6_001;

    /** curl(1), EXIT CODES: handshake failed; receiving failed. */
    private static final int TLS_FAILED = 35;

    private static final int RECEIVING_FAILED = 56;

    private static final String RULES =
            """
            policy:
              rules:
                - { name: banned, sni: "*.banned.example", do: reject }
                - { name: new, sni: www.example.org, alpn: h2, do: upgrade }
                - { name: admin, http: { path: /admin/ }, do: deny }
                - { name: site, http: { host: site.example }, do: upgrade }
                - { name: rest, protocol: tcp, do: upgrade }
            """;

    private final FlowLog log = new FlowLog();

    @TempDir private Path directory;

    private Topology open() throws IOException {
        return Topology.open(RULES, log);
    }

    private static void leavesNothing(Topology topology) throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        topology.everyPacketIsAccountedFor();
    }

    /** Answers each request, as far as curl cares. */
    private static void page(SocketChannel connection) throws IOException {
        StringBuilder head = new StringBuilder();
        ByteBuffer some = ByteBuffer.allocate(4096);
        while (head.indexOf("\r\n\r\n") < 0 && connection.read(some.clear()) >= 0) {
            head.append(StandardCharsets.US_ASCII.decode(some.flip()));
        }
        write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }

    private static void write(SocketChannel to, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    private static String read(SocketChannel from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining() && from.read(bytes) >= 0) {
            // Until the end.
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
    }

    private static TcpServer server(Topology topology, Family family, TcpServer.Service service)
            throws IOException {
        return TcpServer.on(topology.server(), family, family.server(), PORT, service);
    }

    private static String literal(Family family) {
        InetAddress address = family.server();
        return family.isIpv6() ? "[" + address.getHostAddress() + "]" : address.getHostAddress();
    }

    private static Tool.Result curl(Topology topology, Family family, String... arguments)
            throws Exception {
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--silent",
                                "--show-error",
                                "--insecure",
                                "--max-time",
                                "60",
                                "--connect-to",
                                "::" + literal(family) + ":" + PORT));
        all.addAll(List.of(arguments));
        return Tool.CURL.run(topology.client(), all.toArray(String[]::new));
    }

    private void ended(String rule, Reason reason, Facts facts) throws Exception {
        FlowLog.Ended ended = log.ended(PORT);
        assertEquals(reason, ended.reason());
        assertEquals(rule, ended.flow().decision().decidedBy());
        assertEquals(facts, ended.flow().content());
    }

    private static Facts tls(String name, String... alpn) {
        return new Facts(Application.TLS, name, List.of(alpn), 0x0304, "", "", "");
    }

    private static Facts get(String host, String path) {
        return new Facts(Application.HTTP1, "", List.of(), 0x0101, "GET", host, path);
    }

    private CulvertProcess tlsServer(Topology topology, Family family) throws Exception {
        String key = directory.resolve("key.pem").toString();
        String certificate = directory.resolve("certificate.pem").toString();
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
                key,
                "-out",
                certificate);
        CulvertProcess server =
                Tool.OPENSSL.start(
                        topology.server(),
                        "s_server",
                        "-www",
                        "-alpn",
                        "h2,http/1.1",
                        "-accept",
                        literal(family) + ":" + PORT,
                        "-cert",
                        certificate,
                        "-key",
                        key);
        Eventually.holds("it listens", () -> server.output().contains("ACCEPT"));
        return server;
    }

    @ParameterizedTest
    @EnumSource
    void aNameIsPassedWithoutBeingDecrypted(Family family) throws Exception {
        try (Topology topology = open();
                CulvertProcess server = tlsServer(topology, family)) {
            Tool.Result result = curl(topology, family, "--http1.1", "https://www.example.org/");
            assertEquals(0, result.status(), result::toString);
            assertTrue(result.says("Ciphers supported"), result::toString);
            ended("rest", Reason.FINISHED, tls("www.example.org", "http/1.1"));
            assertTrue(server.isAlive());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNameIsRefusedWithAReset(Family family) throws Exception {
        try (Topology topology = open();
                CulvertProcess server = tlsServer(topology, family)) {
            Tool.Result result = curl(topology, family, "https://www.banned.example/");
            assertEquals(TLS_FAILED, result.status(), result::toString);
            ended("banned", Reason.POLICY_RULE, tls("www.banned.example", "h2", "http/1.1"));
            assertTrue(server.isAlive());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anApplicationProtocolIsAskedForToo(Family family) throws Exception {
        try (Topology topology = open();
                CulvertProcess server = tlsServer(topology, family);
                CulvertProcess client =
                        Tool.OPENSSL.start(
                                topology.client(),
                                "s_client",
                                "-connect",
                                literal(family) + ":" + PORT,
                                "-servername",
                                "www.example.org",
                                "-alpn",
                                "h2")) {
            Eventually.holds("handshake", () -> client.output().contains("ALPN protocol: h2"));
            client.type("Q");
            assertEquals(0, client.exitStatus());
            ended("new", Reason.FINISHED, tls("www.example.org", "h2"));
            assertTrue(server.isAlive());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRequestIsRelayedByItsHost(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server = server(topology, family, ContentRulesTest::page)) {
            Tool.Result result = curl(topology, family, "http://Site.Example/a?b");
            assertEquals(List.of("hello"), result.output(), result::toString);
            ended("site", Reason.FINISHED, get("site.example", "/a"));
            assertEquals(List.of(), server.failures());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRequestIsRefusedByItsPathHoweverThatIsSpelt(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server = server(topology, family, ContentRulesTest::page)) {
            Tool.Result result =
                    curl(
                            topology,
                            family,
                            "--path-as-is",
                            "http://site.example/x/../%61dmin/secret");
            assertEquals(RECEIVING_FAILED, result.status(), result::toString);
            ended("admin", Reason.POLICY_RULE, get("site.example", "/admin/secret"));
            assertEquals(1, server.accepted());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void secureShellIsKnownAndRelayed(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server = server(topology, family, c -> read(c, 8))) {
            Tool.Result result =
                    Tool.SSH.run(
                            topology.client(),
                            "-F",
                            "none",
                            "-o",
                            "BatchMode=yes",
                            "-p",
                            Integer.toString(PORT),
                            "nobody@" + family.server().getHostAddress());
            assertEquals(255, result.status());
            FlowLog.Ended ended = log.ended(PORT);
            assertEquals("rest", ended.flow().decision().decidedBy());
            assertEquals("ssh", ended.flow().content().text());
            assertEquals(List.of(), server.failures());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aServerThatSpeaksFirstIsHeardAtOnce(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server =
                        server(
                                topology,
                                family,
                                c -> {
                                    write(c, "220 hello\r\n");
                                    TcpServer.ECHO.serve(c);
                                });
                SocketChannel client = topology.client().connect(family, server.address())) {
            assertEquals("220 hello\r\n", read(client, 11));
            // What would be refused from one who spoke first.
            write(client, "GET /admin/ HTTP/1.1\r\n\r\n");
            assertEquals("GET /admin/", read(client, 11));
            assertEquals(Facts.NONE, topology.flows().getFirst().content());
        }
        assertEquals("rest", log.ended(PORT).flow().decision().decidedBy());
    }

    @ParameterizedTest
    @EnumSource
    void whoSaysNothingIsRelayedAfterAWhile(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server = server(topology, family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            Eventually.equal("detecting", "state", () -> state(topology));
            Eventually.equal("relaying", "state", () -> state(topology));
            write(client, "x");
            assertEquals("x", read(client, 1));
            client.shutdownOutput();
            assertEquals("", read(client, 1));
            ended("rest", Reason.FINISHED, Facts.NONE);
            leavesNothing(topology);
        }
    }

    private static String state(Topology topology) {
        return topology.flows().stream()
                .map(Flow::path)
                .map(path -> path == null ? "" : path.state())
                .findFirst()
                .orElse("");
    }

    @ParameterizedTest
    @EnumSource
    void whoHasEndedIsNotWaitedFor(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server = server(topology, family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            write(client, "GE");
            client.shutdownOutput();
            assertEquals("GE", read(client, 3));
            ended("rest", Reason.FINISHED, Facts.NONE);
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRequestThatComesByteByByteIsReadAllTheSame(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server = server(topology, family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            assertThrows(
                    IOException.class,
                    () -> {
                        for (char c : "GET /admin HTTP/1.1\r\n\r\n".toCharArray()) {
                            write(client, "" + c);
                        }
                        int unused = client.read(ByteBuffer.allocate(1));
                    });
            FlowLog.Ended ended = log.ended(PORT);
            assertEquals(Reason.POLICY_RULE, ended.reason());
            assertEquals("admin", ended.flow().decision().decidedBy());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoGoesAwayMeanwhileLeavesNothing(Family family) throws Exception {
        try (Topology topology = open();
                TcpServer server = server(topology, family, TcpServer.ECHO)) {
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                write(client, "GET / HT");
                Eventually.equal("detecting", "state", () -> state(topology));
                client.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            assertEquals(Reason.RESET_BY_INITIATOR, log.ended(PORT).reason());
            leavesNothing(topology);
        }
    }
}
