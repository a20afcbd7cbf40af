package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Row 20: chains of IPv6 extension headers. What the denial-of-service and implementation tests of
 * THC-IPv6 send, made here: up to 64 headers, options without end, routing header 0, jumbograms.
 * None costs a gateway more than five times what a plain packet does, and no routing header 0 comes
 * through.
 */
@Tag("abuse")
@Timeout(300)
class ExtensionChainsTest {
    private static final int PACKETS = 100_000;
    private static final int REPEATS = 3;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int AUTHENTICATION = 51;
    private static final int NO_NEXT = 59;
    private static final int DESTINATION = 60;
    private static final int MOBILITY = 135;
    private static final int UDP = 17;
    private static final Family FAMILY = Family.IPV6;

    /** Headers of 8 bytes and more, one after the other, before a UDP datagram. */
    private static final class Chain {
        private final List<Integer> types = new ArrayList<>();
        private final List<byte[]> bodies = new ArrayList<>();

        /**
         * @param body without its first two bytes; padded here
         */
        Chain add(int type, byte... body) {
            types.add(type);
            int length = (body.length + 2 + 7) / 8 * 8;
            byte[] header = new byte[length];
            System.arraycopy(body, 0, header, 2, body.length);
            header[1] = (byte) (type == AUTHENTICATION ? length / 4 - 2 : length / 8 - 1);
            if (type == FRAGMENT) {
                header[1] = 0;
            }
            bodies.add(header);
            return this;
        }

        Chain add(int times, int type, byte[] body) {
            for (int i = 0; i < times; i++) {
                add(type, body);
            }
            return this;
        }

        byte[] packet() {
            byte[] plain = plain(FAMILY);
            ByteBuffer packet = ByteBuffer.allocate(2_000);
            packet.put(plain, 0, 40);
            int next = 6;
            for (int i = 0; i < types.size(); i++) {
                packet.put(next, (byte) (int) types.get(i));
                next = packet.position();
                packet.put(bodies.get(i));
            }
            packet.put(next, (byte) UDP);
            packet.put(plain, 40, plain.length - 40);
            packet.putShort(4, (short) (packet.position() - 40));
            return Arrays.copyOf(packet.array(), packet.position());
        }
    }

    private static byte[] plain(Family family) {
        return new RawPacket(family.client(), family.branch()).udp(5_000, 6_000, new byte[64]);
    }

    /** Options of Pad1, of PadN and of a type that nobody knows. */
    private static byte[] options(int length, int type) {
        byte[] options = new byte[length - 2];
        if (type == 0) {
            return options;
        }
        for (int at = 0; at < options.length; ) {
            int data = Math.min(2, options.length - at - 2);
            if (data < 0) {
                break;
            }
            options[at] = (byte) type;
            options[at + 1] = (byte) data;
            at += 2 + data;
        }
        return options;
    }

    private static Map<String, byte[]> chains() {
        byte[] padded = {1, 4, 0, 0, 0, 0};
        byte[] routingZero = new byte[22];
        routingZero[0] = 0;
        routingZero[1] = 1;
        byte[] routingFour = new byte[22];
        routingFour[0] = 4;
        byte[] jumbo = {(byte) 0xc2, 4, 0, 0, 0, 0};
        byte[] alert = {5, 2, 0, 0, 1, 0};
        Map<String, byte[]> chains = new LinkedHashMap<>();
        chains.put("1 hop-by-hop", new Chain().add(HOP_BY_HOP, padded).packet());
        chains.put("router alert", new Chain().add(HOP_BY_HOP, alert).packet());
        chains.put("200 unknown options", new Chain().add(HOP_BY_HOP, options(808, 0x1e)).packet());
        chains.put("1000 Pad1", new Chain().add(HOP_BY_HOP, options(1_000, 0)).packet());
        chains.put("500 PadN", new Chain().add(DESTINATION, options(1_000, 1)).packet());
        chains.put(
                "option to be answered", new Chain().add(DESTINATION, options(808, 0x9e)).packet());
        chains.put("jumbo of 0", new Chain().add(HOP_BY_HOP, jumbo).packet());
        for (int n : new int[] {2, 7, 8, 9, 64, 128}) {
            chains.put(
                    n + " destination options", new Chain().add(n, DESTINATION, padded).packet());
        }
        chains.put("64 hop-by-hop", new Chain().add(64, HOP_BY_HOP, padded).packet());
        chains.put("64 mobility", new Chain().add(64, MOBILITY, padded).packet());
        chains.put("64 authentication", new Chain().add(64, AUTHENTICATION, new byte[14]).packet());
        chains.put("2 fragment headers", new Chain().add(2, FRAGMENT, new byte[6]).packet());
        chains.put("64 fragment headers", new Chain().add(64, FRAGMENT, new byte[6]).packet());
        chains.put("atomic fragment", new Chain().add(FRAGMENT, new byte[6]).packet());
        chains.put("routing 0", new Chain().add(ROUTING, routingZero).packet());
        chains.put(
                "routing 0 behind others",
                new Chain()
                        .add(HOP_BY_HOP, padded)
                        .add(DESTINATION, padded)
                        .add(ROUTING, routingZero)
                        .packet());
        chains.put("routing 0, nothing left", new Chain().add(ROUTING, new byte[6]).packet());
        chains.put("routing 4", new Chain().add(ROUTING, routingFour).packet());
        chains.put("8 routing 4", new Chain().add(8, ROUTING, routingFour).packet());
        byte[] nothing = new Chain().add(DESTINATION, padded).packet();
        nothing[40] = NO_NEXT;
        chains.put("no next header", nothing);
        byte[] beyond = new Chain().add(DESTINATION, padded).packet();
        beyond[41] = (byte) 255;
        chains.put("header beyond the end", beyond);
        return chains;
    }

