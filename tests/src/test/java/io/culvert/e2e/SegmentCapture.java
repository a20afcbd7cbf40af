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
 * How long the TCP segments are that pass a device, where several pass as one super-packet:
 * packet(7) with PACKET_VNET_HDR.
 */
final class SegmentCapture implements AutoCloseable {
    static final int SOL_PACKET = 263;
    static final int PACKET_VNET_HDR = 15;

    /** {@code struct virtio_net_hdr}. */
    static final int VNET_HEADER = 10;

    private static final int SEGMENT_SIZE = 4;

    private final Fd socket;
    private final ByteBuffer buffer = NativeMemory.allocateNative(VNET_HEADER + 65_600);
    private final long address = NativeMemory.address(buffer);
    private final ByteBuffer bytes = buffer.duplicate();
    private final IpPacket packet = new IpPacket();
    private int seen;
    private int smallest = Integer.MAX_VALUE;
    private int largest;

    private SegmentCapture(Fd socket) {
        this.socket = socket;
    }

    static SegmentCapture on(Host host, String device) throws IOException {
        return host.namespace()
                .call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                return new SegmentCapture(
                                        open(rtnetlink.index(device), PacketSocket.ETH_P_ALL));
                            }
                        });
    }

    /** A packet socket whose packets have a {@code virtio_net_hdr} before them. */
    static Fd open(int index, int protocol) throws IOException {
        Fd fd = PacketSocket.openRaw(index, protocol);
        int result = Syscall.setsockopt(fd.number(), SOL_PACKET, PACKET_VNET_HDR, 1);
        if (result < 0) {
            throw new IOException("PACKET_VNET_HDR: " + Errno.of(-result));
        }
        return fd;
    }

    /** Looks at what has passed since, segments with data alone. */
    void look(Predicate<IpPacket> fits) {
        int length = Syscall.recv(socket.number(), address, buffer.capacity(), 0);
        while (length >= 0) {
            if (packet.wrap(bytes, VNET_HEADER, length - VNET_HEADER) == Defect.NONE
                    && packet.tcp() != null
                    && packet.tcp().payloadLength() > 0
                    && fits.test(packet)) {
                int segment = buffer.getShort(SEGMENT_SIZE) & 0xffff;
                int size = segment == 0 ? packet.tcp().payloadLength() : segment;
                seen++;
                smallest = Math.min(smallest, size);
                largest = Math.max(largest, size);
            }
            length = Syscall.recv(socket.number(), address, buffer.capacity(), 0);
        }
    }

    /** From now on. */
    void clear() {
        look(ip -> false);
        seen = 0;
        smallest = Integer.MAX_VALUE;
        largest = 0;
    }

    int seen() {
        return seen;
    }

    /** Payload bytes of the shortest segment. */
    int smallest() {
        return smallest;
    }

    int largest() {
        return largest;
    }

    @Override
    public void close() {
        socket.close();
    }
}
