package io.culvert.e2e;

import io.culvert.gateway.tls.CertificateFiles;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Real servers of HTTP, one of each kind on every address of a host: nginx, which has the files;
 * HAProxy in front of it; nghttpd, which speaks HTTP/2 alone and has the same files; and Python's
 * of WebSocket and of gRPC.
 */
final class WebServers implements AutoCloseable {
    static final int HAPROXY = 8_081;

    /** HTTP/2 with prior knowledge alone. */
    static final int HAPROXY_HTTP2 = 8_082;

    static final int NGHTTPD = 8_083;
    static final int WEBSOCKET = 8_084;
    static final int GRPC = 8_085;

    /** Where nobody listens. */
    static final int NOBODY = 8_086;

    private final Nginx nginx;
    private final List<CulvertProcess> processes = new ArrayList<>();

    private WebServers(Nginx nginx) {
        this.nginx = nginx;
    }

    /**
     * Starts them and waits until they listen.
     *
     * @param certificate of nginx
     */
    static WebServers on(Host host, Path folder, CertificateFiles certificate) throws Exception {
        WebServers servers = new WebServers(Nginx.withTls(host, folder, certificate));
        try {
            servers.start(host, folder);
            return servers;
        } catch (Exception | AssertionError e) {
            servers.close();
            throw e;
        }
    }

    private void start(Host host, Path folder) throws Exception {
        processes.add(haproxy(host, folder));
        processes.add(
                Tool.NGHTTPD.start(
                        host,
                        "--no-tls",
                        "--echo-upload",
                        "--htdocs=" + nginx.file(""),
                        Integer.toString(NGHTTPD)));
        processes.add(python(host, "websocket_server.py", Integer.toString(WEBSOCKET)));
        processes.add(python(host, "grpc_server.py", Integer.toString(GRPC)));
        for (int port : new int[] {HAPROXY, HAPROXY_HTTP2, NGHTTPD, WEBSOCKET, GRPC}) {
            for (Family family : Family.values()) {
                Eventually.equal(true, "it listens at " + port, () -> answers(host, family, port));
            }
        }
    }

    private static CulvertProcess haproxy(Host host, Path folder) throws IOException {
        Path configuration = folder.resolve("haproxy.cfg");
        Files.writeString(
                configuration,
                """
                defaults
                  mode http
                  timeout connect 10s
                  timeout client 60s
                  timeout server 60s
                  default_backend files
                frontend http1
                  bind *:%d
                  bind [::]:%1$d v6only
                  http-response set-header x-server haproxy-1
                frontend http2
                  bind *:%d proto h2
                  bind [::]:%2$d v6only proto h2
                  http-response set-header x-server haproxy-2
                backend files
                  server nginx %3$s:%4$d
                """
                        .formatted(
                                HAPROXY,
                                HAPROXY_HTTP2,
                                Family.IPV4.server().getHostAddress(),
                                Nginx.PORT));
        return Tool.HAPROXY.start(host, "-db", "-f", configuration.toString());
    }

    /** Starts a program of the test's resources. */
    static CulvertProcess python(Host host, String script, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("-u", "-c", text(script)));
        all.addAll(List.of(arguments));
        return Tool.PYTHON.start(host, all.toArray(String[]::new));
    }

    private static String text(String resource) throws IOException {
        try (InputStream in = WebServers.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static boolean answers(Host host, Family family, int port) throws IOException {
        try (SocketChannel _ = host.connect(family, new InetSocketAddress(family.server(), port))) {
            return true;
        } catch (SocketException notYet) {
            return false;
        }
    }

    Nginx nginx() {
        return nginx;
    }

    /** What the server of gRPC has said so far. */
    List<String> heardByGrpc() {
        return processes.getLast().output();
    }

    @Override
    public void close() throws IOException {
        for (CulvertProcess each : processes) {
            each.close();
        }
        nginx.close();
    }
}