    @Test
    void costsNoMoreThanFivePlainPackets() throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Branches branches = Branches.open()) {
            Topology topology = branches.topology();
            cost(topology, branches, plain(FAMILY), true);
            double worst = 0;
            double worstOfTrain = 0;
            String worstChain = "";
            for (var each : chains().entrySet()) {
                List<Double> ratios = new ArrayList<>();
                for (int i = 0; i < REPEATS; i++) {
                    double base = cost(topology, branches, plain(FAMILY), true);
                    double ofTrain = cost(topology, branches, plain(FAMILY), false);
                    double cost = cost(topology, branches, each.getValue(), false);
                    ratios.add(cost / base);
                    worstOfTrain = Math.max(worstOfTrain, cost / ofTrain);
                }
                ratios.sort(null);
                double ratio = ratios.get(REPEATS / 2);
                if (ratio > worst) {
                    worst = ratio;
                    worstChain = each.getKey();
                }
                assertTrue(ratio <= 5, each.getKey() + ": " + ratios);
            }
            Figures.print(
                    20,
                    "%d chains, the workers' CPU time of the dearest (%s): %.2f plain packets of"
                            + " several flows (<= 5); %.2f of one flow that leave joined",
                    chains().size(),
                    worstChain,
                    worst,
                    worstOfTrain);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    /**
     * Nanoseconds of the workers' for each packet.
     *
     * @param several whether no two one after the other are of one flow, which could leave joined
     */
    private static double cost(Topology topology, Branches branches, byte[] packet, boolean several)
            throws Exception {
        Template template = new Template(packet);
        long before = RouteLoopTest.Cpu.ofWorkers();
        long received = PacketFlood.received(topology.gateway());
        int packets = PACKETS / 5;
        try (PacketFlood flood =
                PacketFlood.withinQueueOf(topology.gateway(), branches.client(), Topology.DEVICE)) {
            for (int i = 0; i < packets; i++) {
                if (several) {
                    template.sourcePort(5_000 + i % 16);
                }
                flood.send(template.bytes());
            }
            flood.flush();
        }
        Eventually.holds(
                "received", () -> PacketFlood.received(topology.gateway()) >= received + packets);
        return (double) (RouteLoopTest.Cpu.ofWorkers() - before) / packets;
    }

    @Test
    void dropsEveryRoutingHeaderZero() throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Branches branches = Branches.open();
                PacketSocket near = PacketSocket.on(branches.near(), Topology.DEVICE)) {
            Topology topology = branches.topology();
            long expected = 0;
            for (var each : chains().entrySet()) {
                if (each.getKey().startsWith("routing 0")) {
                    cost(topology, branches, each.getValue(), false);
                    expected += PACKETS / 5;
                }
            }
            assertEquals(expected, topology.dropped(Reason.MALFORMED_ROUTING_HEADER));
            Figures.print(20, "routing header 0: %d of %d dropped", expected, expected);
            assertTrue(!near.next(ip -> ip.udp() != null), "one came through");
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    /** The walk alone, for whoever wants to know; against that of a plain packet it says little. */
    @Test
    void walksABoundedWay() {
        IpPacket ip = new IpPacket();
        double plain = walk(ip, plain(FAMILY));
        double worst = 0;
        for (byte[] each : chains().values()) {
            worst = Math.max(worst, walk(ip, each));
        }
        Figures.print(20, "the walk alone: plain %.0f ns, dearest chain %.0f ns", plain, worst);
        assertTrue(worst < 100 * plain, worst + " against " + plain);
    }

    private static double walk(IpPacket ip, byte[] packet) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(packet.length).put(0, packet);
        int good = 0;
        long best = Long.MAX_VALUE;
        for (int round = 0; round < 10; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < PACKETS; i++) {
                good += ip.wrap(bytes, 0, packet.length) == Defect.NONE ? 1 : 0;
            }
            best = Math.min(best, System.nanoTime() - start);
        }
        assertTrue(good >= 0);
        return (double) best / PACKETS;
    }
}
