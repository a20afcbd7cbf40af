package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code culvert exec}: a command in a namespace whose traffic enters a gateway. */
@Timeout(60)
class ExecCommandTest {
    private static final List<String> ROOTLESS =
            List.of("unshare", "--user", "--map-root-user", "--");

    @TempDir private Path directory;

    @ParameterizedTest
    @CsvSource({"exit 0, 0", "exit 7, 7", "exit 255, 255", "kill -9 $$, 137", "kill -15 $$, 143"})
    void endsAsItsCommandDoes(String script, int status) throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = CulvertProcess.start(host, "exec", "--", "sh", "-c", script);

            assertEquals(status, culvert.exitStatus(), () -> "" + culvert.errors());
            assertEquals(List.of(), culvert.errors());
        }
    }

    @Test
    void saysThatACommandIsNotThere() throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert =
                    CulvertProcess.start(host, "exec", "--", "culvert-no-such-command");

            assertEquals(127, culvert.exitStatus());
            assertEquals(
                    List.of("culvert: culvert-no-such-command: command not found"),
                    culvert.errors());
        }
    }

    @Test
    void saysThatACommandCannotBeRun() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "no program");
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert = CulvertProcess.start(host, "exec", "--", file.toString());

            assertEquals(126, culvert.exitStatus());
            assertEquals(1, culvert.errors().size(), () -> "" + culvert.errors());
        }
    }

    @Test
    void passesInputOutputAndErrorsThrough() throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert =
                    CulvertProcess.start(
                            host, "exec", "--", "sh", "-c", "read x; echo \"$x!\"; echo oh >&2");
            culvert.type("hello");

            assertEquals(0, culvert.exitStatus());
            assertEquals(List.of("hello!"), culvert.output());
            assertEquals(List.of("oh"), culvert.errors());
        }
    }

    /** Which may have something to tidy up. */
    @Test
    void passesSigtermOnToItsCommand() throws Exception {
        try (Host host = Host.withMounts("host")) {
            CulvertProcess culvert =
                    CulvertProcess.start(
                            host,
                            "exec",
                            "--",
                            "sh",
                            "-c",
                            "trap 'echo tidy; exit 3' TERM; echo up; while read x; do :; done");
            Eventually.equal(List.of("up"), "output", culvert::output);

            culvert.terminate();

            assertEquals(3, culvert.exitStatus(), () -> "" + culvert.errors());
            assertEquals(List.of("up", "tidy"), culvert.output());
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesTcpUdpAndPingToServers(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            asks(topology.server(), topology.gatewayHost(), family, family.server(), List.of());
        }
    }

    /** As an ordinary user has it, who is root in a user namespace of their own alone. */
    @ParameterizedTest
    @EnumSource
    void carriesTcpUdpAndPingWithoutPrivileges(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            // Debian 12 lets everybody ping; here that is group 0, as the only one there may be.
            topology.gatewayHost().namespace().sysctl("net.ipv4.ping_group_range", "0 0");
            asks(topology.server(), topology.gatewayHost(), family, family.server(), ROOTLESS);
        }
    }

    @ParameterizedTest
    @EnumSource
    void reachesTheHostsLoopbackByTheAddressThatStandsForIt(Family family) throws Exception {
        InetAddress loopback = Family.parse(family.isIpv6() ? "::1" : "127.0.0.1");
        InetAddress standsForIt = Family.parse(family.isIpv6() ? "fd00:99::1" : "10.99.0.1");
        try (Host host = Host.withMounts("host");
                TcpServer tcp = TcpServer.on(host, family, loopback, 0, TcpServer.ECHO);
                UdpEcho udp = UdpEcho.on(host, family, loopback)) {
            List<String> arguments =
                    new ArrayList<>(
                            List.of("exec", "--host-loopback", standsForIt.getHostAddress(), "--"));
            arguments.addAll(
                    List.of(
                            Inside.command(
                                    standsForIt,
                                    tcp.address().getPort(),
                                    udp.address().getPort())));
            CulvertProcess culvert = CulvertProcess.start(host, arguments.toArray(String[]::new));

            assertEquals(0, culvert.exitStatus(), () -> "" + culvert.errors());
            assertEquals(List.of("tcp hello", "udp hello", "ping hello"), culvert.output());
        }
    }

    private static void asks(
            Host server, Host host, Family family, InetAddress address, List<String> wrapper)
            throws Exception {
        try (TcpServer tcp = TcpServer.on(server, family, TcpServer.ECHO);
                UdpEcho udp = UdpEcho.on(server, family, address)) {
            List<String> arguments = new ArrayList<>(List.of("exec", "--"));
            arguments.addAll(
                    List.of(
                            Inside.command(
                                    address, tcp.address().getPort(), udp.address().getPort())));
            CulvertProcess culvert =
                    CulvertProcess.startBehind(host, wrapper, arguments.toArray(String[]::new));

            assertEquals(0, culvert.exitStatus(), () -> "" + culvert.errors());
            assertEquals(List.of("tcp hello", "udp hello", "ping hello"), culvert.output());
        }
    }

    /** The host's resolver is on its loopback, as systemd-resolved is. */
    @ParameterizedTest
    @EnumSource
    void resolvesNamesByTheHostsResolver(Family family) throws Exception {
        try (Host host = Host.withMounts("host");
                DnsServer dns = resolver(host)) {
            resolves(family, host, dns, List.of());
        }
    }

    @ParameterizedTest
    @EnumSource
    void resolvesNamesWithoutPrivileges(Family family) throws Exception {
        try (Host host = Host.withMounts("host");
                DnsServer dns = resolver(host)) {
            resolves(family, host, dns, ROOTLESS);
        }
    }

    private DnsServer resolver(Host host) throws IOException {
        host.mount(
                Files.writeString(directory.resolve("resolv.conf"), "nameserver 127.0.0.53\n"),
                Path.of("/etc/resolv.conf").toRealPath());
        return DnsServer.on(host, Family.parse("127.0.0.53"));
    }

    private static void resolves(Family family, Host host, DnsServer dns, List<String> wrapper)
            throws Exception {
        CulvertProcess culvert =
                CulvertProcess.startBehind(
                        host,
                        wrapper,
                        "exec",
                        "--",
                        "getent",
                        family.isIpv6() ? "ahostsv6" : "ahostsv4",
                        "www.culvert.test");

        assertEquals(0, culvert.exitStatus(), () -> "" + culvert.errors());
        String address = family.isIpv6() ? "2001:db8::7" : "192.0.2.7";
        assertTrue(culvert.output().getFirst().startsWith(address), () -> "" + culvert.output());
        assertTrue(dns.asked() > 0);
    }

    /** The first on-ramp's policy holds for the command. */
    @ParameterizedTest
    @EnumSource
    void obeysAConfiguration(Family family) throws Exception {
        Path configuration = directory.resolve("edge.yaml");
        Files.writeString(
                configuration,
                """
                onramps:
                  - { name: branch, type: tun, tenant: acme, device: culv7 }
                policy:
                  default: upgrade
                  rules: [{ name: nothing, protocol: tcp, do: reject }]
                """);
        try (Topology topology = Topology.withoutGateway();
                TcpServer tcp = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            CulvertProcess culvert =
                    CulvertProcess.start(
                            topology.gatewayHost(),
                            "exec",
                            "--config",
                            configuration.toString(),
                            "--",
                            "bash",
                            "-c",
                            "</dev/tcp/%s/%d"
                                    .formatted(
                                            family.server().getHostAddress(),
                                            tcp.address().getPort()));

            assertEquals(1, culvert.exitStatus());
            assertTrue(
                    culvert.errors().toString().contains("Connection refused"),
                    () -> "" + culvert.errors());
            assertEquals(0, tcp.accepted());
        }
    }
}
