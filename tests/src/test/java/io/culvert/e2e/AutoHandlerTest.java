package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The handler that goes by what is said first, and HTTP requests that rules ask about. */
@Timeout(60)
class AutoHandlerTest {
    private static final String AUTO =
            "policy: { rules: [ { name: any, do: upgrade, handler: auto } ] }\n";

    private static final String REQUESTS =
            """
            policy:
              rules:
                - { name: admin, http: { path: /stored }, do: deny }
                - { name: web, protocol: tcp, do: upgrade, handler: http }
            """;

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    private static String url(Family family, String path) {
        String host = family.server().getHostAddress();
        return "http://%s:%d%s"
                .formatted(family.isIpv6() ? "[" + host + "]" : host, Nginx.PORT, path);
    }

    private static void leavesNothing(Topology topology) throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        topology.everyPacketIsAccountedFor();
    }

    @ParameterizedTest
    @EnumSource
    void httpIsProxied(Family family) throws Exception {
        try (Topology topology = Topology.open(AUTO, log);
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            for (int i = 0; i < 3; i++) {
                Tool.CURL.succeeds(topology.client(), "-sSgf", url(family, "/small"));
            }
            assertEquals("any", log.ended(Nginx.PORT).flow().decision().decidedBy());
            // A relay would have had one each.
            assertTrue(nginx.connections("/small") <= 2, () -> "connections to the server");
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anythingElseIsRelayed(Family family) throws Exception {
        try (Topology topology = Topology.open(AUTO, log);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            byte[] binary = {0, 1, 2, 3};
            client.write(ByteBuffer.wrap(binary));
            ByteBuffer echo = ByteBuffer.allocate(4);
            while (echo.hasRemaining() && client.read(echo) >= 0) {
                // Until the end.
            }
            assertEquals(ByteBuffer.wrap(binary), echo.flip());
            client.shutdownOutput();
            assertEquals(-1, client.read(echo.clear()));
            int port = server.address().getPort();
            assertEquals(Reason.FINISHED, log.ended(port).reason());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void datagramsAndPingAreRelayedToo(Family family) throws Exception {
        try (Topology topology = Topology.open(AUTO, log);
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.connect(server.address());
            client.write(ByteBuffer.wrap(new byte[20]));
            assertEquals(20, client.read(ByteBuffer.allocate(100)));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachRequestOfAConnectionIsAskedAbout(Family family) throws Exception {
        try (Topology topology = Topology.open(REQUESTS, log);
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Tool.Result result =
                    Tool.CURL.run(
                            topology.client(),
                            "-sSg",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code} %{num_connects}\n",
                            url(family, "/small"),
                            "--next",
                            "-sSg",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code} %{num_connects}\n",
                            url(family, "/x/../%73tored"),
                            "--path-as-is");
            assertEquals(List.of("200 1", "403 0"), result.output(), result::toString);
            assertEquals("web", log.ended(Nginx.PORT).flow().decision().decidedBy());
            assertEquals(1, nginx.connections("/small"));
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theFirstRequestIsAskedAboutBeforeAnybodyAnswersIt(Family family) throws Exception {
        try (Topology topology = Topology.open(REQUESTS, log);
                SocketChannel client =
                        topology.client().connect(family, family.server(Nginx.PORT))) {
            client.write(
                    ByteBuffer.wrap(
                            "GET /stored HTTP/1.1\r\nHost: a\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII)));
            FlowLog.Ended ended = log.ended(Nginx.PORT);
            assertEquals(Reason.POLICY_RULE, ended.reason());
            assertEquals("admin", ended.flow().decision().decidedBy());
            leavesNothing(topology);
        }
    }
}
