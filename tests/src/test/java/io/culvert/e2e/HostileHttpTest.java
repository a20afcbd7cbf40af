package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is sent to overwhelm a server of HTTP, or to have two of them disagree, through a running
 * gateway: each is refused, is counted in {@code /metrics}, and costs those who use the same
 * gateway nothing.
 */
@Timeout(120)
class HostileHttpTest {
    private static final int PORT = 8_080;
    private static final int CLIENTS = 3;
    private static final int METRICS = 9_464;
    private static final int FLOOD = 20_000;
    private static final String HIDDEN = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

    @TempDir private static Path directory;

    /** For all of them: what is counted is counted from where the one before has left it. */
    private static Topology topology;

    private static CulvertProcess culvert;

    @BeforeAll
    static void open() throws Exception {
        topology = Topology.withoutGateway();
        Path configuration = directory.resolve("edge.yaml");
        Files.writeString(configuration, configuration());
        culvert =
                CulvertProcess.start(
                        topology.gatewayHost(),
                        "run",
                        "--control",
                        directory.resolve("control.sock").toString(),
                        configuration.toString());
        culvert.awaitReady();
        topology.routeClients();
    }

    @AfterAll
    static void close() throws IOException {
        if (culvert != null) {
            culvert.close();
        }
        topology.close();
    }

    /** A request behind which, or in which, another one hides, and what is said to it. */
    private record Smuggled(String reason, String request) {}

    private static final List<Smuggled> SMUGGLED =
            List.of(
                    new Smuggled(
                            "HTTP_LENGTH_CONFLICT",
                            post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")
                                    + "0\r\n\r\n"
                                    + HIDDEN),
                    new Smuggled(
                            "HTTP_LENGTH_CONFLICT",
                            post("Transfer-Encoding: chunked\r\nContent-Length: 64\r\n")
                                    + "0\r\n\r\n"
                                    + HIDDEN),
                    new Smuggled(
                            "HTTP_LENGTH_REPEATED",
                            post("Content-Length: 0\r\nContent-Length: 40\r\n") + HIDDEN),
                    new Smuggled("HTTP_LENGTH_INVALID", post("Content-Length: +0\r\n") + HIDDEN),
                    new Smuggled(
                            "HTTP_TRANSFER_CODING",
                            post("Transfer-Encoding: chunked, identity\r\n")
                                    + "0\r\n\r\n"
                                    + HIDDEN),
                    new Smuggled(
                            "HTTP_SPACE_BEFORE_COLON",
                            post("Transfer-Encoding : chunked\r\n") + "0\r\n\r\n" + HIDDEN),
                    new Smuggled(
                            "HTTP_FOLDED_FIELD",
                            post("X: 1\r\n Transfer-Encoding: chunked\r\n") + HIDDEN),
                    new Smuggled(
                            "HTTP_BARE_LINE_FEED",
                            "GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\nGET /hidden HTTP/1.1\r\n\r\n"),
                    new Smuggled(
                            "HTTP_CHUNK",
                            post("Transfer-Encoding: chunked\r\n") + "0x0\r\n\r\n" + HIDDEN),
                    new Smuggled(
                            "HTTP_BARE_LINE_FEED",
                            post("Transfer-Encoding: chunked\r\n") + "0;\n\r\n" + HIDDEN));

    private static String post(String fields) {
        return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    }

    private static String configuration() {
        return topology.onRamps(1500, "acme")
                + """
                policy: { rules: [ { do: upgrade, handler: http } ] }
                telemetry: { listen: "10.2.0.1:%d" }
                """
                        .formatted(METRICS);
    }

