package io.culvert.gateway.demo;

import io.culvert.linux.DatagramReader;
import io.culvert.linux.DatagramWriter;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.tun.NetworkNamespace;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Sends every datagram back to where it came from: RFC 862.
 *
 * <p>Threading: one thread, a daemon.
 */
final class UdpEchoServer implements AutoCloseable {
    static final int PORT = 7;

    private static final int BATCH = 16;
    private static final int LARGEST = 65_535;

    /** How long it may take to notice the end. */
    private static final Duration GLANCE = Duration.ofMillis(200);

    private final Fd socket;
    private final Thread thread;
    private volatile boolean closed;

    private UdpEchoServer(Fd socket) {
        this.socket = socket;
        thread = Thread.ofPlatform().daemon().name("demo-udp-echo").start(this::serve);
    }

    static UdpEchoServer open(NetworkNamespace where, IpAddress address) throws IOException {
        Fd socket = where.call(() -> Sockets.udp(!address.isIpv4()));
        try {
            Sockets.bind(
                    socket, new SocketAddressBuffer().set(address.high(), address.low(), PORT));
            Sockets.blocking(socket, true);
            Sockets.timeout(socket, GLANCE);
            return new UdpEchoServer(socket);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void serve() {
        DatagramReader reader = new DatagramReader(BATCH, LARGEST);
        // What cannot be sent is lost, as UDP may.
        DatagramWriter writer =
                new DatagramWriter(BATCH, BATCH * LARGEST, (_, _, _, _, _, _) -> {});
        ByteBuffer glance = NativeMemory.allocate(1);
        int fd = socket.number();
        while (!closed) {
            Syscall.recv(fd, NativeMemory.address(glance), 1, Syscall.MSG_PEEK);
            int count = reader.receive(fd);
            for (int i = 0; i < count; i++) {
                writer.add(
                        fd,
                        reader.sourceHigh(i),
                        reader.sourceLow(i),
                        reader.sourcePort(i),
                        0,
                        reader.bytes(),
                        reader.offset(i),
                        reader.length(i),
                        reader.length(i));
            }
            writer.flush();
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join(Patience.CALL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        socket.close();
    }
}
