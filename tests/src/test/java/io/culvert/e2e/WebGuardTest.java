package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.plugin.ExampleProject;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The plugins of {@code examples/plugins/web-guard} and {@code form-scan} decide about requests of
 * flows, between curl and nginx, with HTTP/2 on both sides.
 */
@Timeout(120)
class WebGuardTest {
    private static final int PORT = 8_081;

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    /** Two servers that are one process: the first of them fails where it is asked to. */
    private CulvertProcess serve(Host host) throws Exception {
        Path configuration =
                Files.writeString(
                        directory.resolve("nginx.conf"),
                        """
                        daemon off;
                        master_process off;
                        pid %1$s/nginx.pid;
                        error_log stderr;
                        events { worker_connections 1024; }
                        http {
                          access_log %1$s/server.log;
                          client_body_temp_path %1$s/body;
                          proxy_temp_path %1$s/proxied;
                          server {
                            listen *:%2$d http2;
                            listen [::]:%2$d http2;
                            location / { return 200 "hello\\n"; }
                            # Which reads all of a form before it is answered.
                            location = /form { proxy_pass http://unix:%1$s/form.sock; }
                            location = /shaky {
                              if ($server_addr ~ "2$") { return 500 "oops\\n"; }
                              return 200 "elsewhere\\n";
                            }
                          }
                          server {
                            listen unix:%1$s/form.sock;
                            location / { return 200 "taken\\n"; }
                          }
                        }
                        """
                                .formatted(directory, PORT));
        CulvertProcess nginx = Tool.NGINX.start(host, "-c", configuration.toString());
        Eventually.equal(true, "nginx answers", () -> answers(host));
        return nginx;
    }

    private static boolean answers(Host host) throws IOException {
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

    private Path jar(String example) throws IOException {
        ExampleProject project =
                new ExampleProject(
                        ExampleProject.folder().resolve(example), directory.resolve(example));
        return project.jar(project.classes());
    }

    private String settings(Family family) throws IOException {
        return """
        upstreams:
          - name: two
            servers: ["%s:%d", "%s:%d"]
            protocol: http2
            balance: round-robin
            ejection: { failures: 100 }
        policy:
          rules: [ { do: upgrade, handler: http, protocol: tcp, upstream: two } ]
        plugins:
          - jar: %s
            deadline: 10s
            settings:
              paths: [/admin]
              refuse: [/secret]
              moved: { /old: "https://example.test/new" }
              hide: [server]
              retry: [500]
              sorry: Back soon
          - jar: %s
            deadline: 10s
            settings: { words: [drop table], endings: [.exe] }
        """
                .formatted(
                        text(family.server()),
                        PORT,
                        text(family.secondServer()),
                        PORT,
                        jar("web-guard"),
                        jar("form-scan"));
    }

    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        return text.contains(":") ? "[" + text + "]" : text;
    }

    /** The answer's head, and its body behind it, by HTTP/2. */
    private String curl(Topology topology, Family family, String path, String... more)
            throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of("-sSgi", "--http2-prior-knowledge", "--max-time", "30"));
        arguments.addAll(List.of(more));
        arguments.add("http://%s:%d%s".formatted(text(family.server()), PORT, path));
        Tool.Result result = Tool.CURL.run(topology.client(), arguments.toArray(String[]::new));
        assertEquals(0, result.status(), result::toString);
        return String.join("\n", result.output()).toLowerCase(Locale.ROOT);
    }

    private static void assertAnswer(int status, String within, String answer) {
        assertTrue(answer.startsWith("http/2 " + status + " "), answer);
        assertTrue(answer.contains(within), answer);
    }

    @ParameterizedTest
    @EnumSource
    void requestsOfAFlowAreAnsweredRefusedRedirectedChangedAndSentElsewhere(Family family)
            throws Exception {
        try (Topology topology = Topology.open(settings(family), log)) {
            try (CulvertProcess _ = serve(topology.server())) {
                assertAnswer(404, "there is no such page", curl(topology, family, "/admin/a"));
                assertAnswer(
                        403, "culvert-reason: hook_refused", curl(topology, family, "/secret"));
                assertAnswer(
                        307, "location: https://example.test/new", curl(topology, family, "/old"));
                String hello = curl(topology, family, "/hello");
                assertAnswer(200, "hello", hello);
                assertFalse(hello.contains("\nserver:"), hello);
                // Whichever server's turn it is.
                for (int i = 0; i < 4; i++) {
                    assertAnswer(200, "elsewhere", curl(topology, family, "/shaky"));
                }
                assertAnswer(200, "taken", curl(topology, family, "/form", "-F", "a=b"));
                assertAnswer(
                        403,
                        "hook_refused",
                        curl(topology, family, "/form", "-F", "a=Drop Table students"));
                Path file = Files.writeString(directory.resolve("a.exe"), "MZ");
                assertAnswer(
                        403, "hook_refused", curl(topology, family, "/form", "-F", "f=@" + file));
                assertAnswer(
                        403,
                        "hook_refused",
                        curl(topology, family, "/form", "--data-urlencode", "a=DROP table"));
            }
            assertAnswer(502, "back soon", curl(topology, family, "/hello"));
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }
}
