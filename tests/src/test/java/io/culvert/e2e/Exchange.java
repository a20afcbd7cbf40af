package io.culvert.e2e;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connections whose two sides send so many bytes to each other at once, each connection others: the
 * server names the content. At most 127 connections.
 */
final class Exchange {
    private final int bytes;
    private final AtomicInteger next = new AtomicInteger();

    Exchange(int bytes) {
        this.bytes = bytes;
    }

    /** What the server does with a connection. */
    void serve(SocketChannel connection) throws Exception {
        int number = next.incrementAndGet();
        connection.write(ByteBuffer.wrap(new byte[] {(byte) number}));
        both(connection, new Content(number), new Content(1000 + number));
    }

    /** What its client does. */
    void ask(SocketChannel client) throws Exception {
        ByteBuffer name = ByteBuffer.allocate(1);
        client.read(name);
        int number = name.get(0);
        both(client, new Content(1000 + number), new Content(number));
    }

    /** Connects so many clients at once, and waits until each has and has sent everything. */
    void run(int clients, Host host, Family family, TcpServer server) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?>[] all = new Future<?>[clients];
            for (int i = 0; i < clients; i++) {
                all[i] =
                        threads.submit(
                                () -> {
                                    try (SocketChannel client =
                                            host.connect(family, server.address())) {
                                        ask(client);
                                    }
                                    return null;
                                });
            }
            for (Future<?> each : all) {
                get(each);
            }
        }
    }

    private void both(SocketChannel channel, Content sent, Content received) throws Exception {
        try (ExecutorService sender = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Void> sending =
                    sender.submit(
                            () -> {
                                sent.send(channel, bytes);
                                channel.shutdownOutput();
                                return null;
                            });
            received.receiveAll(channel, bytes);
            get(sending);
        }
    }

    private static void get(Future<?> future) throws Exception {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }
}
