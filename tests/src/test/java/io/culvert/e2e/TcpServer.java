package io.culvert.e2e;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Serves each connection on a thread of its own and closes it afterwards. */
final class TcpServer implements AutoCloseable {
    private final ServerSocketChannel listener;
    private final Service service;
    private final AtomicInteger accepted = new AtomicInteger();
    private final List<Throwable> failures = new CopyOnWriteArrayList<>();

    private TcpServer(ServerSocketChannel listener, Service service) {
        this.listener = listener;
        this.service = service;
    }

    /** What is done with a connection. */
    @FunctionalInterface
    interface Service {
        void serve(SocketChannel connection) throws Exception;
    }

    /** Sends back what comes, until the other side has ended. */
    static final Service ECHO =
            connection -> {
                ByteBuffer buffer = ByteBuffer.allocateDirect(65_536);
                while (connection.read(buffer) >= 0) {
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        connection.write(buffer);
                    }
                    buffer.clear();
                }
            };

    static TcpServer on(Host host, Family family, Service service) throws IOException {
        return on(host, family, family.server(), 0, service);
    }

    static TcpServer on(Host host, Family family, InetAddress address, int port, Service service)
            throws IOException {
        TcpServer server = new TcpServer(host.listen(family, address, port), service);
        Thread.ofVirtual().name("accept").start(server::accept);
        return server;
    }

    InetSocketAddress address() throws IOException {
        return (InetSocketAddress) listener.getLocalAddress();
    }

    int accepted() {
        return accepted.get();
    }

    /** What services threw; what a test does not expect is its failure. */
    List<Throwable> failures() {
        return failures;
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel connection = listener.accept();
                accepted.incrementAndGet();
                Thread.ofVirtual().start(() -> serve(connection));
            } catch (IOException e) {
                if (listener.isOpen()) {
                    failures.add(e);
                }
            }
        }
    }

    private void serve(SocketChannel connection) {
        try (connection) {
            service.serve(connection);
        } catch (Exception | AssertionError e) {
            failures.add(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
