package io.culvert.e2e;

import io.culvert.flow.PacketCounters;
import io.culvert.gateway.Gateway;
import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Sends packets out of a device in quantity, a hundred thousand a second and more: packet(7) and
 * sendmmsg(2). Out of an on-ramp's device is into the gateway.
 *
 * <p>A TUN device drops what its queue has no room for, and nobody counts that as received. So a
 * flood either keeps within the queue, where every packet is to arrive ({@link #withinQueueOf}), or
 * keeps to a rate ({@link #atRate}), as an attacker does who does not care.
 *
 * <p>Confined to one thread.
 */
final class PacketFlood implements AutoCloseable {
    /** Packets that a call sends. */
    static final int BATCH = 64;

    /** Bytes that one may have. */
    static final int LONGEST = 2_048;

    /** Of the 10,000 that the queue of an on-ramp's device holds. */
    private static final int UNDER_WAY = 4_000;

    /** For ten thousand packets, as the kernel counts their memory. */
    private static final int SEND_BUFFER = 32 * 1024 * 1024;

    private static final long PAUSE_NANOS = 20_000;
    private static final long SECOND = 1_000_000_000L;

    /** {@code struct mmsghdr} and {@code struct iovec} of 64-bit Linux. */
    private static final int HEADER = 64;

    private static final int VECTOR = 16;
    private static final int VECTORS_FIELD = 16;
    private static final int VECTORS_LENGTH_FIELD = 24;
    private static final int VECTOR_LENGTH_FIELD = 8;

    private final Fd ipv4;
    private final Fd ipv6;
    private final ByteBuffer packets = NativeMemory.allocate(BATCH * LONGEST);
    private final ByteBuffer headers = NativeMemory.allocateNative(BATCH * (HEADER + VECTOR));
    private final long headersAddress = NativeMemory.address(headers);

    private LongSupplier arrived = () -> 0;
    private boolean withinQueue;
    private long nanosPerPacket;
    private long begunAtNanos;
    private boolean batchOfIpv6;
    private int waiting;
    private long sent;
    private long refused;

    private PacketFlood(Fd ipv4, Fd ipv6) {
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
        long packetsAddress = NativeMemory.address(packets);
        for (int i = 0; i < BATCH; i++) {
            int vector = BATCH * HEADER + i * VECTOR;
            headers.putLong(i * HEADER + VECTORS_FIELD, headersAddress + vector);
            headers.putLong(i * HEADER + VECTORS_LENGTH_FIELD, 1);
            headers.putLong(vector, packetsAddress + (long) i * LONGEST);
        }
    }

    private static PacketFlood on(Host host, String device) throws IOException {
        return host.namespace()
                .call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                int index = rtnetlink.index(device);
                                return new PacketFlood(
                                        open(index, PacketSocket.ETH_P_IP),
                                        open(index, PacketSocket.ETH_P_IPV6));
                            }
                        });
    }

    /** The device's queue is to be what is full first; without the privilege the socket is. */
    private static Fd open(int index, int protocol) throws IOException {
        Fd fd = PacketSocket.open(index, protocol);
        Syscall.setsockopt(
                fd.number(), SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUFFORCE, SEND_BUFFER);
        return fd;
    }

    /** Every packet arrives, as long as nothing else does at the gateway. */
    static PacketFlood withinQueueOf(Gateway gateway, Host host, String device) throws IOException {
        PacketFlood flood = on(host, device);
        long before = received(gateway);
        flood.arrived = () -> received(gateway) - before;
        flood.withinQueue = true;
        return flood;
    }

    /** One of several floods of equally many packets, which share what arrives. */
    PacketFlood oneOf(int floods) {
        LongSupplier all = arrived;
        arrived = () -> all.getAsLong() / floods;
        return this;
    }

    /** So many packets a second, whatever becomes of them. */
    static PacketFlood atRate(int packetsPerSecond, Host host, String device) throws IOException {
        PacketFlood flood = on(host, device);
        flood.nanosPerPacket = SECOND / packetsPerSecond;
        flood.begunAtNanos = System.nanoTime();
        return flood;
    }

    static long received(Gateway gateway) {
        return gateway.counters().stream().mapToLong(PacketCounters::receivedCount).sum();
    }

    /** Sends a packet, with the next ones; IPv6 where the version says so. */
    void send(byte[] packet) throws IOException {
        send(packet, packet.length);
    }

    void send(byte[] packet, int length) throws IOException {
        boolean six = packet[0] >> 4 == 6;
        if (six != batchOfIpv6) {
            flush();
            batchOfIpv6 = six;
        }
        packets.put(waiting * LONGEST, packet, 0, length);
        headers.putLong(BATCH * HEADER + waiting * VECTOR + VECTOR_LENGTH_FIELD, length);
        waiting++;
        if (waiting == BATCH) {
            flush();
        }
    }

    /** Sends what waits. */
    void flush() throws IOException {
        keepBack();
        int at = 0;
        while (at < waiting) {
            int result =
                    Syscall.sendmmsg(
                            (batchOfIpv6 ? ipv6 : ipv4).number(),
                            headersAddress + (long) at * HEADER,
                            waiting - at,
                            0);
            if (result >= 0) {
                at += result;
            } else if (!Errno.ENOBUFS.is(result) && !Errno.EAGAIN.is(result)) {
                throw new IOException("sendmmsg: " + Errno.of(-result));
            } else if (withinQueue) {
                LockSupport.parkNanos(PAUSE_NANOS);
            } else {
                refused++;
                at++;
            }
        }
        sent += waiting;
        waiting = 0;
    }

    private void keepBack() {
        if (withinQueue) {
            while (sent + waiting - arrived.getAsLong() > UNDER_WAY) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } else {
            long due = begunAtNanos + sent * nanosPerPacket;
            long early = due - System.nanoTime();
            if (early > 0) {
                LockSupport.parkNanos(early);
            }
        }
    }

    /** Packets that the kernel was given. */
    long sent() {
        return sent;
    }

    /** Those among them that found no room at once. */
    long refused() {
        return refused;
    }

    @Override
    public void close() {
        ipv4.close();
        ipv6.close();
    }
}