    /** Requests and connections refused so far, by reason. */
    private static Map<String, Long> refused() throws IOException {
        String page;
        try (SocketChannel channel =
                topology.server()
                        .connect(
                                Family.IPV4,
                                new java.net.InetSocketAddress(Family.IPV4.gateway(), METRICS))) {
            channel.write(
                    ByteBuffer.wrap(
                            "GET /metrics HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            page =
                    new String(
                            channel.socket().getInputStream().readAllBytes(),
                            StandardCharsets.UTF_8);
        }
        Map<String, Long> counts = new java.util.TreeMap<>();
        Matcher line =
                Pattern.compile("culvert_http_refused_total\\{reason=\"(\\w+)\"} ([0-9.]+)")
                        .matcher(page);
        while (line.find()) {
            counts.put(line.group(1), (long) Double.parseDouble(line.group(2)));
        }
        assertTrue(!counts.isEmpty(), page);
        return counts;
    }

    /** How much more there is of it than there was. */
    private static void counted(Map<String, Long> before, String reason, int times)
            throws Exception {
        Eventually.equal(
                before.getOrDefault(reason, 0L) + times,
                reason,
                () -> refused().getOrDefault(reason, 0L));
    }

    /** The gateway with honest clients, and a dishonest one beside them. */
    @FunctionalInterface
    private interface Attack {
        void on(HttpMember server) throws Exception;
    }

    private void attack(Family family, Attack attack) throws Exception {
        try (HttpMember server = HttpMember.on(topology.server(), family.server(), PORT)) {
            try (HttpLoad load =
                    HttpLoad.start(CLIENTS, topology.client(), family, server.address())) {
                load.goesOn(5);
                attack.on(server);
                load.goesOn(5);
                Map<String, Long> _ = load.end();
                load.came(Set.of("GET 200", "POST 200"));
            }
            assertEquals(
                    List.of(), culvert.errors().stream().filter(l -> l.contains("ERROR")).toList());
        }
    }

    private static HttpLoad.Answer ask(SocketChannel channel, String request) throws IOException {
        try (Socket socket = HttpLoad.socket(channel)) {
            OutputStream out = socket.getOutputStream();
            out.write(request.getBytes(StandardCharsets.ISO_8859_1));
            return HttpLoad.Answer.read(socket.getInputStream());
        }
    }

    @ParameterizedTest
    @EnumSource
    void requestsThatTwoReadersWouldReadDifferentlyReachNoServer(Family family) throws Exception {
        attack(
                family,
                server -> {
                    for (Smuggled one : SMUGGLED) {
                        Map<String, Long> before = refused();
                        HttpLoad.Answer answer =
                                ask(
                                        topology.client().connect(family, server.address()),
                                        one.request());
                        assertEquals("400 " + one.reason(), answer.outcome(), one.request());
                        assertTrue(answer.ends(), one.request());
                        counted(before, one.reason(), 1);
                    }
                    assertEquals(0, server.hidden());
                });
    }

    @ParameterizedTest
    @EnumSource(names = "IPV6")
    void headsWithoutEndAreRefused(Family family) throws Exception {
        attack(
                family,
                server -> {
                    Map<String, Long> before = refused();
                    HttpLoad.Answer answer =
                            ask(
                                    topology.client().connect(family, server.address()),
                                    "GET / HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(70_000));
                    assertEquals("431 HTTP_FIELDS_TOO_LONG", answer.outcome());
                    try (RawHttp2 client = client(family, server)) {
                        client.frame(
                                RawHttp2.HEADERS,
                                RawHttp2.END_HEADERS | RawHttp2.END_STREAM,
                                1,
                                RawHttp2.bomb(4_000, 10_000));
                        // An answer, and not the end of a connection that others may share.
                        assertEquals(1, client.next(RawHttp2.HEADERS).stream());
                    }
                    Eventually.holds(
                            "counted",
                            () ->
                                    refused().getOrDefault("HTTP_FIELDS_TOO_LONG", 0L)
                                            >= before.getOrDefault("HTTP_FIELDS_TOO_LONG", 0L) + 2);
                });
    }

    private static RawHttp2 client(Family family, HttpMember server) throws IOException {
        return new RawHttp2(topology.client().connect(family, server.address()));
    }

    /** Frames one after another, until the connection is ended. */
    @FunctionalInterface
    private interface Flood {
        void send(RawHttp2 client, int number) throws IOException;
    }

    private void flood(Family family, String reason, Flood flood) throws Exception {
        attack(
                family,
                server -> {
                    Map<String, Long> before = refused();
                    try (RawHttp2 client = client(family, server)) {
                        try {
                            for (int i = 0; i < FLOOD; i++) {
                                flood.send(client, i);
                            }
                        } catch (IOException ended) {
                            // It had enough.
                        }
                        counted(before, reason, 1);
                    }
                });
    }

    /** CVE-2023-44487. */
    @ParameterizedTest
    @EnumSource(names = "IPV4")
    void requestsThatAreCancelledAtOnceEndTheConnection(Family family) throws Exception {
        flood(
                family,
                "HTTP_RESET_FLOOD",
                (client, number) -> {
                    int stream = 2 * number + 1;
                    client.frame(
                            RawHttp2.HEADERS,
                            RawHttp2.END_HEADERS | RawHttp2.END_STREAM,
                            stream,
                            RawHttp2.get("/4"));
                    client.frame(
                            RawHttp2.RST_STREAM, 0, stream, new byte[] {0, 0, 0, RawHttp2.CANCEL});
                });
    }

    /** CVE-2024-27316 and its like. */
    @ParameterizedTest
    @EnumSource(names = "IPV6")
    void aHeadThatIsContinuedForEverEndsTheConnection(Family family) throws Exception {
        flood(
                family,
                "HTTP_FRAME_FLOOD",
                (client, number) -> {
                    if (number == 0) {
                        client.frame(RawHttp2.HEADERS, RawHttp2.END_STREAM, 1, RawHttp2.get("/4"));
                    }
                    client.frame(RawHttp2.CONTINUATION, 0, 1, RawHttp2.get("/" + number));
                });
    }

    @ParameterizedTest
    @EnumSource(names = "IPV4")
    void framesThatAskForAnAcknowledgementEndTheConnection(Family family) throws Exception {
        flood(
                family,
                "HTTP_FRAME_FLOOD",
                (client, number) -> {
                    client.frame(RawHttp2.PING, 0, 0, new byte[8]);
                    client.frame(RawHttp2.SETTINGS, 0, 0, new byte[0]);
                });
    }
}
