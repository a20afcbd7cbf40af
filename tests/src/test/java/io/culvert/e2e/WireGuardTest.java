package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Peers of WireGuard in hosts of their own, whose other ends on the gateway's host Culvert
 * captures. The commands are those of {@code docs/wireguard.md}, the configuration is the
 * example's, the programs are Debian's.
 *
 * <pre>
 *   peers                        gateway's host                             server
 *   wg0 10.50.0.2  fd00:50::2    wg0 of acme, wg1 of globex    outside ---- 198.51.100.10
 *       10.50.0.3  fd00:50::3                                               2001:db8:100::10
 * </pre>
 */
@Tag("abuse")
@Timeout(300)
class WireGuardTest {
    private static final Pattern BLOCK = Pattern.compile("(?s)\n```sh\n(.*?)```");
    private static final int HTTP = 8_080;
    private static final int BYTES = 20_000_000;

    @TempDir private Path directory;

    /** Of the page, in its order: a key; the gateway's interface; the peer's. */
    private List<String> commands;

    @BeforeEach
    void readThePage() throws IOException {
        String page = Files.readString(CulvertProcess.top().resolve("docs/wireguard.md"));
        commands = BLOCK.matcher(page).results().map(block -> block.group(1)).toList();
        assertEquals(3, commands.size(), "blocks of commands");
    }

    /** Who is behind an interface of the gateway's. */
    private enum Tenant {
        ACME("wg0", 51_820),
        GLOBEX("wg1", 51_821);

        private final String device;
        private final int port;

        Tenant(String device, int port) {
            this.device = device;
            this.port = port;
        }
    }

    private static InetAddress target(Family family) {
        return Family.parse(family.isIpv6() ? "2001:db8:100::10" : "198.51.100.10");
    }

    /** Of the peer with that number, from 2. */
    private static InetAddress peer(Family family, int number) {
        return Family.parse((family.isIpv6() ? "fd00:50::" : "10.50.0.") + number);
    }

    /** The gateway's host, and whatever is made for it. */
    private final class Net implements AutoCloseable {
        private final Topology topology = Topology.withoutGateway();
        private final List<Host> hosts = new ArrayList<>();
        private final List<CulvertProcess> processes = new ArrayList<>();

        Net(int filter) throws IOException {
            for (String name : List.of("all", "default", Topology.OUTSIDE)) {
                gateway()
                        .namespace()
                        .sysctl("net/ipv4/conf/" + name + "/rp_filter", Integer.toString(filter));
            }
            isolate(gateway());
            for (Family family : Family.values()) {
                int length = family.isIpv6() ? 64 : 24;
                topology.server().address(Topology.SERVERS_DEVICE, target(family), length);
                InetAddress network =
                        Family.parse(family.isIpv6() ? "2001:db8:100::" : "198.51.100.0");
                gateway().route(network, length, Topology.OUTSIDE, family.server());
            }
        }

        Host gateway() {
            return topology.gatewayHost();
        }

        Host server() {
            return topology.server();
        }

        /** WireGuard's processes are asked at sockets under /run, by the names of interfaces. */
        private void isolate(Host host) throws IOException {
            host.mount(Files.createDirectory(directory.resolve("run " + host)), Path.of("/run"));
        }

        void startCulvert() throws Exception {
            CulvertProcess culvert =
                    CulvertProcess.start(
                            gateway(),
                            "run",
                            "--control",
                            directory.resolve("control.sock").toString(),
                            CulvertProcess.top().resolve("examples/wireguard.yaml").toString());
            processes.add(culvert.awaitReady());
        }

        /** The gateway's end for a tenant. */
        CulvertProcess open(Tenant tenant) throws Exception {
            return wireguard(gateway(), tenant.device);
        }

        private CulvertProcess wireguard(Host host, String device) throws Exception {
            CulvertProcess process = Tool.WIREGUARD_GO.start(host, "-f", device);
            processes.add(process);
            Eventually.holds(
                    device + " is there", () -> Tool.WG.run(host, "show", device).status() == 0);
            return process;
        }

