package io.culvert.gateway.demo;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.tun.NetworkNamespace;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A TCP port with a service behind it.
 *
 * <p>Threading: one thread accepts, each connection is served on one of its own; all are daemons.
 */
final class TcpServer implements AutoCloseable {
    private static final int BACKLOG = 1_024;
    private static final int BUFFER = 256 * 1024;

    private final Fd listener;
    private final Service service;
    private final Thread acceptor;
    private final ExecutorService servants =
            Executors.newCachedThreadPool(
                    Thread.ofPlatform().daemon().name("demo-servant-", 0).factory());
    private final ThreadLocal<ByteBuffer> buffers =
            ThreadLocal.withInitial(() -> NativeMemory.allocate(BUFFER));

    /** What a client gets. */
    @FunctionalInterface
    interface Service {
        /**
         * Serves one client, whose connection is closed afterwards.
         *
         * @param buffer direct, to be used freely until this returns
         */
        void serve(Connection client, ByteBuffer buffer) throws IOException;
    }

    private TcpServer(Fd listener, Service service) {
        this.listener = listener;
        this.service = service;
        acceptor = Thread.ofPlatform().daemon().name("demo-acceptor").start(this::accept);
    }

    static TcpServer open(NetworkNamespace where, IpAddress address, int port, Service service)
            throws IOException {
        Fd listener = where.call(() -> Sockets.tcp(!address.isIpv4()));
        try {
            Sockets.set(listener, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
            Sockets.bind(
                    listener, new SocketAddressBuffer().set(address.high(), address.low(), port));
            Sockets.listen(listener, BACKLOG);
            Sockets.blocking(listener, true);
            return new TcpServer(listener, service);
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw e;
        }
    }

    private void accept() {
        int socket = next();
        while (socket >= 0 || Errno.ECONNABORTED.is(socket)) {
            if (socket >= 0) {
                int accepted = socket;
                servants.execute(() -> serve(accepted));
            }
            socket = next();
        }
    }

    private int next() {
        return Syscall.accept(listener.number(), 0, 0, Syscall.CLOEXEC);
    }

    private void serve(int socket) {
        try (Connection client = Connection.accepted(socket)) {
            service.serve(client, buffers.get().clear());
        } catch (IOException ignored) {
            // The client has gone; it knows why, and the scene that it is in tells.
        }
    }

    /** Takes no more connections; those that there are go on until they end. */
    @Override
    public void close() {
        // On Linux this ends a waiting accept(2) with EINVAL.
        Syscall.shutdown(listener.number(), Syscall.SHUT_RDWR);
        try {
            acceptor.join(Patience.CALL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        servants.shutdown();
        listener.close();
    }
}
