package io.culvert.e2e;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.Syscall;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Predicate;

/**
 * Packets of a device as they are, packet(7): shows every IP packet that passes it, whichever way,
 * and sends any bytes at all out of it, which for an on-ramp's device is into the gateway.
 */
final class PacketSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;

    /** Packets without their link-layer header. */
    private static final int SOCK_DGRAM = 2;

    /** Packets with it; a TUN device has none. */
    private static final int SOCK_RAW = 3;

    static final int ETH_P_ALL = 0x0003;
    static final int ETH_P_IP = 0x0800;
    static final int ETH_P_IPV6 = 0x86dd;

    /** {@code struct sockaddr_ll}: family, protocol in network order, index, four more fields. */
    private static final int SOCKADDR_LL = 20;

    private static final int LARGEST = 65_600;

    private final Fd capture;
    private final Fd ipv4;
    private final Fd ipv6;
    private final ByteBuffer buffer = NativeMemory.allocate(LARGEST);
    private final long address = NativeMemory.address(buffer);
    private final IpPacket packet = new IpPacket();
    private int received;

    private PacketSocket(Fd capture, Fd ipv4, Fd ipv6) {
        this.capture = capture;
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
    }

    static PacketSocket on(Host host, String device) throws IOException {
        return host.namespace()
                .call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                int index = rtnetlink.index(device);
                                return new PacketSocket(
                                        open(index, ETH_P_ALL),
                                        open(index, ETH_P_IP),
                                        open(index, ETH_P_IPV6));
                            }
                        });
    }

    static Fd open(int index, int protocol) throws IOException {
        return open(index, protocol, SOCK_DGRAM);
    }

    /** The same for packets as they are on the device. */
    static Fd openRaw(int index, int protocol) throws IOException {
        return open(index, protocol, SOCK_RAW);
    }

    private static Fd open(int index, int protocol, int type) throws IOException {
        int socket = Syscall.socket(AF_PACKET, type | Syscall.NONBLOCK | Syscall.CLOEXEC, 0);
        check("socket", socket);
        Fd fd = new Fd(socket);
        ByteBuffer name = NativeMemory.allocateNative(SOCKADDR_LL);
        name.putShort(0, (short) AF_PACKET);
        name.putShort(2, Short.reverseBytes((short) protocol));
        name.putInt(4, index);
        check("bind", Syscall.bind(socket, NativeMemory.address(name), SOCKADDR_LL));
        return fd;
    }

    private static void check(String call, int result) throws IOException {
        if (result < 0) {
            throw new IOException(call + ": " + Errno.of(-result));
        }
    }

    /** Sends bytes as a packet, whatever they are; IPv6 where the version says so. */
    void send(byte[] bytes) throws IOException {
        buffer.put(0, bytes);
        Fd fd = bytes.length > 0 && bytes[0] >> 4 == 6 ? ipv6 : ipv4;
        int result = Syscall.send(fd.number(), address, bytes.length, 0);
        while (Errno.ENOBUFS.is(result) || Errno.EAGAIN.is(result)) {
            Thread.onSpinWait();
            result = Syscall.send(fd.number(), address, bytes.length, 0);
        }
        check("send", result);
    }

    /**
     * Waits for a packet that fits. What it answers is valid until the next call.
     *
     * @param what for the failure's message
     */
    IpPacket await(String what, Predicate<IpPacket> fits) throws Exception {
        Eventually.holds("a packet: " + what, () -> next(fits));
        return packet;
    }

    /** Whether a packet that fits is among those that have passed since the last call. */
    boolean next(Predicate<IpPacket> fits) {
        int length = Syscall.recv(capture.number(), address, LARGEST, 0);
        while (length >= 0) {
            received = length;
            if (packet.wrap(buffer, 0, length) == Defect.NONE && fits.test(packet)) {
                return true;
            }
            length = Syscall.recv(capture.number(), address, LARGEST, 0);
        }
        return false;
    }

    /** Bytes of the last packet, and of what came behind it. */
    int received() {
        return received;
    }

    @Override
    public void close() {
        capture.close();
        ipv4.close();
        ipv6.close();
    }
}
