package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.WorkerStatus;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.Syscall;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Row 19: packets that are too short or too long, and device headers that lie. Every length from 0
 * to 2,000 and from 65,500 to 65,600 on an on-ramp of 65,535; twenty thousand packets whose {@code
 * virtio_net_hdr} is random. What a device takes is carried as the policy says, and nothing is kept
 * of it.
 */
@Tag("abuse")
@Timeout(300)
class EveryLengthTest {
    private static final int MTU = 65_535;
    private static final int SMALL = 2_000;
    private static final int LARGE_FROM = 65_500;
    private static final int LARGE_TO = 65_600;
    private static final int CLIENT_PORT = 5_000;
    private static final int LIES = 20_000;

    private static final int VNET_HEADER = SegmentCapture.VNET_HEADER;

    private static List<Integer> lengths() {
        List<Integer> lengths = new ArrayList<>();
        for (int i = 0; i <= SMALL; i++) {
            lengths.add(i);
        }
        for (int i = LARGE_FROM; i <= LARGE_TO; i++) {
            lengths.add(i);
        }
        return lengths;
    }

    /** Sends as many bytes of a sound datagram, and answers which lengths the device took. */
    private static Set<Integer> sendAll(
            Topology topology, Family family, int port, PacketSocket ramp) throws Exception {
        int header = family.headerLength() + 8;
        Set<Integer> taken = new TreeSet<>();
        RawPacket packet = new RawPacket(family.client(), family.server());
        for (int length : lengths()) {
            byte[] whole =
                    packet.udp(
                            CLIENT_PORT,
                            port,
                            new byte[Math.max(0, Math.min(length, 65_535) - header)]);
            try {
                ramp.send(Arrays.copyOf(whole, length));
                taken.add(length);
            } catch (IOException refused) {
                // The kernel has a say before the device does.
            }
            // A server's socket holds a few large ones.
            if (length >= LARGE_FROM || length % 16 == 0) {
                long all = taken.size();
                Eventually.holds("received", () -> PacketFlood.received(topology.gateway()) >= all);
                topology.status();
            }
        }
        return taken;
    }

