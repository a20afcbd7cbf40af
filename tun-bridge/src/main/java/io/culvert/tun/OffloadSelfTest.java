package io.culvert.tun;

import io.culvert.linux.Fd;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.tun.Packet.Segmentation;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Finds out which offloads this kernel does right, rather than which it says it has: in a namespace
 * of its own, packets of each kind go through a scratch device to the kernel's sockets and come
 * back out of them, and only what arrives byte for byte counts, with its checksums verified here.
 *
 * <p>Takes some 20 ms, once a process.
 */
public final class OffloadSelfTest {
    private static final int PORT = 4_242;
    private static final int MTU = 1_500;
    private static final int SEGMENTS = 3;

    /** Not the kernel's choice for any MTU, so that it must have come from us. */
    private static final int SEGMENT_SIZE = 1_000;

    private static final int SEQUENCE = 1_000;

    /** Everything happens within the calls themselves; this is for a machine out of breath. */
    private static final long PATIENCE_NS = TimeUnit.MILLISECONDS.toNanos(300);

    private static EnumSet<Offload> result;

    private final TunDevice device;
    private final TunQueue queue;
    private final NetworkNamespace namespace;
    private final Packet packet = new Packet();
    private final Segmenter segmenter = new Segmenter();
    private final byte[] payload = new byte[SEGMENTS * SEGMENT_SIZE];
    private final ByteBuffer memory = NativeMemory.allocate(payload.length);
    private final EnumSet<Offload> right = EnumSet.noneOf(Offload.class);

    private OffloadSelfTest(NetworkNamespace namespace, TunDevice device) {
        this.namespace = namespace;
        this.device = device;
        queue = device.queues().getFirst();
        new SplittableRandom(SEQUENCE).nextBytes(payload);
    }

    /**
     * The kinds that work, for {@link TunSettings#withOffloads}. Where this process may not make a
     * namespace or a device, nothing can be found out: then every kind, and {@link TunQueue} still
     * notices refusals.
     */
    public static synchronized EnumSet<Offload> run() {
        if (result == null) {
            result = probe();
        }
        return EnumSet.copyOf(result);
    }

