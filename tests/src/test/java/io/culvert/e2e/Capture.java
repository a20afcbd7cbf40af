package io.culvert.e2e;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Every packet that the gateway writes to a device, as it wrote it, packet(7). What the host sends
 * into the device is left out.
 */
final class Capture implements AutoCloseable {
    /** A packet. */
    static final class Captured {
        private final byte[] bytes;
        private final boolean partial;

        private Captured(byte[] bytes, boolean partial) {
            this.bytes = bytes;
            this.partial = partial;
        }

        byte[] bytes() {
            return bytes;
        }

        /** Whether its transport checksum holds the pseudo-header's sum only. */
        boolean partial() {
            return partial;
        }
    }

    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW = 3;
    private static final int ETH_P_ALL = 0x0003;
    private static final int SOCKADDR_LL = 20;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_VNET_HDR = 15;
    private static final int PACKET_IGNORE_OUTGOING = 23;

    /** {@code struct virtio_net_hdr}, before each packet. */
    private static final int VNET_HEADER = 10;

    private static final int NEEDS_CHECKSUM = 1;
    private static final int LARGEST = VNET_HEADER + 65_600;

    private final Host host;
    private final String device;
    private final long before;
    private final Fd socket;
    private final ByteBuffer buffer = NativeMemory.allocate(LARGEST);
    private final List<Captured> packets = new ArrayList<>();
    private int shown;

    private Capture(Host host, String device, Fd socket) throws IOException {
        this.host = host;
        this.device = device;
        this.socket = socket;
        before = host.packetsReceived(device);
    }

    static Capture on(Host host, String device) throws IOException {
        return host.namespace()
                .call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                return new Capture(host, device, open(rtnetlink.index(device)));
                            }
                        });
    }

    private static Fd open(int index) throws IOException {
        int type = SOCK_RAW | Syscall.NONBLOCK | Syscall.CLOEXEC;
        int socket = Syscall.socket(AF_PACKET, type, 0);
        check("socket", socket);
        set(socket, SOL_PACKET, PACKET_VNET_HDR, 1);
        set(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
        ByteBuffer name = NativeMemory.allocateNative(SOCKADDR_LL);
        name.putShort(0, (short) AF_PACKET);
        name.putShort(2, Short.reverseBytes((short) ETH_P_ALL));
        name.putInt(4, index);
        check("bind", Syscall.bind(socket, NativeMemory.address(name), SOCKADDR_LL));
        return new Fd(socket);
    }

    private static void set(int socket, int level, int option, int value) throws IOException {
        check("setsockopt", Syscall.setsockopt(socket, level, option, value));
    }

    private static void check(String call, int result) throws IOException {
        if (result < 0) throw new IOException(call + ": " + Errno.of(-result));
    }

    /** Takes what has come, before the socket has no room for more. */
    void drain() {
        long address = NativeMemory.address(buffer);
        int length = Syscall.recv(socket.number(), address, LARGEST, 0);
        while (length >= VNET_HEADER) {
            byte[] bytes = new byte[length - VNET_HEADER];
            buffer.get(VNET_HEADER, bytes);
            packets.add(new Captured(bytes, (buffer.get(0) & NEEDS_CHECKSUM) != 0));
            length = Syscall.recv(socket.number(), address, LARGEST, 0);
        }
    }

    /** What has come since the last call. */
    List<Captured> next() {
        drain();
        List<Captured> next = List.copyOf(packets.subList(shown, packets.size()));
        shown = packets.size();
        return next;
    }

    /** All there were, as many as the device counts. */
    List<Captured> all() throws Exception {
        Eventually.holds(
                "as many packets as the device counts",
                () -> {
                    drain();
                    return packets.size() == host.packetsReceived(device) - before;
                });
        return packets;
    }

    @Override
    public void close() {
        socket.close();
    }

    @Override
    public String toString() {
        return host + " " + device;
    }
}
