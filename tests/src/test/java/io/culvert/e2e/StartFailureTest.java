package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** What stands in the way of a start is one clear sentence and exit status 1. */
@Timeout(60)
class StartFailureTest {
    private static final Path TUN = Path.of("/dev/net/tun");

    @TempDir private Path directory;

    @Test
    void saysThatTheDevicesNameIsTakenByAnother() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            topology.client().call(rtnetlink -> rtnetlink.addVeth(Topology.DEVICE, "other"));

            CulvertProcess culvert = run(topology.gatewayHost(), topology.onRamps(1500, "acme"));

            assertSentence(culvert, "culv0", "not a TUN device");
            assertTrue(topology.client().link(Topology.DEVICE).isPresent());
        }
    }

    @Test
    void saysThatAnotherProcessHasTheDevice() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            topology.start(
                    topology.onRamps(1500, "acme") + Topology.UPGRADE_ALL, FlowListener.NONE);

            CulvertProcess culvert = run(topology.gatewayHost(), topology.onRamps(1500, "acme"));

            assertSentence(culvert, "culv0", "in use by another process");
        }
    }

    @Test
    void saysThatTheNamespaceIsMissing() throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = run(host, onRamp("netns: /run/netns/culvert-none"));

            assertSentence(culvert, "/run/netns/culvert-none", "no such file");
        }
    }

    @Test
    void saysThatAFileIsNoNamespace() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "");
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = run(host, onRamp("netns: " + file));

            assertSentence(culvert, "network namespace");
        }
    }

    @Test
    void saysThatARawSocketTakesAPrivilege() throws Exception {
        try (Host host = Host.withMounts("host")) {
            // Raw sockets would do for pings too.
            host.namespace().sysctl("net.ipv4.ping_group_range", "0 0");
            CulvertProcess culvert = run(host, without("net_raw"), gre("127.0.0.1"));

            assertSentence(culvert, "on-ramp gre", "CAP_NET_RAW", "run culvert as root");
        }
    }

    @Test
    void saysThatTheAddressIsNotThisHosts() throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = run(host, gre("192.0.2.1"));

            assertSentence(culvert, "on-ramp gre", "192.0.2.1 is not an address of this host");
        }
    }

    private static String gre(String listen) {
        return """
        onramps:
          - name: gre
            type: gre
            listen: %s
            peers: [{ from: 127.0.0.2, tenant: acme }]
        """
                .formatted(listen);
    }

    @Test
    void saysThatAnotherGatewayHasTheControlSocket() throws Exception {
        Path control = directory.resolve("control.sock");
        try (Host host = Host.withMounts("host");
                ServerSocketChannel listener =
                        ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(control));

            CulvertProcess culvert = run(host, onRamp(""));

            assertSentence(culvert, control.toString(), "another gateway", "--control");
            assertTrue(Files.exists(control), "it is not ours");
            assertTrue(host.link("culv7").isEmpty());
        }
    }

    @Test
    void leavesAFileAloneThatIsNoControlSocket() throws Exception {
        Path control = Files.writeString(directory.resolve("control.sock"), "precious");
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = run(host, onRamp(""));

            assertSentence(culvert, control.toString());
            assertEquals("precious", Files.readString(control));
        }
    }

    @Test
    void saysThatTheControlSocketsPathIsTooLong() throws Exception {
        Path control = directory.resolve("x".repeat(120));
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = run(host, List.of(), control, onRamp(""));

            assertSentence(culvert, "control socket");
        }
    }

    @Test
    void saysThatTheControlSocketCannotBeMadeThere() throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert =
                    run(host, List.of(), Path.of("/proc/culvert/control.sock"), onRamp(""));

            assertSentence(culvert, "/proc/culvert", "control socket");
        }
    }

    @Test
    void saysThatThereIsNoTunDevice() throws Exception {
        Path empty = Files.createDirectory(directory.resolve("empty"));
        try (Host host = Host.withMounts("host")) {
            host.mount(empty, TUN.getParent());

            assertSentence(run(host, onRamp("")), "/dev/net/tun");
        }
    }

    @Test
    void saysThatTheTunDeviceIsSomethingElse() throws Exception {
        try (Host host = Host.withMounts("host")) {
            host.mount(Path.of("/dev/null"), TUN);

            assertSentence(run(host, onRamp("")), "/dev/net/tun");
        }
    }

    /** As it is for a user whom the device's mode shuts out. */
    @Test
    void saysThatTheTunDeviceMayNotBeOpened() throws Exception {
        Path closed = Files.writeString(directory.resolve("closed"), "");
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        try (Host host = Host.withMounts("host")) {
            host.mount(closed, TUN);

            assertSentence(
                    run(host, without("dac_override", "dac_read_search"), onRamp("")),
                    "/dev/net/tun");
        }
    }

    @Test
    void saysThatPrivilegesAreMissing() throws Exception {
        try (Host host = Host.withMounts("host")) {
            assertSentence(
                    run(host, without("net_admin", "sys_admin"), onRamp("")), "not permitted");
        }
    }

    @Test
    void saysThatThereMayBeNoMoreNamespaces() throws Exception {
        try (Host host = Host.withMounts("host")) {
            List<String> wrapper =
                    List.of(
                            "unshare",
                            "--user",
                            "--map-root-user",
                            "--",
                            "sh",
                            "-c",
                            "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$@\"",
                            "sh");

            assertSentence(
                    CulvertProcess.startBehind(host, wrapper, "exec", "--", "true"), "namespace");
        }
    }

    /** The launcher finds out before it starts anything. */
    @Test
    void saysThatAnOrdinaryUserMayMakeNoUserNamespaces() throws Exception {
        Path tree = launcherTree();
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert =
                    CulvertProcess.run(
                            host,
                            List.of(
                                    "unshare",
                                    "--user",
                                    "--map-user=1000",
                                    "--keep-caps",
                                    "--",
                                    "sh",
                                    "-c",
                                    "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"",
                                    "sh",
                                    tree.resolve("culvert").toString(),
                                    "exec",
                                    "--",
                                    "true"));

            assertSentence(culvert, "user namespaces", "sysctl");
        }
    }

    /** The launcher, and a mark that everything is built. */
    private Path launcherTree() throws IOException {
        Path tree = directory.resolve("tree");
        Path top = CulvertProcess.top();
        Path home = Files.createDirectories(tree.resolve("gateway-core/target/culvert"));
        Path packaging = Files.createDirectory(tree.resolve("packaging"));
        for (String script : List.of("../culvert", "build", "find-jdk", "culvert-java")) {
            Files.copy(top.resolve("packaging").resolve(script), packaging.resolve(script));
        }
        Files.writeString(home.resolve("built"), "");
        return tree;
    }

    @Test
    void answersAWrongConfigurationWithStatusTwoAndTouchesNothing() throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = run(host, onRamp("colour: blue"));

            assertEquals(2, culvert.exitStatus());
            assertEquals(List.of(), culvert.output());
            assertTrue(
                    culvert.errors().getFirst().matches(".*edge.yaml:\\d+:\\d+: error: .*colour.*"),
                    () -> "" + culvert.errors());
            assertTrue(host.link("culv7").isEmpty());
        }
    }

    private static String onRamp(String more) {
        return """
        onramps:
          - name: branch
            type: tun
            tenant: acme
            device: culv7
            %s
        """
                .formatted(more);
    }

    /** setpriv(1): what the program starts without, root or not. */
    private static List<String> without(String... capabilities) {
        List<String> names = new ArrayList<>();
        for (String capability : capabilities) {
            names.add("-" + capability);
        }
        return List.of("setpriv", "--bounding-set", String.join(",", names), "--");
    }

    private CulvertProcess run(Host host, String yaml) throws IOException {
        return run(host, List.of(), yaml);
    }

    private CulvertProcess run(Host host, List<String> wrapper, String yaml) throws IOException {
        return run(host, wrapper, directory.resolve("control.sock"), yaml);
    }

    private CulvertProcess run(Host host, List<String> wrapper, Path control, String yaml)
            throws IOException {
        Path configuration = directory.resolve("edge.yaml");
        Files.writeString(configuration, yaml);
        return CulvertProcess.startBehind(
                host, wrapper, "run", "--control", control.toString(), configuration.toString());
    }

    private static void assertSentence(CulvertProcess culvert, String... words) throws Exception {
        try (culvert) {
            assertEquals(1, culvert.exitStatus(), () -> "" + culvert.errors());
            assertEquals(List.of(), culvert.output());
            assertEquals(1, culvert.errors().size(), () -> "" + culvert.errors());
            String sentence = culvert.errors().getFirst();
            assertTrue(sentence.startsWith("culvert: "), sentence);
            for (String word : words) {
                assertTrue(sentence.contains(word), sentence);
            }
            assertTrue(!sentence.contains("Exception"), sentence);
        }
    }
}
