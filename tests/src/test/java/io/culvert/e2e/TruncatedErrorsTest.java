package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Row 13: ICMP errors whose inner packet is cut or absent. Forty types and codes with 0 to 128
 * bytes of a quote each, from both sides: of a flow that nobody has, and of one that lives. Nothing
 * is thrown; nothing is forwarded but whole quotes, header and eight bytes, of what lives.
 */
@Tag("abuse")
@Timeout(120)
class TruncatedErrorsTest {
    private static final int MOST = 128;
    private static final int CLIENT_PORT = 5_000;

    /** Not the queries 13 to 18 (RFC 792, RFC 950), which are forwarded as such. */
    private static final int[][] OF_IPV4 = {
        {3, 16}, {4, 1}, {5, 4}, {11, 2}, {12, 3}, {6, 1}, {9, 1}, {10, 1}, {1, 1}, {2, 1}, {7, 1},
        {19, 1}, {29, 1}, {39, 1}, {30, 1}, {31, 1}, {40, 1}, {42, 1}, {255, 1},
    };

    private static final int[][] OF_IPV6 = {
        {1, 9}, {2, 2}, {3, 3}, {4, 4}, {0, 1}, {5, 1}, {99, 1}, {100, 1}, {101, 1}, {127, 1},
        {130, 1}, {131, 1}, {132, 1}, {133, 1}, {134, 1}, {135, 1}, {136, 1}, {137, 1}, {138, 1},
        {139, 1}, {140, 1}, {141, 1}, {143, 1}, {160, 1}, {254, 1}, {255, 1},
    };

    private static List<int[]> kinds(Family family) {
        List<int[]> kinds = new ArrayList<>();
        for (int[] type : family.isIpv6() ? OF_IPV6 : OF_IPV4) {
            for (int code = 0; code < type[1]; code++) {
                kinds.add(new int[] {type[0], code});
            }
        }
        return kinds;
    }

    private static void send(PacketSocket to, RawPacket packet, Family family, byte[] quoted)
            throws Exception {
        for (int[] kind : kinds(family)) {
            for (int length = 0; length <= MOST; length++) {
                byte[] quote = Arrays.copyOf(quoted, length);
                to.send(packet.icmp(kind[0], kind[1], 0, quote));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void forwardsNoErrorThatQuotesNobodysPacket(Family family) throws Exception {
        assertEquals(40, kinds(family).size());
        try (GatewayLog log = GatewayLog.open();
                Branches branches =
                        Branches.open(1500, Topology.offRamp(""), Topology.FORWARD_ALL);
                PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE);
                PacketSocket lan =
                        PacketSocket.on(branches.topology().gatewayHost(), Topology.OFF_RAMP)) {
            Topology topology = branches.topology();
            byte[] quoted =
                    new RawPacket(family.offRamp(), family.server())
                            .udp(CLIENT_PORT, 53, new byte[200]);
            byte[] inside =
                    new RawPacket(family.branch(), family.client())
                            .udp(CLIENT_PORT, 53, new byte[200]);
            long before = topology.status().carried();
            send(lan, new RawPacket(family.server(), family.offRamp()), family, quoted);
            send(ramp, new RawPacket(family.client(), family.branch()), family, inside);
            Eventually.atRest(
                    Duration.ofMillis(200), () -> PacketFlood.received(topology.gateway()));

            int errors = 2 * 40 * (MOST + 1);
            Figures.print(
                    13,
                    "%s: %d errors with cut quotes, forwarded %d (0)",
                    family,
                    errors,
                    topology.status().carried() - before);
            assertEquals(before, topology.status().carried());
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    @ParameterizedTest
    @EnumSource
    void forwardsOfALivingFlowWhatIsQuotedFarEnough(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withOffRamp("", Topology.FORWARD_ALL, "acme");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client =
                        topology.client().udp(family, family.client(), CLIENT_PORT);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket lan = PacketSocket.on(topology.gatewayHost(), Topology.OFF_RAMP)) {
            client.send(ByteBuffer.wrap(new byte[200]), echo.address());
            client.receive(ByteBuffer.allocate(300));
            byte[] quoted =
                    new RawPacket(family.offRamp(), family.server())
                            .udp(
                                    ((java.net.InetSocketAddress) echo.sources().iterator().next())
                                            .getPort(),
                                    echo.address().getPort(),
                                    new byte[200]);
            long before =
                    Eventually.atRest(Duration.ofMillis(50), () -> topology.status().carried());
            // Whatever is drained here was sent before.
            ramp.next(ip -> false);
            int whole = family.headerLength() + 8;
            int tooShort = 0;
            for (int[] kind : kinds(family)) {
                for (int length = 0; length <= MOST; length++) {
                    lan.send(
                            new RawPacket(family.server(), family.offRamp())
                                    .icmp(kind[0], kind[1], 0, Arrays.copyOf(quoted, length)));
                    if (length == whole - 1) {
                        Eventually.atRest(
                                Duration.ofMillis(5),
                                () -> PacketFlood.received(topology.gateway()));
                        tooShort += (int) (topology.status().carried() - before);
                    }
                    if (length == MOST) {
                        before =
                                Eventually.atRest(
                                        Duration.ofMillis(5), () -> topology.status().carried());
                    }
                }
            }
            Figures.print(
                    13,
                    "%s: of a living flow forwarded with a quote of less than %d bytes: %d (0)",
                    family,
                    whole,
                    tooShort);
            assertEquals(0, tooShort);
            client.send(ByteBuffer.wrap(new byte[7]), echo.address());
            Eventually.equal(2, "the flow lives", echo::received);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }
}
