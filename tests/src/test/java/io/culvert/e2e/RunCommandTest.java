package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.control.ControlClient;
import io.culvert.linux.Route;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code culvert run} as a process: its signals, its output, and what it leaves behind. */
@Timeout(60)
class RunCommandTest {
    @TempDir private Path directory;

    private Path control;
    private Path configuration;

    @BeforeEach
    void placeFiles() {
        control = directory.resolve("control.sock");
        configuration = directory.resolve("edge.yaml");
    }

    private CulvertProcess run(Topology topology, String drain) throws Exception {
        Files.writeString(
                configuration,
                topology.onRamps(1500, "acme")
                        + Topology.UPGRADE_ALL
                        + "limits: { drain: %s }\n".formatted(drain));
        CulvertProcess culvert =
                CulvertProcess.start(
                        topology.gatewayHost(),
                        "run",
                        "--control",
                        control.toString(),
                        configuration.toString());
        culvert.awaitReady();
        topology.routeClients();
        return culvert;
    }

    private JsonNode status() throws IOException {
        return new ObjectMapper().readTree(ControlClient.ask(control, "status").getFirst());
    }

    /** One server for each version of IP: a program takes its time to start, and serves both. */
    private record Servers(TcpServer ipv4, TcpServer ipv6) implements AutoCloseable {
        static Servers on(Topology topology, TcpServer.Service service) throws IOException {
            return new Servers(
                    TcpServer.on(topology.server(), Family.IPV4, service),
                    TcpServer.on(topology.server(), Family.IPV6, service));
        }

        InetSocketAddress address(Family family) throws IOException {
            return (family.isIpv6() ? ipv6 : ipv4).address();
        }

        SocketChannel connect(Topology topology, Family family) throws IOException {
            return topology.client().connect(family, address(family));
        }

        /** What is sent to each comes back. */
        void exchange(Topology topology) throws IOException {
            for (Family family : Family.values()) {
                try (SocketChannel client = connect(topology, family)) {
                    exchangeAll(client);
                }
            }
        }

        @Override
        public void close() throws IOException {
            ipv4.close();
            ipv6.close();
        }
    }

    private static void exchangeAll(SocketChannel client) throws IOException {
        new Content(1).send(client, 100_000);
        client.shutdownOutput();
        new Content(1).receiveAll(client, 100_000);
    }

