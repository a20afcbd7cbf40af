package io.culvert.e2e;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** A TCP client of which more can be asked than the JDK asks. */
final class KernelTcp implements AutoCloseable {
    private static final int CHUNK = 65_536;

    /** {@code struct tcp_info} of linux/tcp.h. */
    private static final int TCP_INFO = 104;

    private static final int SEND_SEGMENT_SIZE = 16;
    private static final int RECEIVED_SEGMENT_SIZE = 20;

    private final Fd socket;
    private final ByteBuffer buffer = NativeMemory.allocateNative(CHUNK);
    private final long address = NativeMemory.address(buffer);

    private KernelTcp(Fd socket) {
        this.socket = socket;
    }

    static KernelTcp connect(Host host, Family family, InetSocketAddress to) throws IOException {
        KernelTcp tcp = new KernelTcp(host.namespace().call(() -> Sockets.tcp(family.isIpv6())));
        Sockets.blocking(tcp.socket, true);
        SocketAddressBuffer name = new SocketAddressBuffer().set(to);
        tcp.check(Syscall.connect(tcp.socket.number(), name.address(), name.length()));
        return tcp;
    }

    /** Reads to the end and answers how much there was. */
    long readAll() throws IOException {
        long all = 0;
        while (true) {
            int read = check(Syscall.recv(socket.number(), address, CHUNK, 0));
            if (read == 0) {
                return all;
            }
            all += read;
        }
    }

    /** Payload bytes of the largest segment that came, as the kernel estimates it. */
    int receivedSegmentSize() throws IOException {
        return info(RECEIVED_SEGMENT_SIZE);
    }

    /** Payload bytes of the segments that the kernel sends. */
    int sendSegmentSize() throws IOException {
        return info(SEND_SEGMENT_SIZE);
    }

    private int info(int field) throws IOException {
        buffer.putInt(TCP_INFO, TCP_INFO);
        check(
                Syscall.getsockopt(
                        socket.number(),
                        SocketOptions.IPPROTO_TCP,
                        SocketOptions.TCP_INFO,
                        address,
                        address + TCP_INFO));
        return buffer.getInt(field);
    }

    private int check(int result) throws IOException {
        if (result < 0) {
            throw new IOException(Errno.of(-result).meaning());
        }
        return result;
    }

    @Override
    public void close() {
        socket.close();
    }
}
