package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.control.GatewayStatus;
import io.culvert.linux.Route;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Five thousand flows of each family, of every kind: the log has one opening and one end of each,
 * and what it says they carried is what their clients counted.
 */
@Timeout(300)
class FlowLogAddsUpTest {
    private static final int UDP = 2_400;
    private static final int FORWARDED = 1_000;
    private static final int TCP = 800;
    private static final int RESET = 200;
    private static final int REFUSED_DIALS = 350;
    private static final int TIMED_OUT_DIALS = 100;
    private static final int PINGS = 50;
    private static final int REJECTED = 60;
    private static final int DENIED = 40;
    private static final int OPENED =
            UDP + FORWARDED + TCP + RESET + REFUSED_DIALS + TIMED_OUT_DIALS + PINGS;

    private static final int REJECTED_PORT = 23;
    private static final int DENIED_PORT = 9;
    private static final int CLOSED_PORT = 7;
    private static final int UDP_HEADER = 8;

    private static final String SETTINGS =
            Topology.offRamp("")
                    + """
                    limits: { dial-timeout: 8s }
                    policy:
                      default: upgrade
                      rules:
                        - { name: through, destination: [10.2.0.3/32, "fd00:2::3/128"], protocol: udp,
                            do: forward, via: lan }
                        - { name: no-telnet, protocol: tcp, ports: 23, do: reject }
                        - { name: silence, protocol: udp, ports: 9, do: deny }
                    """;

    @TempDir private Path directory;

    private final List<DatagramChannel> sockets = new ArrayList<>();

    /** Of the payload of TCP, and of the packets of everything else. */
    private final Map<String, Long> up = new HashMap<>();

    private final Map<String, Long> down = new HashMap<>();

    @ParameterizedTest
    @EnumSource
    void everyFlowIsThereOnceWithWhatItCarried(Family family) throws Exception {
        Path log = directory.resolve("flows.jsonl");
        Map<String, Long> page;
        GatewayStatus status;
        try (Telling telling = Telling.open(family, log, SETTINGS)) {
            Topology topology = telling.topology();
            try (TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                    UdpEcho near = UdpEcho.on(topology.server(), family, family.server());
                    UdpEcho far = UdpEcho.on(topology.server(), family, family.secondServer())) {
                datagrams(topology, family, near.address(), UDP, true);
                datagrams(topology, family, far.address(), FORWARDED, false);
                connections(topology, family, server.address());
                refusals(topology, family);
                pings(topology, family);
                timeOuts(topology, family, server.address());
            }
            topology.everyPacketIsAccountedFor();
            status = topology.status();
            page = telling.scrape();
            telling.end();
        } finally {
            for (DatagramChannel socket : sockets) {
                socket.close();
            }
        }
        compare(page, status);
        compare(Files.readAllLines(log).stream().map(new ObjectMapper()::readTree).toList());
    }

    /**
     * @param upgraded of what comes back by a socket the payload counts
     */
    private void datagrams(
            Topology topology, Family family, InetSocketAddress to, int flows, boolean upgraded)
            throws IOException {
        int headers = family.headerLength() + UDP_HEADER;
        for (int i = 0; i < flows; i++) {
            // All stay open: a port that is used again would be the same flow.
            DatagramChannel socket = topology.client().udp(family, family.client(), 0);
            sockets.add(socket);
            String flow = "udp " + text(socket.getLocalAddress()) + " " + text(to);
            for (int j = 0; j <= i % 3; j++) {
                int size = 1 + (i * 7 + j) % 1_400;
                socket.send(ByteBuffer.allocate(size), to);
                socket.receive(ByteBuffer.allocate(size));
                up.merge(flow, (long) size + headers, Long::sum);
                down.merge(flow, (long) size + (upgraded ? 0 : headers), Long::sum);
            }
        }
    }

    private void connections(Topology topology, Family family, InetSocketAddress to)
            throws Exception {
        for (int i = 0; i < TCP + RESET; i++) {
            try (SocketChannel client = topology.client().connect(family, to)) {
                int size = 1 + i * 11 % 5_000;
                new Content(i).send(client, size);
                new Content(i).receive(client, size);
                String flow = "tcp " + text(client.getLocalAddress()) + " " + text(to);
                up.merge(flow, (long) size, Long::sum);
                down.merge(flow, (long) size, Long::sum);
                if (i < RESET) {
                    client.setOption(StandardSocketOptions.SO_LINGER, 0);
                }
            }
        }
    }

    private static void refusals(Topology topology, Family family) throws IOException {
        for (int i = 0; i < REFUSED_DIALS + REJECTED; i++) {
            int port = i < REFUSED_DIALS ? CLOSED_PORT : REJECTED_PORT;
            assertThrows(
                    ConnectException.class,
                    () -> topology.client().connect(family, family.server(port)));
        }
        for (int i = 0; i < DENIED; i++) {
            try (DatagramChannel socket = topology.client().udp(family, null, 0)) {
                socket.send(ByteBuffer.allocate(1), family.server(DENIED_PORT));
            }
        }
    }

