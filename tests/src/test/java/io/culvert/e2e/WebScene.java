package io.culvert.e2e;

import io.culvert.gateway.tls.CertificateFiles;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link Scene} whose gateway speaks HTTP with everything, in front of {@link WebServers}. What
 * it does with a connection goes by the port: those of the servers lead to each as it is asked for,
 * and
 *
 * <pre>
 *   443   TLS is terminated, and nginx is the upstream
 *   8443  TLS of nginx is inspected
 *   8444  TLS of nginx passes
 * </pre>
 */
final class WebScene implements AutoCloseable {
    static final int TERMINATED = 443;
    static final int INSPECTED = Nginx.TLS_PORT;
    static final int PASSED = Nginx.SECOND_TLS_PORT;

    /** Of nginx, and of what the gateway terminates. */
    static final String NAME = "www.example.test";

    private final Scene scene;
    private final Path directory;
    private final TestCertificates web;
    private final TestCertificates inspection;
    private final WebServers servers;

    private WebScene(Journey journey) throws Exception {
        directory = Files.createTempDirectory("culvert");
        web = TestCertificates.in(directory.resolve("web"), "Test web");
        inspection = TestCertificates.in(directory.resolve("inspection"), "Test inspection");
        try (Host anywhere = Host.named("authority")) {
            CertificateFiles own = web.issue(anywhere, NAME);
            scene = Scene.open(journey, directory, settings(journey.family(), own));
            try {
                servers = WebServers.on(scene.target(), directory.resolve("web"), own);
            } catch (Exception | AssertionError e) {
                scene.close();
                throw e;
            }
        }
    }

    static WebScene open(Journey journey) throws Exception {
        return new WebScene(journey);
    }

    private String settings(Family family, CertificateFiles own) {
        String server = literal(family.server());
        return """
        upstreams:
          - { name: nginx, servers: ["%1$s:%2$d"] }
          - { name: haproxy, servers: ["%1$s:%3$d"], protocol: http2 }
          - { name: nghttpd, servers: ["%1$s:%4$d"], protocol: http2 }
          - { name: grpc, servers: ["%1$s:%5$d"], protocol: http2 }
        tls:
          certificates: [{ certificate: %6$s, key: %7$s }]
          inspect: { certificate: %8$s, key: %9$s, authorities: %10$s }
        policy:
          rules:
            - { ports: [443], do: upgrade, handler: http, tls: terminate, upstream: nginx }
            - { ports: [%11$d], do: upgrade, handler: http, tls: inspect }
            - { ports: [%12$d], do: upgrade, handler: http, tls: pass }
            - { ports: [%3$d], do: upgrade, handler: http, upstream: haproxy }
            - { ports: [%4$d], do: upgrade, handler: http, upstream: nghttpd }
            - { ports: [%5$d], http: { path: /test/denied }, do: reject }
            - { ports: [%5$d], do: upgrade, handler: http, upstream: grpc }
            - { protocol: tcp, do: upgrade, handler: http }
        """
                .formatted(
                        server,
                        Nginx.PORT,
                        WebServers.HAPROXY_HTTP2,
                        WebServers.NGHTTPD,
                        WebServers.GRPC,
                        own.certificate(),
                        own.key(),
                        inspection.authority().certificate(),
                        inspection.authority().key(),
                        web.trusted(),
                        INSPECTED,
                        PASSED);
    }

    private static String literal(InetAddress address) {
        String text = address.getHostAddress();
        return text.contains(":") ? "[" + text + "]" : text;
    }

    /** The server's address and a port, as URLs have it. */
    String authority(int port) {
        return targetLiteral() + ":" + port;
    }

    /** The server's address. */
    String targetAddress() {
        return scene.targetAddress().getHostAddress();
    }

    /** The same as URLs have it. */
    String targetLiteral() {
        return literal(scene.targetAddress());
    }

    Host client() {
        return scene.client();
    }

    Family family() {
        return scene.family();
    }

    WebServers servers() {
        return servers;
    }

    /** Whom a client trusts that knows the servers. */
    String trusted() {
        return web.trusted();
    }

    /** Whom it has to trust where the gateway inspects. */
    String inspector() {
        return inspection.trusted();
    }

    /** A file that is nobody else's. */
    Path file(String name) throws IOException {
        return Files.createDirectories(directory.resolve("client")).resolve(name);
    }

    /** Runs curl, which fails where the status is an error's. */
    Tool.Result curl(String... arguments) throws Exception {
        List<String> all =
                new ArrayList<>(List.of("-sS", "--globoff", "--fail", "--max-time", "60"));
        for (int port : new int[] {TERMINATED, INSPECTED, PASSED}) {
            all.addAll(List.of("--resolve", "%s:%d:%s".formatted(NAME, port, targetLiteral())));
        }
        all.addAll(List.of(arguments));
        return Tool.CURL.run(client(), all.toArray(String[]::new));
    }

    /** How many connections to a port there are now. */
    long connections(int port) {
        return scene.connections(port);
    }

    /** Nothing of what has ended is left. */
    void isSettled() throws Exception {
        scene.isSettled();
    }

    void leave() throws Exception {
        scene.leave();
    }

    @Override
    public void close() throws IOException {
        servers.close();
        scene.close();
    }
}