        /** A peer of a tenant's, joined to the gateway's host by a cable of that number. */
        Host join(Tenant tenant, int number, int cable) throws Exception {
            Host peer = Host.withMounts(tenant + " " + number);
            hosts.add(peer);
            isolate(peer);
            Host.cable(peer, "up", gateway(), "wan" + cable);
            peer.address("up", Family.parse("192.168.5" + cable + ".2"), 24);
            gateway().address("wan" + cable, Family.parse("192.168.5" + cable + ".1"), 24);
            wireguard(peer, "wg0");
            String peersKey = key(peer, "wg0");
            String key = key(gateway(), tenant.device);
            admit(tenant, number, peersKey);
            shell(
                    peer,
                    of(tenant, number, commands.get(2)),
                    "KEY=" + key,
                    "GATEWAY=192.168.5" + cable + ".1");
            return peer;
        }

        /** What is typed on the gateway for a peer. */
        void admit(Tenant tenant, int number, String peersKey) throws Exception {
            String script =
                    commands.get(1)
                            .lines()
                            .filter(line -> !line.startsWith("culvert run"))
                            .collect(Collectors.joining("\n"));
            shell(
                    gateway(),
                    of(tenant, number, script).replace("wg0", tenant.device),
                    "PEER=" + peersKey);
        }

        private String of(Tenant tenant, int number, String script) {
            return script.replace("10.50.0.2", "10.50.0." + number)
                    .replace("fd00:50::2", "fd00:50::" + number)
                    .replace("51820", Integer.toString(tenant.port));
        }

        /** The public one of an interface, which is made once. */
        String key(Host host, String device) throws Exception {
            String script = commands.get(0).replace("wg0", device);
            if (Files.exists(place(host).resolve(device + ".key"))) {
                script =
                        script.lines()
                                .filter(line -> line.startsWith("wg pubkey"))
                                .findFirst()
                                .orElseThrow();
            }
            return shell(host, script).getLast();
        }

        private Path place(Host host) throws IOException {
            return Files.createDirectories(directory.resolve("files of " + host));
        }

        private List<String> shell(Host host, String script, String... variables) throws Exception {
            StringBuilder whole = new StringBuilder("set -eu\ncd '" + place(host) + "'\n");
            for (String variable : variables) {
                whole.append(variable).append('\n');
            }
            Tool.Result result = Tool.SHELL.run(host, "-c", whole + script);
            assertEquals(0, result.status(), () -> script + result);
            return result.output();
        }

        @Override
        public void close() throws IOException {
            for (CulvertProcess process : processes.reversed()) {
                process.close();
            }
            topology.close();
            hosts.forEach(Host::close);
        }
    }

