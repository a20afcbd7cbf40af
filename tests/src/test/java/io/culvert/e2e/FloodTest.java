package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** What one tenant may use up, and what forged packets cannot. */
@Timeout(60)
class FloodTest {
    /** A quarter of the dials. */
    private static final int MANY_HALF_OPEN = 10;

    private static final String LIMITS = "limits: { dials: %d }\n".formatted(4 * MANY_HALF_OPEN);

    /** How flows leave, and over what. */
    record Way(String policy, Family family) {
        Topology open() throws IOException {
            return policy.equals("upgrade")
                    ? Topology.open(Topology.UPGRADE_ALL + LIMITS)
                    : Topology.withOffRamp("", Topology.FORWARD_ALL + LIMITS, "acme");
        }
    }

    static Stream<Way> ways() {
        return Arrays.stream(Family.values())
                .flatMap(family -> Stream.of("upgrade", "forward").map(to -> new Way(to, family)));
    }

    /** An address of the client's network that no host has. */
    private static InetAddress forged(Family family, int number) {
        byte[] address = family.client().getAddress();
        address[address.length - 1] = (byte) (100 + number);
        try {
            return InetAddress.getByAddress(address);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static void sendForgedSyn(PacketSocket ramp, Family family, int number, int port)
            throws IOException {
        RawPacket packet = new RawPacket(forged(family, number), family.server());
        ramp.send(packet.tcp(5_000, port, 1_000, 0, RawPacket.SYN));
    }

    /** RFC 9293 figure 10: who exists resets what it did not ask for, and asks again. */
    @ParameterizedTest
    @MethodSource("ways")
    void letsConnectWhoShowsThatItExistsWhileManyAreHalfOpen(Way way) throws Exception {
        Family family = way.family();
        try (Topology topology = way.open();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            int port = server.address().getPort();
            for (int i = 0; i < MANY_HALF_OPEN; i++) {
                sendForgedSyn(ramp, family, i, port);
            }
            Eventually.equal(MANY_HALF_OPEN, "half open", topology.gateway()::flows);

            sendForgedSyn(ramp, family, MANY_HALF_OPEN, port);
            ramp.await(
                    "a challenge",
                    ip ->
                            ip.tcp() != null
                                    && ip.sourcePort() == port
                                    && ip.tcp().flags() == TcpHeader.ACK
                                    && ip.tcp().acknowledgmentNumber() != 1_001);
            assertEquals(1, topology.status().answered());
            assertEquals(MANY_HALF_OPEN, topology.gateway().flows());

            try (SocketChannel client = topology.client().connect(family, server.address())) {
                new Content(1).send(client, 10_000);
                new Content(1).receive(client, 10_000);
            }
            long asked = topology.status().answered();
            assertTrue(asked >= 2, "asked " + asked);
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                new Content(2).send(client, 10_000);
                new Content(2).receive(client, 10_000);
            }
            assertEquals(asked, topology.status().answered(), "it has shown itself already");
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void tellsATenantThatItHasAllTheConnectionsItMay(Family family) throws Exception {
        String settings = Topology.UPGRADE_ALL + "limits: { slots-per-tenant: 3 }\n";
        try (Topology topology = Topology.open(settings);
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            List<SocketChannel> clients = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                clients.add(topology.client().connect(family, server.address()));
            }

            assertThrows(
                    IOException.class,
                    () -> topology.client().connect(family, server.address()),
                    "RFC 5508 REQ-8");
            for (SocketChannel client : clients) {
                new Content(1).send(client, 1_000);
                new Content(1).receive(client, 1_000);
                client.close();
            }
            Eventually.equal(Topology.Held.NOTHING, "left", topology::held);
            topology.client().connect(family, server.address()).close();
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void opensNoMoreFlowsASecondThanATenantMay(Family family) throws Exception {
        String settings = Topology.FORWARD_ALL + "limits: { flows-per-second-per-tenant: 1 }\n";
        try (Topology topology = Topology.withOffRamp("", settings, "acme");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int port = 1; port <= 500; port++) {
                ramp.send(packet.udp(port, 9, new byte[1]));
            }

            Eventually.holds(
                    "all seen",
                    () -> topology.dropped(Reason.TENANT_RATE) + topology.gateway().flows() >= 500);
            assertTrue(topology.dropped(Reason.TENANT_RATE) > 0);
            topology.everyPacketIsAccountedFor();
        }
    }
}
