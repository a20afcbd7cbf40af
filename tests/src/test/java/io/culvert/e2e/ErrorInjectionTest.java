package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Row 11: ICMP errors of somebody who is not on the way. A million, with ports and sequence numbers
 * guessed, and a million more with the right ports: no flow ends, no path MTU changes, and nothing
 * of them comes through.
 */
@Tag("abuse")
@Timeout(300)
class ErrorInjectionTest {
    private static final int ERRORS = 1_000_000;
    private static final int CONNECTIONS = 50;
    private static final int LENGTH = 2_000;

    /** Type, code, and the second word, which is or holds an MTU. */
    private static final int[][] OF_IPV4 = {
        {3, 0, 0},
        {3, 1, 0},
        {3, 2, 0},
        {3, 3, 0},
        {3, 4, 68},
        {3, 4, 552},
        {3, 4, 1_400},
        {3, 10, 0},
        {3, 13, 0},
        {4, 0, 0},
        {11, 0, 0},
        {11, 1, 0},
        {12, 0, 0}
    };

    private static final int[][] OF_IPV6 = {
        {1, 0, 0},
        {1, 1, 0},
        {1, 3, 0},
        {1, 4, 0},
        {2, 0, 0},
        {2, 0, 1_280},
        {2, 0, 1_400},
        {3, 0, 0},
        {3, 1, 0},
        {4, 0, 0},
        {4, 1, 0}
    };

    /**
     * @param quotedFrom who sent the packet that the errors quote
     */
    private record Attack(Family family, InetAddress quotedFrom, InetAddress quotedTo, int toPort) {
        long run(PacketFlood flood, int[] ports, Random random) throws Exception {
            List<Template> templates = new ArrayList<>();
            byte[] quoted = new RawPacket(quotedFrom, quotedTo).tcp(1, toPort, 1, 1, RawPacket.ACK);
            for (int[] kind : family.isIpv6() ? OF_IPV6 : OF_IPV4) {
                templates.add(
                        new Template(
                                new RawPacket(quotedTo, quotedFrom)
                                        .icmp(kind[0], kind[1], kind[2], quoted)));
            }
            int tcp = 2 * family.headerLength() + 8;
            for (int i = 0; i < ERRORS; i++) {
                Template error = templates.get(i % templates.size());
                error.set(tcp, ports[random.nextInt(ports.length)]);
                error.setInt(tcp + 4, random.nextInt());
                flood.send(error.bytes());
            }
            flood.flush();
            return flood.sent();
        }
    }

    private static final class Connections implements AutoCloseable {
        private final List<SocketChannel> channels = new ArrayList<>();

        Connections(Topology topology, Family family, InetSocketAddress to) throws Exception {
            for (int i = 0; i < CONNECTIONS; i++) {
                channels.add(topology.client().connect(family, to));
            }
        }

        void talk() throws Exception {
            for (int i = 0; i < CONNECTIONS; i++) {
                new Content(i).send(channels.get(i), LENGTH);
            }
            for (int i = 0; i < CONNECTIONS; i++) {
                new Content(i).receive(channels.get(i), LENGTH);
            }
        }

        int[] localPorts() throws Exception {
            int[] ports = new int[CONNECTIONS];
            for (int i = 0; i < CONNECTIONS; i++) {
                ports[i] = ((InetSocketAddress) channels.get(i).getLocalAddress()).getPort();
            }
            return ports;
        }

