package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Real clients of HTTP behind every kind of on-ramp, real servers behind the gateway, and nothing
 * in between that is not the gateway's.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("io.culvert.e2e.Journey#upgraded")
@Timeout(60)
class HttpScenariosTest {
    private static final int MIB = 1024 * 1024;

    /** More than any window or buffer on the way, and no multiple of anything. */
    private static final int LENGTH = 3 * MIB + 12_345;

    private static WebScene scene;

    HttpScenariosTest(Journey journey) {
        // The scene is its.
    }

    /** How a client comes to speak which HTTP with whom. */
    private enum Way {
        HTTP1_TO_NGINX("1.1", Nginx.PORT, "--http1.1"),
        HTTP2_TO_NGINX("2", Nginx.PORT, "--http2-prior-knowledge"),
        HTTP1_TO_HAPROXY("1.1", WebServers.HAPROXY, "--http1.1"),
        HTTP1_TO_HAPROXY_HTTP2("1.1", WebServers.HAPROXY_HTTP2, "--http1.1"),
        HTTP2_TO_HAPROXY_HTTP2("2", WebServers.HAPROXY_HTTP2, "--http2-prior-knowledge"),
        TERMINATED("2", WebScene.TERMINATED, "--http2"),
        TERMINATED_HTTP1("1.1", WebScene.TERMINATED, "--http1.1"),
        INSPECTED("2", WebScene.INSPECTED, "--http2"),
        INSPECTED_HTTP1("1.1", WebScene.INSPECTED, "--http1.1"),
        PASSED("2", WebScene.PASSED, "--http2");

        private final String version;
        private final int port;
        private final String option;

        Way(String version, int port, String option) {
            this.version = version;
            this.port = port;
            this.option = option;
        }

        private boolean isTls() {
            return this == PASSED || name().startsWith("TERM") || name().startsWith("INSP");
        }

        private boolean isSeen() {
            return this != PASSED;
        }

        /** What the gateway adds to every answer that it has seen (RFC 9110 section 7.6.3). */
        private String via() {
            boolean http2 = name().endsWith("HAPROXY_HTTP2") || name().startsWith("INSP");
            return http2 ? "via: 2 culvert" : "via: 1.1 culvert";
        }

        private String trusted() {
            return name().startsWith("INSP") ? scene.inspector() : scene.trusted();
        }

        private String url(String path) {
            return isTls()
                    ? "https://" + WebScene.NAME + ":" + port + path
                    : "http://" + scene.authority(port) + path;
        }

        /** Runs curl, and sees that the version was spoken, and the answer was seen or was not. */
        private List<String> curl(String path, String... arguments) throws Exception {
            Path head = scene.file("head");
            String[] own = {
                option,
                // nginx does not tell a client of HTTP/2 to go on.
                "--expect100-timeout",
                "0.1",
                "--cacert",
                trusted(),
                "--dump-header",
                head.toString(),
                "-w",
                "%{http_version} %{http_code}\n",
                url(path)
            };
            Tool.Result result = scene.curl(joined(own, arguments));
            assertEquals(0, result.status(), result::toString);
            assertTrue(result.output().getFirst().startsWith(version + " "), result::toString);
            List<String> fields = Files.readAllLines(head);
            assertEquals(
                    name().contains("HAPROXY"),
                    fields.stream().anyMatch(field -> field.startsWith("x-server: haproxy-")),
                    fields::toString);
            assertEquals(
                    isSeen(), fields.stream().anyMatch(via()::equalsIgnoreCase), fields::toString);
            return result.output();
        }
    }

    @BeforeParameterizedClassInvocation
    static void open(Journey journey) throws Exception {
        scene = WebScene.open(journey);
        Files.write(scene.servers().nginx().file("blob"), new Content(1).bytes(LENGTH));
        Files.write(scene.file("upload"), new Content(2).bytes(LENGTH));
    }

    @AfterParameterizedClassInvocation
    static void close() throws Exception {
        // Where opening has failed there is none, or the one before.
        try (WebScene over = scene) {
            scene = null;
            over.leave();
        }
    }

    @AfterEach
    void everythingIsSettled() throws Exception {
        scene.isSettled();
    }

    private static String[] joined(String[] some, String... others) {
        return Stream.of(some, others).flatMap(Arrays::stream).toArray(String[]::new);
    }