    @Test
    void saysReadyAndNothingElseAndCarriesTraffic() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Servers servers = Servers.on(topology, TcpServer.ECHO);
                CulvertProcess culvert = run(topology, "5s")) {
            servers.exchange(topology);

            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(control)));
            culvert.terminate();
            assertEquals(0, culvert.exitStatus(), () -> "" + culvert.errors());
            assertEquals(List.of("ready"), culvert.output());
        }
    }

    @ParameterizedTest
    @EnumSource
    void showsItsFlows(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                UdpEcho udp = UdpEcho.on(topology.server(), family, family.server());
                CulvertProcess culvert = run(topology, "1s");
                SocketChannel client = topology.client().connect(family, server.address());
                DatagramChannel datagrams = topology.client().udp(family, null, 0)) {
            new Content(1).send(client, 10_000);
            new Content(1).receive(client, 10_000);
            datagrams.send(ByteBuffer.allocate(100), udp.address());
            datagrams.receive(ByteBuffer.allocate(100));

            JsonNode flows = flows(topology);
            assertEquals(2, flows.size());
            JsonNode tcp = named(flows, "tcp");
            assertEquals("acme", tcp.path("tenant").asString());
            assertEquals(text(client.getLocalAddress()), tcp.path("initiator").asString());
            assertEquals(text(server.address()), tcp.path("target").asString());
            assertEquals("relaying", tcp.path("state").asString());
            assertEquals("upgrade", tcp.path("action").asString());
            assertEquals("socket", tcp.path("via").asString());
            assertEquals("default", tcp.path("decided_by").asString());
            assertTrue(tcp.path("bytes_up").asLong() > 10_000, tcp::toString);
            assertTrue(tcp.path("bytes_down").asLong() > 10_000, tcp::toString);
            JsonNode echo = named(flows, "udp");
            assertEquals(1, echo.path("packets_up").asLong());
            assertEquals(1, echo.path("packets_down").asLong());
            assertEquals(text(udp.address()), echo.path("target").asString());

            CulvertProcess table = flowsCommand(topology);
            assertEquals(0, table.exitStatus());
            assertEquals("2 flows", table.output().getLast());
            assertEquals(4, table.output().size());
            assertTrue(culvert.isAlive());
        }
    }

    private JsonNode flows(Topology topology) throws Exception {
        CulvertProcess command = flowsCommand(topology, "--json");
        assertEquals(0, command.exitStatus(), () -> "" + command.errors());
        return new ObjectMapper().readTree(String.join("\n", command.output()));
    }

    private CulvertProcess flowsCommand(Topology topology, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("flows", "--control", control.toString()));
        arguments.addAll(List.of(options));
        return CulvertProcess.start(topology.gatewayHost(), arguments.toArray(String[]::new));
    }

    private static JsonNode named(JsonNode flows, String protocol) {
        return flows.valueStream()
                .filter(flow -> flow.path("protocol").asString().equals(protocol))
                .findFirst()
                .orElseThrow();
    }

    /** As RFC 5952 writes addresses. */
    private static String text(SocketAddress address) {
        InetSocketAddress inet = (InetSocketAddress) address;
        String host = inet.getAddress().getHostAddress();
        return host.indexOf(':') < 0
                ? host + ":" + inet.getPort()
                : "["
                        + host.replaceFirst("(:0)+:", "::").replaceFirst("%.*", "")
                        + "]:"
                        + inet.getPort();
    }

    @Test
    void letsConnectionsEndAfterSigterm() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Servers servers = Servers.on(topology, TcpServer.ECHO);
                CulvertProcess culvert = run(topology, "30s")) {
            try (SocketChannel ipv4 = servers.connect(topology, Family.IPV4);
                    SocketChannel ipv6 = servers.connect(topology, Family.IPV6)) {
                culvert.terminate();
                awaitDraining(topology, Family.IPV4);

                exchangeAll(ipv4);
                exchangeAll(ipv6);
            }
            assertEquals(
                    0, culvert.exitStatus(Duration.ofSeconds(10)), () -> "" + culvert.errors());
        }
    }

    @Test
    void endsUnderLoadOnceItHasDrainedAndLeavesNothing() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            List<String> before = surroundings(topology);
            try (Servers servers =
                            Servers.on(topology, c -> new Content(1).send(c, Long.MAX_VALUE));
                    CulvertProcess culvert = run(topology, "2s")) {
                List<SocketChannel> clients = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    SocketChannel client = servers.connect(topology, Family.values()[i % 2]);
                    clients.add(client);
                    Thread.ofVirtual().start(() -> readForEver(client));
                }
                long start = System.nanoTime();
                culvert.terminate();

                assertEquals(
                        0, culvert.exitStatus(Eventually.PATIENCE), () -> "" + culvert.errors());
                long millis = (System.nanoTime() - start) / 1_000_000;
                assertTrue(millis >= 1_000, "did not drain, ended after " + millis + " ms");
                assertEquals(0, culvert.handle().descendants().count());
                assertFalse(Files.exists(control));
                for (SocketChannel client : clients) {
                    client.close();
                }
            }
            assertEquals(before, surroundings(topology));
        }
    }

    private static void readForEver(SocketChannel channel) {
        ByteBuffer buffer = ByteBuffer.allocate(65_536);
        try {
            while (channel.read(buffer.clear()) >= 0) {
                // Load.
            }
        } catch (IOException reset) {
            // The gateway has ended.
        }
    }

    /**
     * Devices, routes and rules of the client's and the gateway's hosts, but for routes of IPv6
     * outside the main table, which the kernel makes for devices in its own time.
     */
    private static List<String> surroundings(Topology topology) throws IOException {
        List<String> all = new ArrayList<>();
        for (Host host : List.of(topology.client(), topology.gatewayHost())) {
            host.call(
                    rtnetlink -> {
                        rtnetlink.links().forEach(link -> all.add(host + " " + link.name()));
                        for (boolean ipv6 : new boolean[] {false, true}) {
                            rtnetlink.routes(ipv6).stream()
                                    .filter(route -> !ipv6 || isMeant(route))
                                    .forEach(route -> all.add(host + " " + route));
                            rtnetlink.rules(ipv6).forEach(rule -> all.add(host + " " + rule));
                        }
                    });
        }
        return all;
    }

    /** Neither of the local table nor a device's own link-local or multicast prefix. */
    private static boolean isMeant(Route route) {
        return route.table() == Route.MAIN_TABLE
                && !route.destination().isLinkLocalAddress()
                && !route.destination().isMulticastAddress();
    }

    @Test
    void endsAtOnceAtASecondSigterm() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Servers servers = Servers.on(topology, TcpServer.ECHO);
                CulvertProcess culvert = run(topology, "50s");
                SocketChannel ipv4 = servers.connect(topology, Family.IPV4);
                SocketChannel ipv6 = servers.connect(topology, Family.IPV6)) {
            culvert.terminate();
            awaitDraining(topology, Family.IPV6);
            assertTrue(culvert.isAlive() && ipv4.isConnected() && ipv6.isConnected());

            culvert.terminate();

            // Less than what draining would have taken.
            assertEquals(
                    0, culvert.exitStatus(Duration.ofSeconds(30)), () -> "" + culvert.errors());
        }
    }

    /** New flows are refused from then on. */
    private void awaitDraining(Topology topology, Family family) throws Exception {
        try (PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            Eventually.holds(
                    "draining",
                    () -> {
                        ramp.send(packet.tcp(9, 9, 1, 0, RawPacket.SYN));
                        return status().path("dropped").has("SHUTDOWN");
                    });
        }
    }

    @Test
    void startsAgainAfterSigkill() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Servers servers = Servers.on(topology, TcpServer.ECHO)) {
            try (CulvertProcess killed = run(topology, "1s");
                    SocketChannel ipv4 = servers.connect(topology, Family.IPV4);
                    SocketChannel ipv6 = servers.connect(topology, Family.IPV6)) {
                assertTrue(ipv4.isConnected() && ipv6.isConnected());
                killed.kill();
                assertTrue(Files.exists(control), "what a crash leaves");
                Eventually.holds(
                        "the device is gone",
                        () -> topology.client().link(Topology.DEVICE).isEmpty());
            }
            try (CulvertProcess culvert = run(topology, "1s")) {
                servers.exchange(topology);
                culvert.terminate();
                assertEquals(0, culvert.exitStatus());
                assertFalse(Files.exists(control));
            }
        }
    }

    /** Whoever holds the control socket open keeps nobody waiting, and no end. */
    @Test
    void doesNotWaitForASilentControlClient() throws Exception {
        try (Topology topology = Topology.withoutGateway();
                CulvertProcess culvert = run(topology, "1s");
                SocketChannel silent = SocketChannel.open(UnixDomainSocketAddress.of(control))) {
            assertTrue(silent.isConnected());
            assertEquals(0, flows(topology).size());
            culvert.terminate();
            assertEquals(0, culvert.exitStatus(Duration.ofSeconds(10)));
        }
    }

    @Test
    void answersFlowsOfNoGatewayWithASentence() throws Exception {
        try (Topology topology = Topology.withoutGateway()) {
            CulvertProcess command = flowsCommand(topology);
            assertEquals(1, command.exitStatus());
            assertEquals(1, command.errors().size());
            assertTrue(command.errors().getFirst().startsWith("culvert: no gateway"));
        }
    }
}
