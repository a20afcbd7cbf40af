package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Endpoint;
import io.culvert.plugin.ExampleProject;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The plugin of {@code examples/plugins/ssh-audit} between OpenSSH's client and a server of its
 * own, which an ordinary user runs with keys that were made for it.
 */
@Tag("abuse")
@Timeout(120)
class SshAuditTest {
    private static final int PORT = 2222;
    private static final String USER = "auditor";
    private static final int SIZE = 3_000_000;

    @TempDir private Path directory;

    private Path blob;

    @BeforeEach
    void makeKeys() throws Exception {
        try (Host host = Host.named("keys")) {
            for (String name : List.of("host_key", "user_key")) {
                String[] ed25519 = {"-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file(name)};
                Tool.SSH_KEYGEN.succeeds(host, ed25519);
            }
        }
        Files.copy(directory.resolve("user_key.pub"), directory.resolve("authorized_keys"));
        Files.writeString(
                directory.resolve("known_hosts"),
                "server " + Files.readString(directory.resolve("host_key.pub")));
        blob = Files.write(directory.resolve("blob"), new Content(3).bytes(SIZE));
    }

    private String file(String name) {
        return directory.resolve(name).toString();
    }

    /**
     * Whoever runs the tests is that user to the server: it knows no other, and has no privilege.
     */
    private CulvertProcess serve(Host host) throws Exception {
        Files.writeString(
                directory.resolve("passwd"), USER + ":x:1000:1000::" + directory + ":/bin/sh\n");
        Files.write(
                directory.resolve("sshd_config"),
                List.of(
                        "Port " + PORT,
                        "ListenAddress " + Family.IPV4.server().getHostAddress(),
                        "ListenAddress " + Family.IPV6.server().getHostAddress(),
                        "HostKey " + file("host_key"),
                        "AuthorizedKeysFile " + file("authorized_keys"),
                        "AuthenticationMethods publickey",
                        // The directory's owner has another name outside.
                        "StrictModes no",
                        "PidFile none",
                        "UsePAM no"));
        String script =
                "mount --bind %s /etc/passwd && exec unshare --user --map-user=1000 --map-group=1000 %s -D -e -f %s"
                        .formatted(file("passwd"), Tool.SSHD.path(), file("sshd_config"));
        CulvertProcess server = Tool.UNSHARE.start(host, "--mount", "sh", "-c", script);
        Eventually.holds(
                "sshd listens, and not " + server.errors(),
                () ->
                        server.errors().stream().filter(line -> line.contains("listening")).count()
                                == 2);
        return server;
    }

    private CulvertProcess run(Topology topology) throws Exception {
        ExampleProject project =
                new ExampleProject(
                        ExampleProject.folder().resolve("ssh-audit"), directory.resolve("build"));
        Path configuration =
                Files.writeString(
                        directory.resolve("edge.yaml"),
                        topology.onRamps(1500, "acme")
                                + """
                                plugins: [ { jar: %s } ]
                                policy:
                                  default: deny
                                  rules:
                                    - { protocol: tcp, ports: [%d], do: upgrade, handler: ssh-audit }
                                telemetry: { flow-log: %s }
                                """
                                        .formatted(
                                                project.jar(project.classes()),
                                                PORT,
                                                file("flows.jsonl")));
        CulvertProcess culvert =
                CulvertProcess.start(
                        topology.gatewayHost(),
                        "run",
                        "--log-level",
                        "info",
                        "--control",
                        file("control.sock"),
                        configuration.toString());
        culvert.awaitReady();
        topology.routeClients();
        return culvert;
    }

    /**
     * Runs the client.
     *
     * @param rest of the shell's line, behind the server's name
     */
    private Tool.Result ssh(Topology topology, Family family, String rest) throws Exception {
        return Tool.SHELL.run(
                topology.client(),
                "-c",
                "%s -F none -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o HostKeyAlias=server -o StrictHostKeyChecking=yes -o BatchMode=yes -p %d %s@%s %s"
                        .formatted(
                                Tool.SSH.path(),
                                file("user_key"),
                                file("known_hosts"),
                                PORT,
                                USER,
                                family.server().getHostAddress(),
                                rest));
    }

    /** The line that the plugin writes about the newest connection. */
    private static Matcher line(CulvertProcess culvert) throws Exception {
        Pattern pattern =
                Pattern.compile(
                        "tenant=acme initiator=(\\S+) target=(\\S+) client=\"(.*)\" server=\"(.*)\""
                                + " sent=(\\d+) received=(\\d+) ms=\\d+ outcome=(.*)");
        Eventually.holds(
                "its line",
                () -> culvert.errors().stream().anyMatch(line -> pattern.matcher(line).find()));
        Matcher matcher =
                culvert.errors().stream()
                        .map(pattern::matcher)
                        .filter(Matcher::find)
                        .reduce((_, last) -> last)
                        .orElseThrow();
        return matcher;
    }

    @ParameterizedTest
    @EnumSource
    void aSessionGoesOnAsEverAndLeavesALine(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology);
                CulvertProcess server = serve(topology.server())) {
            Tool.Result result =
                    ssh(
                            topology,
                            family,
                            "'id -u; cat > %s; cat %s' < %s > %s"
                                    .formatted(
                                            file("uploaded"),
                                            file("blob"),
                                            blob,
                                            file("downloaded")));

            assertEquals(0, result.status(), () -> result + " " + server.errors());
            assertEquals(-1, Files.mismatch(blob, directory.resolve("uploaded")));
            byte[] downloaded = Files.readAllBytes(directory.resolve("downloaded"));
            assertEquals("1000\n", new String(downloaded, 0, 5, StandardCharsets.UTF_8));
            assertEquals(
                    ByteBuffer.wrap(new Content(3).bytes(SIZE)),
                    ByteBuffer.wrap(downloaded, 5, downloaded.length - 5));
            Matcher line = line(culvert);
            String client = new Endpoint(family.client(), 0).toString();
            assertTrue(
                    line.group(1).startsWith(client.substring(0, client.length() - 1)),
                    line::group);
            assertEquals(new Endpoint(family.server(), PORT).toString(), line.group(2));
            assertTrue(line.group(3).startsWith("SSH-2.0-OpenSSH_"), line::group);
            assertTrue(line.group(4).startsWith("SSH-2.0-OpenSSH_"), line::group);
            assertTrue(Long.parseLong(line.group(5)) > SIZE, line::group);
            assertTrue(Long.parseLong(line.group(6)) > SIZE, line::group);
            assertEquals("closed", line.group(7));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientWithAnotherKeyIsTheServersToRefuse(Family family) throws Exception {
        Files.writeString(directory.resolve("authorized_keys"), "");
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology);
                CulvertProcess server = serve(topology.server())) {
            Tool.Result result = ssh(topology, family, "true < /dev/null");

            assertEquals(255, result.status());
            assertTrue(result.says("Permission denied (publickey)"), result::toString);
            assertEquals("closed", line(culvert).group(7));
            assertTrue(server.isAlive());
        }
    }

    /** RFC 4253 section 5.1: 1.99 is what a server says that speaks version 1 as well. */
    @ParameterizedTest
    @EnumSource
    void anOldServerIsRefusedAndTheClientHearsAReset(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology);
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                family.server(),
                                PORT,
                                connection -> {
                                    connection.write(
                                            ByteBuffer.wrap(
                                                    "SSH-1.99-OpenSSH_3.9\r\n"
                                                            .getBytes(StandardCharsets.UTF_8)));
                                    while (connection.read(ByteBuffer.allocate(1000)) >= 0) {
                                        // Until the reset.
                                    }
                                })) {
            Tool.Result result = ssh(topology, family, "true < /dev/null");

            assertEquals(255, result.status());
            assertTrue(result.says("Connection reset by peer"), result::toString);
            assertEquals("refused (server speaks version 1.99)", line(culvert).group(7));
            Eventually.holds("the server was reset, too", () -> !server.failures().isEmpty());
            Eventually.holds(
                    "the flow log has that it was meant",
                    () ->
                            Files.readString(directory.resolve("flows.jsonl"))
                                    .contains("\"HANDLER_REFUSED\""));
        }
    }
}
