package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Row 15: RST, SYN and data of somebody who knows the ports of a connection and nothing else. A
 * million segments with random numbers: it goes on; and how often others are challenged tells
 * nobody that it is under attack.
 */
@Tag("abuse")
@Timeout(300)
class BlindInjectionTest {
    private static final int SEGMENTS = 1_000_000;
    private static final int CLIENT_PORT = 5_000;
    private static final int LENGTH = 100_000;
    private static final int OTHERS = 10;
    private static final int[] FLAGS = {
        RawPacket.RST,
        RawPacket.RST | RawPacket.ACK,
        RawPacket.SYN,
        RawPacket.SYN | RawPacket.ACK,
        RawPacket.ACK,
        RawPacket.FIN | RawPacket.ACK
    };

    /** From the initiator's side; the other one is a socket of the kernel's. */
    @ParameterizedTest
    @EnumSource
    void endsNoUpgradedConnection(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel connection = connect(topology.client(), family, server.address())) {
            talk(connection);
            flood(
                    topology,
                    topology.client(),
                    new RawPacket(family.client(), family.server()),
                    CLIENT_PORT,
                    server.address().getPort());
            talk(connection);
            report(family, "upgraded, as its initiator", topology);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    @ParameterizedTest
    @EnumSource
    void endsNoForwardedConnection(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Branches branches = Branches.open();
                TcpServer server =
                        TcpServer.on(branches.near(), family, family.branch(), 0, TcpServer.ECHO);
                SocketChannel connection = connect(branches.client(), family, server.address())) {
            Topology topology = branches.topology();
            int port = server.address().getPort();
            talk(connection);
            flood(
                    topology,
                    branches.client(),
                    new RawPacket(family.client(), family.branch()),
                    CLIENT_PORT,
                    port);
            talk(connection);
            report(family, "forwarded, as its initiator", topology);
            flood(
                    topology,
                    branches.near(),
                    new RawPacket(family.branch(), family.client()),
                    port,
                    CLIENT_PORT);
            talk(connection);
            report(family, "forwarded, as its target", topology);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    private static void report(Family family, String where, Topology topology) {
        Figures.print(
                15,
                "%s, %s: %d segments with random numbers, flows that live %d (1)",
                family,
                where,
                SEGMENTS,
                topology.flows().size());
        assertEquals(1, topology.flows().size());
    }

    private static SocketChannel connect(Host client, Family family, InetSocketAddress to)
            throws Exception {
        SocketChannel channel = client.tcp(family);
        channel.bind(new InetSocketAddress(family.client(), CLIENT_PORT));
        channel.connect(to);
        return channel;
    }

    private static void talk(SocketChannel connection) throws Exception {
        Content content = new Content(15);
        Thread sender =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        content.send(connection, LENGTH);
                                    } catch (java.io.IOException e) {
                                        throw new java.io.UncheckedIOException(e);
                                    }
                                });
        content.receive(connection, LENGTH);
        sender.join();
    }

    private static void flood(Topology topology, Host host, RawPacket as, int from, int to)
            throws Exception {
        Random random = new Random(15);
        List<Template> templates = new ArrayList<>();
        for (int flags : FLAGS) {
            templates.add(new Template(as.tcp(from, to, 0, 0, flags)));
            templates.add(
                    new Template(as.tcp(from, to, 0, 0, flags | RawPacket.ACK, new byte[20])));
        }
        try (PacketFlood flood =
                PacketFlood.withinQueueOf(topology.gateway(), host, Topology.DEVICE)) {
            for (int i = 0; i < SEGMENTS; i++) {
                Template segment = templates.get(i % templates.size());
                segment.setInt(segment.header() + 4, random.nextInt());
                segment.setInt(segment.header() + 8, random.nextInt());
                flood.send(segment.bytes());
            }
            flood.flush();
            assertEquals(SEGMENTS, flood.sent());
        }
        Eventually.atRest(Duration.ofMillis(200), () -> PacketFlood.received(topology.gateway()));
    }

    /**
     * RFC 5961 section 7: a limit that connections share could be used up on one and read off
     * another. Each of ten is challenged as often while one is flooded as when none is.
     */
    @ParameterizedTest
    @EnumSource
    void challengesOthersAsOftenWhileOneIsUnderAttack(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                SocketChannel victim = connect(topology.client(), family, server.address());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            talk(victim);
            InetSocketAddress address = server.address();
            int quiet = challenged(topology, family, address, ramp);
            Thread attacker = Thread.ofPlatform().start(() -> challenge(topology, family, address));
            int attacked = challenged(topology, family, address, ramp);
            attacker.interrupt();
            attacker.join();

            Figures.print(
                    15,
                    "%s: of %d others %d challenged in quiet, %d while one is under attack",
                    family,
                    OTHERS,
                    quiet,
                    attacked);
            assertEquals(OTHERS, quiet);
            assertEquals(OTHERS, attacked);
            talk(victim);
            log.showsNoFailure();
        }
    }

    /** SYNs into the victim's connection, twenty thousand a second, until it is interrupted. */
    private static void challenge(Topology topology, Family family, InetSocketAddress to) {
        Template syn =
                new Template(
                        new RawPacket(family.client(), family.server())
                                .tcp(CLIENT_PORT, to.getPort(), 0, 0, RawPacket.SYN));
        Random random = new Random(15);
        try (PacketFlood flood = PacketFlood.atRate(20_000, topology.client(), Topology.DEVICE)) {
            while (!Thread.currentThread().isInterrupted()) {
                flood.send(syn.setInt(syn.header() + 4, random.nextInt()).bytes());
            }
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** How many of ten new connections answer a SYN in their midst. */
    private static int challenged(
            Topology topology, Family family, InetSocketAddress to, PacketSocket ramp)
            throws Exception {
        List<SocketChannel> others = new ArrayList<>();
        try {
            for (int i = 0; i < OTHERS; i++) {
                others.add(topology.client().connect(family, to));
            }
            Set<Integer> challenged = new HashSet<>();
            RawPacket packet = new RawPacket(family.client(), family.server());
            ramp.next(ip -> false);
            for (SocketChannel each : others) {
                int port = ((InetSocketAddress) each.getLocalAddress()).getPort();
                ramp.send(packet.tcp(port, to.getPort(), 4_711, 0, RawPacket.SYN));
                try {
                    Eventually.holds(
                            "a challenge",
                            Duration.ofSeconds(3),
                            () ->
                                    ramp.next(
                                            ip ->
                                                    ip.tcp() != null
                                                            && ip.sourcePort() == to.getPort()
                                                            && ip.destinationPort() == port
                                                            && ip.tcp().ack()
                                                            && !ip.tcp().syn()));
                    challenged.add(port);
                } catch (AssertionError none) {
                    // Counted by its absence.
                }
            }
            assertTrue(challenged.size() <= OTHERS);
            return challenged.size();
        } finally {
            for (SocketChannel each : others) {
                each.close();
            }
        }
    }
}