        @Override
        public void close() throws java.io.IOException {
            for (SocketChannel each : channels) {
                each.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void movesNoTranslatedFlow(Family family) throws Exception {
        Set<SocketAddress> outside = ConcurrentHashMap.newKeySet();
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withOffRamp("", Topology.FORWARD_ALL, "acme");
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                connection -> {
                                    outside.add(connection.getRemoteAddress());
                                    TcpServer.ECHO.serve(connection);
                                });
                Connections connections = new Connections(topology, family, server.address())) {
            connections.talk();
            Eventually.equal(CONNECTIONS, "connections", outside::size);
            Attack attack =
                    new Attack(
                            family, family.offRamp(), family.server(), server.address().getPort());
            int[] every = new int[Topology.LAST_PORT - Topology.FIRST_PORT + 1];
            for (int i = 0; i < every.length; i++) {
                every[i] = Topology.FIRST_PORT + i;
            }
            int[] right =
                    outside.stream().mapToInt(a -> ((InetSocketAddress) a).getPort()).toArray();
            long guessed = errorsThatCameThrough(topology, attack, every);
            long known = errorsThatCameThrough(topology, attack, right);

            Figures.print(
                    11,
                    "%s, translated: of %d errors %d came through with ports guessed,"
                            + " of %d with the right ports %d (0); flows that live %d of %d",
                    family,
                    ERRORS,
                    guessed,
                    ERRORS,
                    known,
                    topology.flows().size(),
                    CONNECTIONS);
            assertEquals(0, guessed);
            assertEquals(0, known);
            assertEquals(CONNECTIONS, topology.flows().size());
            connections.talk();
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    private static long errorsThatCameThrough(Topology topology, Attack attack, int[] ports)
            throws Exception {
        Eventually.atRest(Duration.ofMillis(200), () -> PacketFlood.received(topology.gateway()));
        long before = topology.client().packetsReceived(Topology.DEVICE);
        try (PacketFlood flood =
                PacketFlood.withinQueueOf(
                        topology.gateway(), topology.gatewayHost(), Topology.OFF_RAMP)) {
            long sent = attack.run(flood, ports, new Random(11));
            assertEquals(ERRORS, sent);
        }
        Eventually.atRest(Duration.ofMillis(200), () -> PacketFlood.received(topology.gateway()));
        return topology.client().packetsReceived(Topology.DEVICE) - before;
    }

    /** There the namespace's kernel is the judge: RFC 5927 section 4.1. */
    @ParameterizedTest
    @EnumSource
    void movesNoUpgradedFlow(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SegmentCapture capture = SegmentCapture.on(topology.client(), Topology.DEVICE);
                Connections connections = new Connections(topology, family, server.address())) {
            connections.talk();
            // Seen by the client, such a packet comes from the server.
            List<Template> templates = new ArrayList<>();
            byte[] quoted =
                    new RawPacket(family.server(), family.client())
                            .tcp(server.address().getPort(), 1, 1, 1, RawPacket.ACK);
            for (int[] kind : family.isIpv6() ? OF_IPV6 : OF_IPV4) {
                templates.add(
                        new Template(
                                new RawPacket(family.client(), family.server())
                                        .icmp(kind[0], kind[1], kind[2], quoted)));
            }
            int tcp = 2 * family.headerLength() + 8;
            int[] ports = connections.localPorts();
            Random random = new Random(11);
            try (PacketFlood flood =
                    PacketFlood.withinQueueOf(
                            topology.gateway(), topology.client(), Topology.DEVICE)) {
                for (int i = 0; i < ERRORS; i++) {
                    Template error = templates.get(i % templates.size());
                    error.set(tcp + 2, ports[random.nextInt(ports.length)]);
                    error.setInt(tcp + 4, random.nextInt());
                    flood.send(error.bytes());
                }
                flood.flush();
            }
            Eventually.atRest(
                    Duration.ofMillis(200), () -> PacketFlood.received(topology.gateway()));
            capture.clear();
            int port = server.address().getPort();
            connections.talk();
            capture.look(ip -> ip.sourcePort() == port);
            int full = 1_500 - family.headerLength() - 20 - 12;
            Figures.print(
                    11,
                    "%s, upgraded: %d errors with the right ports: flows that live %d of %d,"
                            + " longest segment after it %d (>= %d)",
                    family,
                    ERRORS,
                    topology.flows().size(),
                    CONNECTIONS,
                    capture.largest(),
                    full);
            assertEquals(CONNECTIONS, topology.flows().size());
            assertTrue(capture.largest() >= full, "the path MTU has changed: " + capture.largest());
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }
}