    private static long directMemory() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    @ParameterizedTest
    @EnumSource
    void upgradesEveryLengthThatIsADatagram(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.open(MTU, Topology.UPGRADE_ALL, FlowListener.NONE);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                DatagramChannel server = topology.server().udp(family, family.server(), 0)) {
            server.setOption(java.net.StandardSocketOptions.SO_RCVBUF, 8 * 1024 * 1024);
            Set<Integer> delivered = receiver(server, family.headerLength() + 8);
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            // One goes before, so that what the first flow needs is there.
            sendAll(topology, family, port, ramp);
            long memory = directMemory();
            long descriptors = topology.descriptors();
            Set<Integer> taken = sendAll(topology, family, port, ramp);
            Set<Integer> expected = new TreeSet<>(taken);
            expected.removeIf(length -> length < family.headerLength() + 8 || length > MTU);
            // Of IPv6 the payload length is without the header, and the kernel takes no more here.
            Eventually.equal(expected, "delivered", () -> new TreeSet<>(delivered));

            report(topology, family, "upgraded", taken, delivered.size(), log);
            // It may be less, of tests before.
            assertTrue(directMemory() <= memory, directMemory() + " bytes, were " + memory);
            assertEquals(descriptors, topology.descriptors());
        }
    }

    private static void report(
            Topology topology,
            Family family,
            String how,
            Set<Integer> taken,
            int delivered,
            GatewayLog log)
            throws Exception {
        Figures.print(
                19,
                "%s, %s: %d lengths offered, %d taken by the device, %d carried, held %d, %s",
                family,
                how,
                lengths().size(),
                taken.size(),
                delivered,
                topology.sum(WorkerStatus::fragments),
                topology.status().dropped());
        assertEquals(0, topology.sum(WorkerStatus::fragments));
        topology.everyPacketIsAccountedFor();
        log.showsNoFailure();
    }

    private static Set<Integer> receiver(DatagramChannel server, int headers) {
        Set<Integer> lengths = new ConcurrentSkipListSet<>();
        ByteBuffer datagram = ByteBuffer.allocateDirect(65_536);
        Thread.ofVirtual()
                .start(
                        () -> {
                            try {
                                while (server.receive(datagram.clear()) != null) {
                                    lengths.add(datagram.position() + headers);
                                }
                            } catch (IOException closed) {
                                // The end of the test.
                            }
                        });
        return lengths;
    }

    /** Through a device of 1,500 bytes, so that all beyond leaves in fragments. */
    @ParameterizedTest
    @EnumSource
    void forwardsEveryLengthOrSaysWhyNot(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withoutGateway()) {
            topology.routeOffRamp();
            topology.start(
                    topology.onRamps(MTU, "acme") + Topology.offRamp("") + Topology.FORWARD_ALL,
                    FlowListener.NONE);
            topology.routeClients();
            try (PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                    DatagramChannel server = topology.server().udp(family, family.server(), 0)) {
                server.setOption(java.net.StandardSocketOptions.SO_RCVBUF, 8 * 1024 * 1024);
                Set<Integer> delivered = receiver(server, family.headerLength() + 8);
                int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
                Set<Integer> taken = sendAll(topology, family, port, ramp);
                Set<Integer> expected = new TreeSet<>(taken);
                expected.removeIf(
                        length ->
                                length < family.headerLength() + 8
                                        || length > (family.isIpv6() ? 1_500 : MTU));
                Eventually.equal(expected, "delivered", () -> new TreeSet<>(delivered));
                report(topology, family, "forwarded", taken, delivered.size(), log);
            }
        }
    }

    /** The kernel checks such headers too, and what it lets pass is what a device can show. */
    @ParameterizedTest
    @EnumSource
    void accountsForPacketsWhoseDeviceHeaderLies(Family family) throws Exception {
        for (boolean upgraded : new boolean[] {true, false}) {
            try (GatewayLog log = GatewayLog.open();
                    Topology topology =
                            upgraded
                                    ? Topology.open()
                                    : Topology.withOffRamp("", Topology.FORWARD_ALL, "acme")) {
                int passed = lie(topology, family);
                topology.everyPacketIsAccountedFor();
                log.showsNoFailure();
                SingleByteEditsTest.stillWorks(topology, topology.client(), family);
                Figures.print(
                        19,
                        "%s, %s: %d packets with random virtio headers, %d let through by the"
                                + " kernel, %s",
                        family,
                        upgraded ? "upgraded" : "forwarded",
                        LIES,
                        passed,
                        topology.status().dropped());
                assertTrue(passed > LIES / 10, "only " + passed + " passed the kernel");
            }
        }
    }

    private static int lie(Topology topology, Family family) throws Exception {
        Random random = new Random(19);
        RawPacket packet = new RawPacket(family.client(), family.server());
        ByteBuffer buffer = NativeMemory.allocateNative(VNET_HEADER + 4_096);
        int passed = 0;
        try (Fd socket = socket(topology.client(), family)) {
            for (int i = 0; i < LIES; i++) {
                byte[] payload = new byte[random.nextInt(1_400)];
                byte[] bytes =
                        i % 2 == 0
                                ? packet.udp(CLIENT_PORT, 6_000, payload)
                                : packet.tcp(
                                        CLIENT_PORT,
                                        6_000,
                                        random.nextInt(),
                                        1,
                                        RawPacket.ACK,
                                        payload);
                int types = new int[] {0, 1, 4, 5}[random.nextInt(4)];
                buffer.put(0, (byte) random.nextInt(4)).put(1, (byte) types);
                buffer.putShort(2, (short) some(random, bytes.length));
                buffer.putShort(4, (short) some(random, 1_500));
                buffer.putShort(6, (short) some(random, bytes.length));
                buffer.putShort(8, (short) new int[] {6, 16, 0, 2, 40}[random.nextInt(5)]);
                buffer.put(VNET_HEADER, bytes);
                int result =
                        Syscall.send(
                                socket.number(),
                                NativeMemory.address(buffer),
                                VNET_HEADER + bytes.length,
                                0);
                passed += result > 0 ? 1 : 0;
                if (i % 200 == 0) {
                    topology.status();
                }
            }
        }
        return passed;
    }

    private static int some(Random random, int around) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(4);
            case 1 -> random.nextInt(around + 1);
            case 2 -> new int[] {20, 28, 40, 48, 60}[random.nextInt(5)];
            default -> random.nextInt(1 << 16);
        };
    }

    private static Fd socket(Host client, Family family) throws IOException {
        return client.namespace()
                .call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                return SegmentCapture.open(
                                        rtnetlink.index(Topology.DEVICE),
                                        family.isIpv6()
                                                ? PacketSocket.ETH_P_IPV6
                                                : PacketSocket.ETH_P_IP);
                            }
                        });
    }
}
