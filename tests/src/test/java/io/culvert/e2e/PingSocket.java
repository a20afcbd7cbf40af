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
import java.time.Duration;

/** Echo requests by the host's own kernel, which fragments and reassembles: icmp(7). */
final class PingSocket implements AutoCloseable {
    private static final int HEADER = 8;
    private static final int LARGEST = 65_535;

    private final boolean ipv6;
    private final Fd socket;
    private final ByteBuffer buffer = NativeMemory.allocate(LARGEST);
    private final long address = NativeMemory.address(buffer);

    private PingSocket(boolean ipv6, Fd socket) {
        this.ipv6 = ipv6;
        this.socket = socket;
    }

    static PingSocket on(Host host, Family family, InetAddress target) throws IOException {
        host.namespace().sysctl("net.ipv4.ping_group_range", "0 0");
        Fd socket = host.namespace().call(() -> Sockets.echo(family.isIpv6()));
        Sockets.blocking(socket, true);
        Sockets.timeout(socket, Duration.ofSeconds(15));
        SocketAddressBuffer to = new SocketAddressBuffer().set(new InetSocketAddress(target, 0));
        check("connect", Syscall.connect(socket.number(), to.address(), to.length()));
        return new PingSocket(family.isIpv6(), socket);
    }

    /** Sends a request and answers what the reply carries. */
    byte[] ask(byte[] payload) throws IOException {
        buffer.putLong(0, 0).put(0, (byte) (ipv6 ? 128 : 8)).put(HEADER, payload);
        check("send", Syscall.send(socket.number(), address, HEADER + payload.length, 0));
        int length = Syscall.recv(socket.number(), address, LARGEST, 0);
        check("recv", length);
        byte[] reply = new byte[length - HEADER];
        buffer.get(HEADER, reply);
        return reply;
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
