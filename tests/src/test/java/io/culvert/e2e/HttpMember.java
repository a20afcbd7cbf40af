package io.culvert.e2e;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server of HTTP/1.1 that answers {@link HttpLoad}, or fails in one of the ways that servers do.
 * It counts what comes to it, and how much of that at once.
 */
final class HttpMember implements AutoCloseable {
    private static final int HEAD = 16_384;

    private final ServerSocketChannel listener;
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
    private final Set<InetAddress> peers = ConcurrentHashMap.newKeySet();
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong hidden = new AtomicLong();
    private final AtomicInteger live = new AtomicInteger();
    private final AtomicInteger mostConnections = new AtomicInteger();
    private final AtomicInteger mostRequests = new AtomicInteger();
    private final Semaphore gate = new Semaphore(0);
    private volatile Manner manner = Manner.WELL;

    /** What becomes of a request. */
    enum Manner {
        /** It is answered. */
        WELL,
        /** So it is, with 503. */
        UNAVAILABLE,
        /** Nothing is ever said to it. */
        SILENT,
        /** The connection is reset. */
        RESETS,
        /** The connection is reset in the middle of the answer. */
        BREAKS_OFF,
        /** It is answered when the test says so: {@link #answer}. */
        HELD
    }

    private HttpMember(ServerSocketChannel listener) {
        this.listener = listener;
    }

    static HttpMember on(Host host, InetAddress address, int port) throws IOException {
        Family family = address.getAddress().length == 4 ? Family.IPV4 : Family.IPV6;
        HttpMember member = new HttpMember(host.listen(family, address, port));
        Thread.ofVirtual().name("accept").start(member::accept);
        return member;
    }

    InetSocketAddress address() throws IOException {
        return (InetSocketAddress) listener.getLocalAddress();
    }

    /** From the next request on. */
    void become(Manner next) {
        manner = next;
    }

    /** Answers that many of those that are held. */
    void answer(int count) {
        gate.release(count);
    }

    /** Requests whose head has come. */
    long requests() {
        return requests.get();
    }

    /** Requests for {@code /hidden}, which nobody may have asked for. */
    long hidden() {
        return hidden.get();
    }

    int live() {
        return live.get();
    }

    /** Addresses that connections came from. */
    Set<InetAddress> peers() {
        return peers;
    }

    /** Connections, at most, at once. */
    int mostConnections() {
        return mostConnections.get();
    }

    /** Requests under way, at most, at once. */
    int mostRequests() {
        return mostRequests.get();
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel connection = listener.accept();
                open.add(connection);
                peers.add(((InetSocketAddress) connection.getRemoteAddress()).getAddress());
                mostConnections.accumulateAndGet(open.size(), Math::max);
                Thread.ofVirtual().start(() -> serve(connection));
            } catch (IOException e) {
                // Closed, or nothing that a server would end for.
            }
        }
    }

    private void serve(SocketChannel connection) {
        try (connection) {
            DataInputStream in = new DataInputStream(Channels.newInputStream(connection));
            connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
            for (String head = head(in); head != null; head = head(in)) {
                requests.incrementAndGet();
                if (head.contains(" /hidden ")) {
                    hidden.incrementAndGet();
                }
                mostRequests.accumulateAndGet(live.incrementAndGet(), Math::max);
                try {
                    answer(connection, head, in.readNBytes(length(head)));
                } finally {
                    live.decrementAndGet();
                }
            }
        } catch (IOException | InterruptedException e) {
            // The client has gone.
        } finally {
            open.remove(connection);
        }
    }

    private void answer(SocketChannel connection, String head, byte[] body)
            throws IOException, InterruptedException {
        switch (manner) {
            case WELL -> respond(connection, "200 OK", content(head, body), 0);
            case UNAVAILABLE ->
                    respond(
                            connection,
                            "503 Service Unavailable",
                            "busy".getBytes(StandardCharsets.UTF_8),
                            0);
            case SILENT -> {
                ByteBuffer rest = ByteBuffer.allocate(1024);
                while (connection.read(rest.clear()) >= 0) {
                    // Until the client has enough.
                }
            }
            case RESETS -> reset(connection);
            case BREAKS_OFF -> {
                byte[] content = content(head, body);
                respond(connection, "200 OK", content, content.length / 2);
                reset(connection);
            }
            case HELD -> {
                gate.acquire();
                respond(connection, "200 OK", content(head, body), 0);
            }
        }
    }

    /** What was sent, or what the path's number stands for. */
    private static byte[] content(String head, byte[] body) {
        if (head.startsWith("POST ")) {
            return body;
        }
        String path = head.substring(head.indexOf(' ') + 1, head.indexOf(" HTTP/"));
        return path.matches("/[0-9]+")
                ? new Content(Integer.parseInt(path.substring(1))).bytes(HttpLoad.BODY)
                : "well".getBytes(StandardCharsets.UTF_8);
    }

    private static void respond(SocketChannel to, String status, byte[] body, int missing)
            throws IOException {
        ByteBuffer head =
                ByteBuffer.wrap(
                        "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n"
                                .formatted(status, body.length)
                                .getBytes(StandardCharsets.UTF_8));
        ByteBuffer rest = ByteBuffer.wrap(body, 0, body.length - missing);
        ByteBuffer[] both = {head, rest};
        while (rest.hasRemaining() || head.hasRemaining()) {
            to.write(both);
        }
    }

    private static void reset(SocketChannel connection) throws IOException {
        connection.setOption(StandardSocketOptions.SO_LINGER, 0);
        connection.close();
    }

    private static String head(DataInputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n", Math.max(0, head.length() - 4)) < 0) {
            int next = in.read();
            if (next < 0 || head.length() > HEAD) {
                return null;
            }
            head.append((char) next);
        }
        return head.toString();
    }

    private static int length(String head) {
        for (String line : head.toLowerCase(Locale.ROOT).split("\r\n", -1)) {
            if (line.startsWith("content-length:")) {
                return Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
            }
        }
        return 0;
    }

    /** Ends as a process that is killed does: its kernel resets what it had. */
    @Override
    public void close() throws IOException {
        listener.close();
        for (SocketChannel connection : open) {
            if (connection.isOpen()) {
                reset(connection);
            }
        }
    }
}
