package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.linux.Conntrack;
import io.culvert.linux.NftTable;
import io.culvert.linux.Nftables;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** What is done to a host whose address is shared is undone, however the gateway ends. */
@Timeout(60)
class SharedAddressEndTest {
    private static final String RESERVED = "net.ipv4.ip_local_reserved_ports";
    private static final Path RESERVED_FILE = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");
    private static final byte[] PAYLOAD = new byte[10];

    /** An operator's: one outside the range, some inside, some of which it begins in the middle. */
    private static final String BEFORE = "8080,19990-20009,25000";

    private static final Set<InetAddress> STAND_INS =
            Set.of(Family.parse("192.0.0.32"), Family.parse("fd00:c0:1::1:0"));

    @TempDir private Path directory;

    /** What can be seen of a gateway on its host. */
    private record Traces(String reserved, List<String> tables, int standInRoutes) {}

    @ParameterizedTest
    @EnumSource
    void leavesNothingBehind(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            Host host = topology.gatewayHost();
            host.namespace().sysctl(RESERVED, BEFORE);
            Traces before = traces(host);
            topology.startSharing("");
            exchange(client, echo);
            assertEquals("8080,19990-" + Topology.LAST_PORT, traces(host).reserved());
            assertEquals(
                    List.of("culvert-nat-culv-lan", "culvert-ports-culv-lan"),
                    traces(host).tables());
            assertEquals(2, traces(host).standInRoutes());

            topology.gateway().close();

            assertEquals(before, traces(host));
            assertEquals(0, connections(host));
        }
    }

    /** As by a firewall that begins with {@code flush ruleset}. */
    @Test
    void givesPortsBackThoughItsNoteIsGone() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            Host host = topology.gatewayHost();
            host.namespace().sysctl(RESERVED, BEFORE);
            Traces before = traces(host);
            topology.startSharing("");
            try (Nftables others = host.namespace().call(Nftables::new)) {
                others.delete("culvert-ports-culv-lan");
            }

            topology.gateway().close();

            assertEquals(before, traces(host));
        }
    }

    @ParameterizedTest
    @EnumSource
    void cleansUpAfterOneThatWasKilled(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            Host host = topology.gatewayHost();
            host.forwards();
            host.namespace().sysctl(RESERVED, BEFORE);
            Traces before = traces(host);
            try (CulvertProcess killed = run(topology).awaitReady()) {
                topology.routeClients();
                exchange(client, echo);
                killed.kill();
            }
            // The kernel may be taking the devices away still.
            Eventually.equal(0, "routes", () -> traces(host).standInRoutes());
            assertEquals(List.of("culvert-ports-culv-lan"), traces(host).tables());

            try (CulvertProcess next = run(topology).awaitReady()) {
                topology.routeClients();
                echo.sources().clear();
                exchange(client, echo);
                InetSocketAddress source = (InetSocketAddress) echo.sources().iterator().next();
                assertEquals(family.gateway(), source.getAddress());
                next.terminate();
                assertEquals(0, next.exitStatus(), () -> "" + next.errors());
            }
            assertEquals(before, traces(host));
            assertEquals(0, connections(host));
        }
    }

    /** The second shares nothing; that it has an off-ramp of the type is enough. */
    @Test
    void givesBackWhatAnotherHasLeftThatSharesNothingItself() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            Host host = topology.gatewayHost();
            host.namespace().sysctl(RESERVED, BEFORE);
            try (CulvertProcess killed = run(topology).awaitReady()) {
                killed.kill();
            }
            Eventually.equal(0, "devices", () -> host.link(Topology.OFF_RAMP).isPresent() ? 1 : 0);
            Eventually.equal(
                    0,
                    "devices",
                    () -> topology.client().link(Topology.DEVICE).isPresent() ? 1 : 0);

            topology.start(
                    topology.onRamps(1500, "acme") + Topology.offRamp("") + Topology.FORWARD_ALL,
                    FlowListener.NONE);

            assertEquals(BEFORE, traces(host).reserved());
            assertEquals(List.of(), traces(host).tables());
        }
    }

    /** Each has ports of the range that the other one has, and the last one gives them back. */
    @Test
    void keepsPortsReservedThatAnotherGatewayHasToo() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Host other = Host.named("other")) {
            Host host = topology.gatewayHost();
            host.address(Topology.OUTSIDE, InetAddress.getByName("10.2.0.9"), 24);
            topology.startSharing("");
            Path configuration = directory.resolve("other.yaml");
            Files.writeString(
                    configuration,
                    """
                    onramps:
                      - { name: a, type: tun, tenant: a, device: culv7, netns: %s }
                    offramps:
                      - { name: o, type: device, device: culv8, addresses: 10.2.0.9, ports: 25000-34999 }
                    policy: { default: forward }
                    """
                            .formatted(other.path()));
            try (CulvertProcess culvert = start(host, configuration).awaitReady()) {
                assertEquals("20000-34999", traces(host).reserved());

                topology.gateway().close();

                assertEquals("25000-34999", traces(host).reserved());
                culvert.terminate();
                assertEquals(0, culvert.exitStatus(), () -> "" + culvert.errors());
            }
            assertEquals("", traces(host).reserved());
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotStartWhereAServiceOfTheHostHasAPortOfTheRange(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            Host host = topology.gatewayHost();
            Traces before = traces(host);
            for (InetAddress address : List.of(family.any(), family.gateway())) {
                try (ServerSocketChannel service = host.listen(family, address, 25_000)) {
                    assertTrue(service.isOpen());
                    refuses(topology, "tcp port 25000");
                }
                try (DatagramChannel service = host.udp(family, address, 25_001)) {
                    assertTrue(service.isOpen());
                    refuses(topology, "udp port 25001");
                }
            }
            Eventually.equal(before, "traces", () -> traces(host));
        }
    }

    private void refuses(Topology topology, String... words) throws Exception {
        try (CulvertProcess culvert = run(topology)) {
            assertEquals(1, culvert.exitStatus());
            String sentence = String.join("\n", culvert.errors());
            assertEquals(1, culvert.errors().size(), sentence);
            for (String word : words) {
                assertTrue(sentence.contains(word), sentence);
            }
        }
    }

    @Test
    void wantsToBeToldWhichPortsOfTheHostItMayHave() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            Path configuration = directory.resolve("edge.yaml");
            Files.writeString(
                    configuration,
                    topology.onRamps(1500, "acme")
                            + "offramps: [{ name: lan, type: device, device: culv-lan,"
                            + " addresses: 10.2.0.1 }]\n");
            try (CulvertProcess culvert = start(topology.gatewayHost(), configuration)) {
                assertEquals(1, culvert.exitStatus());
                String sentence = String.join("\n", culvert.errors());
                assertTrue(sentence.contains("off-ramp lan (line 9): 10.2.0.1"), sentence);
                assertTrue(sentence.contains("ports: 40000-49999"), sentence);
                assertEquals(1, culvert.errors().size(), sentence);
            }
        }
    }

    /** Its packets can be led to one device alone. */
    @Test
    void givesAnAddressThatIsNotTheHostsToOneOffRampAlone() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            String offRamp =
                    "  - { name: %s, type: device, device: culv-%s, addresses: 10.5.0.1, ports: %s"
                            + " }\n";
            Path configuration = directory.resolve("edge.yaml");
            Files.writeString(
                    configuration,
                    topology.onRamps(1500, "acme")
                            + "offramps:\n"
                            + offRamp.formatted("one", "one", "20000-29999")
                            + offRamp.formatted("two", "two", "30000-39999"));
            try (CulvertProcess culvert = start(topology.gatewayHost(), configuration)) {
                assertEquals(1, culvert.exitStatus());
                String sentence = String.join("\n", culvert.errors());
                assertTrue(sentence.contains("off-ramp two (line 11): 10.5.0.1"), sentence);
            }
        }
    }

    /** The configuration is right; what the host lacks is not the file's. */
    @Test
    void saysWhatItTakesToShareAnAddress() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess check =
                        CulvertProcess.start(
                                topology.gatewayHost(),
                                "check",
                                configuration(topology).toString())) {
            assertEquals(0, check.exitStatus(), () -> "" + check.errors());
            List<String> wrapper = List.of("setpriv", "--bounding-set", "-net_admin", "--");
            try (CulvertProcess culvert =
                    CulvertProcess.startBehind(
                            topology.gatewayHost(),
                            wrapper,
                            "run",
                            "--control",
                            directory.resolve("control.sock").toString(),
                            configuration(topology).toString())) {
                assertEquals(1, culvert.exitStatus());
                assertTrue(
                        String.join("\n", culvert.errors()).contains("not permitted"),
                        () -> "" + culvert.errors());
            }
        }
    }

    private CulvertProcess run(Topology topology) throws IOException {
        return start(topology.gatewayHost(), configuration(topology));
    }

    private Path configuration(Topology topology) throws IOException {
        return Files.writeString(
                directory.resolve("edge.yaml"),
                topology.onRamps(1500, "acme")
                        + Topology.sharedOffRamp("")
                        + Topology.FORWARD_ALL
                        + "limits: { drain: 0s }\n");
    }

    private CulvertProcess start(Host host, Path configuration) throws IOException {
        return CulvertProcess.start(
                host,
                "run",
                "--control",
                directory.resolve("control.sock").toString(),
                configuration.toString());
    }

    private static void exchange(DatagramChannel client, UdpEcho echo) throws IOException {
        client.send(ByteBuffer.wrap(PAYLOAD), echo.address());
        ByteBuffer answer = ByteBuffer.allocate(100);
        client.receive(answer);
        assertArrayEquals(PAYLOAD, Arrays.copyOf(answer.array(), answer.position()));
    }

    private static Traces traces(Host host) throws IOException {
        return host.namespace()
                .call(
                        () -> {
                            try (Nftables nftables = new Nftables();
                                    Rtnetlink rtnetlink = new Rtnetlink()) {
                                return new Traces(
                                        reserved(),
                                        nftables.tables().stream()
                                                .map(NftTable::name)
                                                .sorted()
                                                .toList(),
                                        standInRoutes(rtnetlink));
                            }
                        });
    }

    /** The kernel gives all of it in one read, and nothing in a second one. */
    private static String reserved() throws IOException {
        byte[] list = new byte[4_096];
        try (InputStream setting = Files.newInputStream(RESERVED_FILE)) {
            return new String(list, 0, setting.read(list), StandardCharsets.US_ASCII).strip();
        }
    }

    private static int standInRoutes(Rtnetlink rtnetlink) throws IOException {
        List<Route> routes = new ArrayList<>(rtnetlink.routes(false));
        routes.addAll(rtnetlink.routes(true));
        routes.removeIf(route -> !STAND_INS.contains(route.destination()));
        return routes.size();
    }

    /** Those that the kernel still tracks; it then does no more. */
    private static int connections(Host host) throws IOException {
        return host.namespace()
                .call(
                        () -> {
                            try (Conntrack conntrack = new Conntrack()) {
                                return conntrack.forget(STAND_INS);
                            }
                        });
    }
}