    /** As {@link #run}, not cached. */
    static EnumSet<Offload> probe() {
        TunSettings settings = TunSettings.named("").withMtu(MTU);
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("offload-test");
                TunDevice device = TunDevice.open(namespace, settings)) {
            return new OffloadSelfTest(namespace, device).kinds();
        } catch (IOException e) {
            return EnumSet.allOf(Offload.class);
        }
    }

    private EnumSet<Offload> kinds() {
        // TEST-NET-1 of RFC 5737 and the documentation prefix of RFC 3849.
        family("192.0.2.1", "192.0.2.2", Offload.TSO4, Offload.USO4);
        family("2001:db8::1", "2001:db8::2", Offload.TSO6, Offload.USO6);
        right.retainAll(device.offloads());
        return right.contains(Offload.CHECKSUM) ? right : EnumSet.noneOf(Offload.class);
    }

    private void family(String kernelsAddress, String peersAddress, Offload tcp, Offload udp) {
        try {
            InetAddress kernel = InetAddress.getByName(kernelsAddress);
            InetAddress peer = InetAddress.getByName(peersAddress);
            int prefixLength = kernel.getAddress().length * Byte.SIZE - 2;
            LinkAddress address = new LinkAddress(kernel, prefixLength);
            try (Rtnetlink rtnetlink = namespace.call(Rtnetlink::new)) {
                LocalAddress.add(rtnetlink, device.index(), address);
            }
            Probe probe = new Probe(peer, PORT, kernel, PORT);
            if (udp(probe, kernel, peer, udp) && tcp(probe, kernel)) {
                right.add(tcp);
            }
        } catch (IOException e) {
            // No IPv6 here, and nothing lost without its offloads; or they made a socket fail.
            right.remove(tcp);
            right.remove(udp);
        }
    }

    /** Whether plain packets with unfinished checksums work; adds what else does. */
    private boolean udp(Probe probe, InetAddress kernel, InetAddress peer, Offload kind)
            throws IOException {
        boolean ipv6 = kind == Offload.USO6;
        try (Fd socket = namespace.call(() -> Sockets.udp(ipv6))) {
            Sockets.bind(socket, address(kernel));
            byte[] one = Arrays.copyOf(payload, SEGMENT_SIZE);
            if (!taken(probe.udp(packet, one)) || !Arrays.equals(one, received(socket, one))) {
                return false;
            }
            right.add(Offload.CHECKSUM);
            probe.udp(packet, payload);
            int headers = packet.length() - payload.length;
            boolean written =
                    taken(packet.segments(Segmentation.UDP, SEGMENT_SIZE, headers))
                            && Arrays.equals(payload, received(socket, payload));
            SocketAddressBuffer to = address(peer);
            Syscall.connect(socket.number(), to.address(), to.length());
            Sockets.set(socket, SocketOptions.SOL_UDP, SocketOptions.UDP_SEGMENT, SEGMENT_SIZE);
            if (written && sent(socket) && comesBack(Segmentation.UDP)) {
                right.add(kind);
            }
            return true;
        }
    }

    private boolean tcp(Probe probe, InetAddress kernel) throws IOException {
        boolean ipv6 = kernel.getAddress().length != 4;
        try (Fd listener = namespace.call(() -> Sockets.tcp(ipv6))) {
            Sockets.bind(listener, address(kernel));
            Sockets.listen(listener, 1);
            int next = handshake(probe);
            int accepted =
                    next == 0 ? -1 : Syscall.accept(listener.number(), 0, 0, Syscall.NONBLOCK);
            if (accepted < 0) {
                return false;
            }
            try (Fd socket = new Fd(accepted)) {
                probe.tcp(packet, SEQUENCE + 1, next, Probe.ACK | Probe.PSH, payload);
                int headers = packet.length() - payload.length;
                return taken(packet.segments(Segmentation.TCP, SEGMENT_SIZE, headers))
                        && Arrays.equals(payload, received(socket, payload))
                        && sent(socket)
                        && comesBack(Segmentation.TCP);
            }
        }
    }

    /** Opens a connection; the number of the first byte that the kernel will send, or 0. */
    private int handshake(Probe probe) {
        int[] next = {0};
        if (taken(probe.tcp(packet, SEQUENCE, 0, Probe.SYN, new byte[0]))) {
            await(
                    () -> {
                        queue.receive(answer -> next[0] = afterSynAck(answer, next[0]), 1);
                        return next[0] != 0;
                    });
        }
        probe.tcp(packet, SEQUENCE + 1, next[0], Probe.ACK, new byte[0]);
        return next[0] != 0 && taken(packet) ? next[0] : 0;
    }

    private static int afterSynAck(Packet answer, int otherwise) {
        int found = UpperLayer.find(answer);
        if (found == UpperLayer.NONE || UpperLayer.protocol(found) != UpperLayer.TCP) {
            return otherwise;
        }
        int at = Packet.OFFSET + UpperLayer.start(found);
        int flags = answer.bytes().get(at + 13) & 0x3f;
        return flags == (Probe.SYN | Probe.ACK) ? answer.bytes().getInt(at + 4) + 1 : otherwise;
    }

    /** Whether the kernel's super-packets, cut and summed here, are the payload. */
    private boolean comesBack(Segmentation kind) {
        ByteArrayOutputStream back = new ByteArrayOutputStream();
        boolean[] whole = {false};
        await(
                () -> {
                    queue.receive(
                            answer -> {
                                whole[0] |= answer.segmentation() == kind;
                                if (segmenter.cut(answer, segment -> keep(segment, back)) == 0) {
                                    keep(answer, back);
                                }
                            },
                            SEGMENTS);
                    return back.size() >= payload.length;
                });
        return whole[0] && Arrays.equals(payload, back.toByteArray());
    }

    /** Adds what a packet carries, unless its checksum is wrong. */
    private static void keep(Packet segment, ByteArrayOutputStream into) {
        int found = UpperLayer.find(segment);
        int headers =
                found == UpperLayer.NONE
                        ? UpperLayer.NONE
                        : UpperLayer.headerLength(segment, found);
        if (headers != UpperLayer.NONE
                && PartialChecksum.complete(segment)
                && sumIsRight(segment, found)) {
            byte[] bytes = new byte[segment.length() - headers];
            segment.bytes().get(Packet.OFFSET + headers, bytes);
            into.writeBytes(bytes);
        }
    }

    /** RFC 1071 section 1: all ones over the whole segment and the pseudo-header. */
    private static boolean sumIsRight(Packet segment, int found) {
        int start = UpperLayer.start(found);
        int addresses = UpperLayer.version(segment) == 6 ? 32 : 8;
        // The addresses end the IP header, there being no options; the segment follows.
        int from = Packet.OFFSET + start - addresses;
        int length = segment.length() - start;
        long sum = OnesComplement.sum(segment.bytes(), from, addresses + length);
        return OnesComplement.fold(sum + UpperLayer.protocol(found) + length) == 0xffff;
    }

    /** Whether the kernel itself took the packet, rather than our software for it. */
    private boolean taken(Packet packet) {
        long refusals = queue.refusals();
        return queue.send(packet) == PacketDevice.Sent.TAKEN && queue.refusals() == refusals;
    }

    private boolean sent(Fd socket) {
        memory.put(0, payload);
        long address = NativeMemory.address(memory);
        return Syscall.send(socket.number(), address, payload.length, Syscall.MSG_NOSIGNAL)
                == payload.length;
    }

    /** As many bytes as are expected; a datagram counts for no more than a segment. */
    private byte[] received(Fd socket, byte[] expected) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        long address = NativeMemory.address(memory);
        await(
                () -> {
                    int length = Syscall.recv(socket.number(), address, SEGMENT_SIZE, 0);
                    for (int i = 0; i < length; i++) {
                        all.write(memory.get(i));
                    }
                    return all.size() >= expected.length;
                });
        return all.toByteArray();
    }

    private static SocketAddressBuffer address(InetAddress address) {
        return new SocketAddressBuffer().set(new InetSocketAddress(address, PORT));
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean() && System.nanoTime() - deadline < 0) {
            Thread.onSpinWait();
        }
    }
}