    /** Serves one content to everybody who asks by HTTP. */
    private static TcpServer http(Host host, Family family, InetAddress address, int content)
            throws IOException {
        byte[] head =
                ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + BYTES + "\r\n\r\n")
                        .getBytes(US_ASCII);
        return TcpServer.on(
                host,
                family,
                address,
                HTTP,
                connection -> {
                    connection.read(ByteBuffer.allocate(10_000));
                    connection.write(ByteBuffer.wrap(head));
                    new Content(content).send(connection, BYTES);
                });
    }

    private byte[] curl(Host host, Family family, InetAddress address) throws Exception {
        Path file = directory.resolve("download");
        String literal =
                family.isIpv6() ? "[" + address.getHostAddress() + "]" : address.getHostAddress();
        Tool.CURL.succeeds(
                host,
                "-sS",
                "-g",
                "--max-time",
                "60",
                "-o",
                file.toString(),
                "http://" + literal + ":" + HTTP + "/");
        return Files.readAllBytes(file);
    }

    private static boolean pings(Host host, InetAddress address) throws Exception {
        return Tool.PING
                .run(host, "-n", "-c3", "-i0.2", "-W5", address.getHostAddress())
                .says(" 0% packet loss");
    }

    @ParameterizedTest
    @CsvSource({"IPV4, 1", "IPV4, 2", "IPV6, 1"})
    void carriesCurlPingAndIperf(Family family, int filter) throws Exception {
        try (Net net = new Net(filter)) {
            net.startCulvert();
            net.open(Tenant.ACME);
            Host peer = net.join(Tenant.ACME, 2, 1);
            try (TcpServer server = http(net.server(), family, target(family), 1)) {
                assertArrayEquals(new Content(1).bytes(BYTES), curl(peer, family, target(family)));
                assertEquals(List.of(), server.failures());
            }
            assertTrue(pings(peer, target(family)));
            for (List<String> options :
                    List.of(
                            List.of("-n100M"),
                            List.of("-n100M", "-R"),
                            List.of("-u", "-b10M", "-l1200", "-n2M"),
                            List.of("-u", "-b10M", "-l1200", "-n2M", "-R"))) {
                long wanted = options.contains("-u") ? 2 << 20 : 100 << 20;
                long received = iperf(net.server(), peer, target(family), options);
                assertTrue(received >= 0.8 * wanted, options + ": " + received + " bytes");
            }
        }
    }

    private static long iperf(Host at, Host from, InetAddress address, List<String> options)
            throws Exception {
        String text = address.getHostAddress();
        try (CulvertProcess server = Tool.IPERF.start(at, "-s", "-1", "--forceflush", "-B", text)) {
            Eventually.holds(
                    "iperf3 listens",
                    () -> server.output().stream().anyMatch(line -> line.contains("listening")));
            List<String> arguments = new ArrayList<>(List.of("-J", "-c", text));
            arguments.addAll(options);
            Tool.Result result = Tool.IPERF.run(from, arguments.toArray(String[]::new));
            assertEquals(0, result.status(), result::toString);
            JsonNode end =
                    new ObjectMapper().readTree(String.join("\n", result.output())).path("end");
            return end.path("sum_received").path("bytes").asLong(0);
        }
    }

    /** Four peers with two addresses. */
    @ParameterizedTest
    @EnumSource
    void joinsPeersOfOneTenantAndNeverThoseOfTwo(Family family) throws Exception {
        try (Net net = new Net(1)) {
            net.open(Tenant.ACME);
            net.open(Tenant.GLOBEX);
            Host ann = net.join(Tenant.ACME, 2, 1);
            Host bob = net.join(Tenant.ACME, 3, 2);
            Host carl = net.join(Tenant.GLOBEX, 2, 3);
            Host dora = net.join(Tenant.GLOBEX, 3, 4);
            Host eve = net.join(Tenant.GLOBEX, 4, 5);
            net.startCulvert();
            InetAddress there = peer(family, 3);
            try (TcpServer bobs = http(bob, family, there, 1);
                    TcpServer doras = http(dora, family, there, 2);
                    TcpServer eves = http(eve, family, peer(family, 4), 3)) {
                for (int i = 0; i < 3; i++) {
                    assertArrayEquals(new Content(1).bytes(BYTES), curl(ann, family, there));
                    assertArrayEquals(new Content(2).bytes(BYTES), curl(carl, family, there));
                }
                assertEquals(3, bobs.accepted());
                assertEquals(3, doras.accepted());

                assertTrue(pings(carl, peer(family, 4)));
                assertTrue(
                        Tool.PING
                                .run(
                                        ann,
                                        "-n",
                                        "-c3",
                                        "-i0.2",
                                        "-W2",
                                        peer(family, 4).getHostAddress())
                                .says("100% packet loss"));
                Tool.Result refused =
                        Tool.CURL.run(
                                ann,
                                "-sS",
                                "-g",
                                "--max-time",
                                "3",
                                "http://"
                                        + (family.isIpv6() ? "[fd00:50::4]" : "10.50.0.4")
                                        + ":"
                                        + HTTP
                                        + "/");
                assertTrue(refused.status() != 0, refused::toString);
                assertEquals(0, eves.accepted());
            }
        }
    }

    /** As by a restart of what keeps it: the same key, the same peer. */
    @ParameterizedTest
    @EnumSource
    void goesOnWithAnInterfaceThatWasMadeAgain(Family family) throws Exception {
        try (Net net = new Net(1)) {
            net.startCulvert();
            CulvertProcess end = net.open(Tenant.ACME);
            Host peer = net.join(Tenant.ACME, 2, 1);
            assertTrue(pings(peer, target(family)));

            end.close();
            Eventually.equal(false, "wg0", () -> net.gateway().link("wg0").isPresent());
            net.open(Tenant.ACME);
            net.admit(Tenant.ACME, 2, net.key(peer, "wg0"));

            Eventually.holds(
                    "a reply, once the peers have shaken hands again",
                    Duration.ofMinutes(1),
                    () -> pings(peer, target(family)));
        }
    }
}
