package io.culvert.e2e;

import io.culvert.gateway.tls.CertificateFiles;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A real HTTP server: serves the files of a folder, keeps what is PUT, and logs each connection.
 */
final class Nginx implements AutoCloseable {
    static final int PORT = 8_080;

    /** With TLS, where it has a certificate: HTTP/1.1 and HTTP/2 by ALPN. */
    static final int TLS_PORT = 8_443;

    /** The same once more. */
    static final int SECOND_TLS_PORT = 8_444;

    private final Path folder;
    private final CulvertProcess process;

    private Nginx(Path folder, CulvertProcess process) {
        this.folder = folder;
        this.process = process;
    }

    /** On every address of a host, at {@value #PORT}. */
    static Nginx on(Host host, Path folder) throws Exception {
        return on(host, folder, "");
    }

    /** The same, with TLS besides, and with {@link WebServers#WEBSOCKET} behind a path. */
    static Nginx withTls(Host host, Path folder, CertificateFiles certificate) throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int port : new int[] {TLS_PORT, SECOND_TLS_PORT}) {
            lines.append("listen *:%1$d ssl http2; listen [::]:%1$d ssl http2;".formatted(port));
        }
        return on(
                host,
                folder,
                """
                %s
                ssl_certificate %s;
                ssl_certificate_key %s;
                location /socket {
                  proxy_pass http://%s:%d;
                  proxy_http_version 1.1;
                  proxy_set_header Upgrade $http_upgrade;
                  proxy_set_header Connection upgrade;
                }
                """
                        .formatted(
                                lines,
                                certificate.certificate(),
                                certificate.key(),
                                Family.IPV4.server().getHostAddress(),
                                WebServers.WEBSOCKET));
    }

    private static Nginx on(Host host, Path folder, String tls) throws Exception {
        Path files = Files.createDirectories(folder.resolve("files"));
        Path configuration = folder.resolve("nginx.conf");
        Files.writeString(
                configuration,
                """
                daemon off;
                # One process alone, which changes no user: a user namespace may not let it.
                master_process off;
                # Whose its folders are: root's in a user namespace, which may know nobody else.
                user root;
                pid %1$s/nginx.pid;
                error_log stderr;
                events { worker_connections 4096; }
                http {
                  access_log %1$s/access.log combined;
                  log_format connection '$connection $connection_requests $server_protocol $uri';
                  access_log %1$s/connections.log connection;
                  client_body_temp_path %1$s/body;
                  proxy_temp_path %1$s/proxy;
                  fastcgi_temp_path %1$s/fastcgi;
                  uwsgi_temp_path %1$s/uwsgi;
                  scgi_temp_path %1$s/scgi;
                  client_max_body_size 0;
                  keepalive_requests 1000000;
                  types { text/html html; text/css css; image/svg+xml svg; }
                  server {
                    listen *:%2$d backlog=4096;
                    listen [::]:%2$d backlog=4096;
                    %4$s
                    location / { root %3$s; dav_methods PUT; }
                    location = /small { return 200 "hello\\n"; }
                    location = /address { return 200 "$remote_addr $http_host\\n"; }
                  }
                }
                """
                        .formatted(folder, PORT, files, tls));
        CulvertProcess process = Tool.NGINX.start(host, "-c", configuration.toString());
        Nginx nginx = new Nginx(folder, process);
        try {
            Eventually.equal(true, "nginx answers", () -> nginx.answers(host));
        } catch (Exception | AssertionError e) {
            nginx.close();
            throw e;
        }
        return nginx;
    }

    private boolean answers(Host host) throws IOException {
        for (Family family : Family.values()) {
            try (SocketChannel _ =
                    host.connect(family, new InetSocketAddress(family.server(), PORT))) {
                // It listens.
            } catch (SocketException notYet) {
                return false;
            }
        }
        return true;
    }

    /** A file that it serves, or was PUT. */
    Path file(String name) {
        return folder.resolve("files").resolve(name);
    }

    /** Connections that requests came by so far, those for that path alone. */
    long connections(String uri) throws IOException {
        try (var lines = Files.lines(folder.resolve("connections.log"))) {
            return lines.filter(line -> line.endsWith(" " + uri))
                    .map(line -> line.split(" ", -1)[0])
                    .distinct()
                    .count();
        }
    }

    ProcessHandle handle() {
        return process.handle();
    }

    @Override
    public void close() throws IOException {
        process.close();
    }
}
