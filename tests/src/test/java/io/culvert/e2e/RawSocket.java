package io.culvert.e2e;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** Sends packets from a host as they are, IP header included, by the host's routes: raw(7). */
final class RawSocket implements AutoCloseable {
    private static final int IPPROTO_RAW = 255;
    private static final int LARGEST = 65_535;

    private final Fd socket;
    private final ByteBuffer buffer = NativeMemory.allocate(LARGEST);

    private RawSocket(Fd socket) {
        this.socket = socket;
    }

    static RawSocket on(Host host, Family family, InetAddress destination) throws IOException {
        Fd socket = host.namespace().call(() -> Sockets.raw(family.isIpv6(), IPPROTO_RAW));
        SocketAddressBuffer to =
                new SocketAddressBuffer().set(new InetSocketAddress(destination, 0));
        check("connect", Syscall.connect(socket.number(), to.address(), to.length()));
        return new RawSocket(socket);
    }

    void send(byte[] packet) throws IOException {
        buffer.put(0, packet);
        check(
                "send",
                Syscall.send(socket.number(), NativeMemory.address(buffer), packet.length, 0));
    }

    private static void check(String call, int result) throws IOException {
        if (result < 0) {
            throw new IOException(call + ": " + Errno.of(-result));
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
