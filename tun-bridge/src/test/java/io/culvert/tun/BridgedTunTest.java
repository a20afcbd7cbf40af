package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.tun.PacketDevice.PacketHandler;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The kernel's TCP on both sides, two TUN devices in two namespaces, and a loop of ours between
 * them: the far kernel verifies every checksum that was finished here.
 */
@Timeout(60)
class BridgedTunTest {
    static final int BYTES = 50_000_000;
    private static final int CHUNK = 1 << 16;
    private static final int BUDGET = 64;
    private static final int PORT = 4_242;
    private static final long IDLE_NS = 10_000;

    static Stream<Arguments> waysToCarryThem() {
        return Stream.of("10.1.0.", "fd01::")
                .flatMap(
                        network ->
                                Stream.of(
                                                EnumSet.allOf(Offload.class),
                                                EnumSet.complementOf(EnumSet.of(Offload.TSO4)),
                                                EnumSet.complementOf(EnumSet.of(Offload.TSO6)),
                                                EnumSet.of(Offload.CHECKSUM),
                                                EnumSet.noneOf(Offload.class))
                                        .map(offloads -> Arguments.of(network, offloads)));
    }

    @ParameterizedTest(name = "{0} to a device with {1}")
    @MethodSource("waysToCarryThem")
    void carriesFiftyMegabytesUnchanged(String network, Set<Offload> offloads) throws Exception {
        carry(network, EnumSet.allOf(Offload.class), offloads, Bridge::new);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"10.1.0.", "fd01::"})
    void carriesThemAsSuperPacketsFromADeviceThatMakesNone(String network) throws Exception {
        Set<Offload> all = EnumSet.allOf(Offload.class);
        Bridge bridge = carry(network, EnumSet.noneOf(Offload.class), all, CoalescingBridge::new);
        assertTrue(bridge.superPackets > 0);
    }

    private static Bridge carry(
            String network, Set<Offload> fromOffloads, Set<Offload> offloads, Supplier<Bridge> kind)
            throws Exception {
        InetAddress left = InetAddress.getByName(network + "1");
        InetAddress right = InetAddress.getByName(network + "2");
        boolean ipv6 = network.contains(":");
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService executor = Executors.newCachedThreadPool();
                NetworkNamespace here = NetworkNamespace.anonymous("here");
                NetworkNamespace there = NetworkNamespace.anonymous("there");
                TunDevice from = device(here, left, fromOffloads);
                TunDevice to = device(there, right, offloads);
                Fd listener = there.call(() -> Sockets.tcp(ipv6));
                Fd sender = here.call(() -> Sockets.tcp(ipv6))) {
            assertEquals(offloads, to.offloads());
            TunQueue one = from.queues().getFirst();
            TunQueue other = to.queues().getFirst();
            Sockets.blocking(listener, true);
            Sockets.blocking(sender, true);
            SocketAddressBuffer address =
                    new SocketAddressBuffer().set(new InetSocketAddress(right, PORT));
            Sockets.bind(listener, address);
            Sockets.listen(listener, 1);

            Future<Bridge> bridge = executor.submit(() -> kind.get().run(one, other, done));
            Future<Long> received = executor.submit(() -> receive(listener));
            long start = System.nanoTime();
            assertEquals(0, Syscall.connect(sender.number(), address.address(), address.length()));
            long sum = send(sender);
            assertEquals(sum, received.get());
            double seconds = (System.nanoTime() - start) / 1e9;
            done.set(true);
            Bridge finished = bridge.get();

            System.out.printf(
                    "%s from %s to %s: %.0f MB/s, %d packets sent, of them super-packets %d%n",
                    network,
                    fromOffloads,
                    offloads,
                    BYTES / 1e6 / seconds,
                    finished.sent,
                    finished.superPackets);
            assertEquals(0, one.malformed() + other.malformed());
            assertEquals(0, one.refusals() + other.refusals());
            return finished;
        }
    }

    private static TunDevice device(
            NetworkNamespace namespace, InetAddress address, Set<Offload> offloads)
            throws IOException {
        int prefixLength = address.getAddress().length == 4 ? 24 : 64;
        return TunDevice.open(
                namespace,
                TunSettings.named("tun%d")
                        .withOffloads(offloads)
                        .withAddresses(new LinkAddress(address, prefixLength)));
    }

    /** What is between the devices. */
    private static class Bridge {
        private int sent;
        private int superPackets;

        private Bridge run(TunQueue one, TunQueue other, AtomicBoolean done) {
            PacketHandler toOther = packet -> send(packet, other);
            PacketHandler toOne = packet -> send(packet, one);
            while (!done.get()) {
                if (move(one, toOther) + move(other, toOne) == 0) {
                    LockSupport.parkNanos(IDLE_NS);
                }
            }
            return this;
        }

        int move(TunQueue from, PacketHandler to) {
            return from.receive(to, BUDGET);
        }

        private void send(Packet packet, TunQueue to) {
            sent++;
            if (packet.segmentation() != Packet.Segmentation.NONE) {
                superPackets++;
            }
            to.send(packet);
        }
    }

    /** As an endpoint without offloads does it. */
    private static final class CoalescingBridge extends Bridge {
        private final Coalescer coalescer = new Coalescer();

        @Override
        int move(TunQueue from, PacketHandler to) {
            int moved = from.receive(packet -> coalescer.take(packet, to), BUDGET);
            coalescer.flush(to);
            return moved;
        }
    }

    /** The sum of what was sent. */
    static long send(Fd socket) {
        byte[] random = new byte[CHUNK];
        new SplittableRandom(1).nextBytes(random);
        ByteBuffer bytes = NativeMemory.allocate(CHUNK).put(0, random);
        CRC32C sum = new CRC32C();
        for (int left = BYTES; left > 0; ) {
            bytes.putInt(0, left).position(0).limit(Math.min(left, CHUNK));
            sum.update(bytes);
            for (int at = 0; at < bytes.limit(); ) {
                long address = NativeMemory.address(bytes) + at;
                int sent = Syscall.write(socket.number(), address, bytes.limit() - at);
                assertTrue(sent > 0, () -> "write: " + Errno.of(-sent));
                at += sent;
                left -= sent;
            }
        }
        assertEquals(0, Syscall.shutdown(socket.number(), Syscall.SHUT_WR));
        return sum.getValue();
    }

    static long receive(Fd listener) {
        try (Fd socket = new Fd(Syscall.accept(listener.number(), 0, 0, 0))) {
            ByteBuffer bytes = NativeMemory.allocate(4 * CHUNK);
            CRC32C sum = new CRC32C();
            int count = 0;
            int length;
            do {
                length = Syscall.read(socket.number(), NativeMemory.address(bytes), 4 * CHUNK);
                sum.update(bytes.position(0).limit(Math.max(length, 0)));
                count += length;
            } while (length > 0);
            assertEquals(BYTES, count);
            return sum.getValue();
        }
    }
}