    private static String hash(Path file) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    @ParameterizedTest
    @EnumSource
    void curlDownloads(Way way) throws Exception {
        Path download = scene.file("download");

        way.curl("/blob", "-o", download.toString());

        assertEquals(hash(scene.servers().nginx().file("blob")), hash(download));
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"HTTP1_TO_HAPROXY_HTTP2", "TERMINATED", "INSPECTED_HTTP1"})
    void curlUploads(Way way) throws Exception {
        Path upload = scene.file("upload");

        way.curl("/stored-" + way, "-T", upload.toString());

        assertEquals(hash(upload), hash(scene.servers().nginx().file("stored-" + way)));
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP1_TO_NGINX", "HTTP2_TO_NGINX", "TERMINATED"})
    void curlAsksForARange(Way way) throws Exception {
        Path part = scene.file("part");

        List<String> said = way.curl("/blob", "-r", "1000000-1999999", "-o", part.toString());

        assertEquals(way.version + " 206", said.getFirst());
        byte[] blob = Files.readAllBytes(scene.servers().nginx().file("blob"));
        assertEquals(
                -1,
                Arrays.mismatch(
                        Arrays.copyOfRange(blob, 1_000_000, 2_000_000), Files.readAllBytes(part)));
    }

    /** A server that speaks nothing else: what is uploaded comes back. */
    @ParameterizedTest
    @EnumSource(names = {"HTTP1_TO_NGINX", "HTTP2_TO_NGINX"})
    void curlSpeaksWithAServerOfHttp2Alone(Way way) throws Exception {
        Path upload = scene.file("upload");
        Path echo = scene.file("echo");
        Path download = scene.file("download");
        String url = "http://" + scene.authority(WebServers.NGHTTPD);

        for (String[] arguments :
                new String[][] {
                    {"--data-binary", "@" + upload, "-o", echo.toString(), url + "/echo"},
                    {"-o", download.toString(), url + "/blob"}
                }) {
            // Not both by one: the curl of Debian 12 fails with any server where it asks twice.
            Tool.Result result = scene.curl(joined(arguments, way.option));
            assertEquals(0, result.status(), result::toString);
        }
        assertEquals(hash(upload), hash(echo));
        assertEquals(hash(scene.servers().nginx().file("blob")), hash(download));
    }

    /** Behind what is inspected is a server that would choose HTTP/2, and then could not. */
    @ParameterizedTest
    @EnumSource(names = {"HTTP1_TO_NGINX", "TERMINATED", "INSPECTED"})
    void webSocketsPassBothWays(Way way) throws Exception {
        List<String> arguments = new ArrayList<>();
        arguments.add(way.url("/socket").replaceFirst("http", "ws"));
        arguments.add(scene.targetAddress());
        if (way.isTls()) {
            arguments.add(way.trusted());
        }
        try (CulvertProcess client =
                WebServers.python(
                        scene.client(), "websocket_client.py", arguments.toArray(String[]::new))) {
            assertEquals(0, client.exitStatus(), () -> "" + client.errors());
            assertEquals(List.of("binary", "text", "ping", "many", "closed 1000"), client.output());
        }
    }

    @Test
    void wrkSeesNoErrors() throws Exception {
        Tool.Result result =
                Tool.WRK.run(
                        scene.client(),
                        "-t1",
                        "-c16",
                        "-d1s",
                        "http://" + scene.authority(Nginx.PORT) + "/small");

        String said = String.join("\n", result.output());
        assertTrue(number("(\\d+) requests in", said) > 0, said);
        assertTrue(!said.contains("Socket errors") && !said.contains("Non-2xx"), said);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP2_TO_HAPROXY_HTTP2", "TERMINATED"})
    void h2loadSeesNoErrors(Way way) throws Exception {
        Tool.Result result =
                Tool.H2LOAD.run(
                        scene.client(),
                        "-n1000",
                        "-c8",
                        "-m16",
                        (way.isTls() ? "https://" : "http://")
                                + scene.authority(way.port)
                                + "/small");

        assertTrue(
                result.says(
                        "requests: 1000 total, 1000 started, 1000 done, 1000 succeeded, 0 failed, "
                                + "0 errored, 0 timeout"),
                result::toString);
        assertTrue(result.says("status codes: 1000 2xx"), result::toString);
    }

    private static long number(String pattern, String in) {
        Matcher matcher = Pattern.compile(pattern).matcher(in);
        assertTrue(matcher.find(), in);
        return Long.parseLong(matcher.group(1));
    }

    /** A server's address as gRPC writes it. */
    private String grpc(int port) {
        return (scene.family().isIpv6() ? "ipv6:" : "ipv4:") + scene.authority(port);
    }

    @Test
    void grpcCallsEndAsTheirEndsSay() throws Exception {
        try (CulvertProcess client =
                WebServers.python(
                        scene.client(),
                        "grpc_client.py",
                        grpc(WebServers.GRPC),
                        grpc(WebServers.NOBODY))) {
            int status = client.exitStatus();
            assertEquals(
                    List.of(
                            "unary",
                            "metadata",
                            "trailers",
                            "status",
                            "unimplemented",
                            "server's stream",
                            "client's stream",
                            "both streams",
                            "deadline told",
                            "deadline",
                            "cancelled",
                            "cancelled in the middle",
                            "ended by the server",
                            "cancelled by the server",
                            "denied by the gateway",
                            "no server",
                            "after all"),
                    client.output(),
                    () -> String.join("\n", client.errors()));
            assertEquals(0, status);
        }
        for (String gone : List.of("gone waits", "gone endless")) {
            Eventually.holds(gone, () -> scene.servers().heardByGrpc().contains(gone));
        }
    }
}