    private void pings(Topology topology, Family family) throws IOException {
        for (int i = 0; i < PINGS; i++) {
            try (PingSocket ping = PingSocket.on(topology.client(), family, family.server())) {
                ping.ask(new byte[100 + i]);
                // The kernel chooses the identifier.
                up.merge("icmp", (long) family.headerLength() + 8 + 100 + i, Long::sum);
            }
        }
    }

    private static void timeOuts(Topology topology, Family family, InetSocketAddress to)
            throws Exception {
        topology.server().deadRoute(family.gateway(), Route.Type.BLACKHOLE);
        List<SocketChannel> silent = new ArrayList<>();
        for (int i = 0; i < TIMED_OUT_DIALS; i++) {
            SocketChannel client = topology.client().tcp(family);
            client.configureBlocking(false);
            client.connect(to);
            silent.add(client);
        }
        Eventually.equal(TIMED_OUT_DIALS, "dials", () -> topology.held().dials());
        // Whoever is not told, since answers have a limit, would send its SYN again: another flow.
        for (SocketChannel client : silent) {
            client.close();
        }
        Eventually.equal(0, "dials", () -> topology.held().dials());
        topology.server().removeDeadRoute(family.gateway(), Route.Type.BLACKHOLE);
    }

    private static String text(java.net.SocketAddress address) {
        InetSocketAddress inet = (InetSocketAddress) address;
        String host = inet.getAddress().getHostAddress();
        return host.indexOf(':') < 0
                ? host + ":" + inet.getPort()
                : "["
                        + host.replaceFirst("(:0)+:", "::").replaceFirst("%.*", "")
                        + "]:"
                        + inet.getPort();
    }

    private static void compare(Map<String, Long> page, GatewayStatus status) {
        assertEquals(status.received(), page.get("culvert_packets_received_total"));
        assertEquals(
                status.carried(),
                page.get("culvert_packets_total{direction=\"in\",outcome=\"carried\"}"));
        assertEquals(
                status.answered(),
                page.get("culvert_packets_total{direction=\"in\",outcome=\"answered\"}"));
        assertEquals(
                status.dropped().values().stream().mapToLong(Long::longValue).sum(),
                page.get("culvert_packets_total{direction=\"in\",outcome=\"dropped\"}"));
        assertEquals((long) status.flows(), page.get("culvert_flows"));
        assertEquals(OPENED, sum(page, "culvert_flows_opened_total"));
        assertEquals(
                OPENED - status.flows(), sum(page, "culvert_flows_closed_total"), page::toString);
        assertTrue(page.get("culvert_flows_refused_total{reason=\"POLICY_RULE\"}") >= 100);
        assertEquals((long) status.flows(), page.get("culvert_tenant_flows{tenant=\"acme\"}"));
    }

    private static long sum(Map<String, Long> page, String series) {
        return page.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(series + "{"))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    private void compare(List<JsonNode> lines) {
        Map<Long, JsonNode> open = new HashMap<>();
        Map<Long, JsonNode> close = new HashMap<>();
        Set<String> starts = new HashSet<>();
        Map<String, Integer> refused = new TreeMap<>();
        for (JsonNode line : lines) {
            starts.add(line.path("start").asString());
            long id = line.path("id").asLong(-1);
            switch (line.path("record").asString()) {
                case "open" -> assertEquals(null, open.put(id, line));
                case "close" -> assertEquals(null, close.put(id, line));
                case "refused" ->
                        refused.merge(line.path("decided_by").asString(), 1, Integer::sum);
                default -> assertEquals("lost", line.path("record").asString());
            }
        }
        assertEquals(1, starts.size());
        assertEquals(open.keySet(), close.keySet());
        assertEquals(OPENED, open.size());
        assertEquals(Map.of("no-telnet", REJECTED, "silence", DENIED), refused);

        Map<String, Integer> reasons = new TreeMap<>();
        Map<String, Long> loggedUp = new HashMap<>();
        Map<String, Long> loggedDown = new HashMap<>();
        for (JsonNode line : close.values()) {
            reasons.merge(line.path("reason").asString(), 1, Integer::sum);
            String protocol = line.path("protocol").asString();
            if (protocol.startsWith("icmp")) {
                loggedUp.merge("icmp", line.path("bytes_up").asLong(), Long::sum);
            } else if (!protocol.equals("tcp") || line.has("relay")) {
                String flow =
                        protocol
                                + " "
                                + line.path("initiator").asString()
                                + " "
                                + line.path("target").asString();
                JsonNode bytes = line.has("relay") ? line.path("relay") : line;
                loggedUp.merge(flow, bytes.path("bytes_up").asLong(), Long::sum);
                loggedDown.merge(flow, bytes.path("bytes_down").asLong(), Long::sum);
            }
        }
        assertEquals(
                new TreeMap<>(
                        Map.of(
                                "SHUTDOWN", UDP + FORWARDED + PINGS,
                                "FINISHED", TCP,
                                "RESET_BY_INITIATOR", RESET,
                                "DIAL_REFUSED", REFUSED_DIALS,
                                "DIAL_TIMEOUT", TIMED_OUT_DIALS)),
                reasons);
        assertEquals(up, loggedUp);
        assertEquals(down, loggedDown);
    }
}
