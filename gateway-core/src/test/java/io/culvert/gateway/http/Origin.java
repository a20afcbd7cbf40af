package io.culvert.gateway.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A server of HTTP/1 that answers by the request's path: {@code /echo} with the body and, in
 * brackets, the trailers; {@code /held} never; any other with five bytes, or with the value of the
 * request's field {@code custom-key} or {@code user-agent}.
 */
final class Origin implements AutoCloseable {
    private final ServerSocket server;
    private final Set<Socket> accepted = ConcurrentHashMap.newKeySet();

    Origin() throws IOException {
        server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort());
    }

    private void accept() {
        try {
            for (; ; ) {
                Socket socket = server.accept();
                accepted.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private static void serve(Socket socket) {
        try (Script client = new Script(socket)) {
            // For as long as the tests take.
            socket.setSoTimeout(0);
            for (String head; !(head = client.head()).endsWith("<end>"); ) {
                answer(client, head);
            }
        } catch (IOException e) {
            // The gateway has closed the connection.
        }
    }

    private static void answer(Script client, String head) throws IOException {
        String path = head.split(" ", 3)[1];
        if (path.equals("/held")) {
            String _ = client.rest();
            return;
        }
        String sent = body(client, head);
        String body =
                path.equals("/echo")
                        ? sent
                        : field(head, "custom-key", field(head, "user-agent", "hello"));
        client.send(
                "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                        .formatted(body.length(), head.startsWith("HEAD ") ? "" : body));
    }

    private static String field(String head, String name, String otherwise) {
        return head.lines()
                .filter(line -> line.regionMatches(true, 0, name + ": ", 0, name.length() + 2))
                .findFirst()
                .map(line -> line.substring(name.length() + 2))
                .orElse(otherwise);
    }

    private static String body(Script client, String head) throws IOException {
        int length = Integer.parseInt(field(head, "content-length", "0"));
        if (field(head, "transfer-encoding", "").isEmpty()) {
            return client.read(length);
        }
        StringBuilder body = new StringBuilder();
        for (int size; (size = Integer.parseInt(line(client), 16)) > 0; ) {
            body.append(client.read(size));
            String _ = line(client);
        }
        for (String trailer; !(trailer = line(client)).isEmpty(); ) {
            body.append('[').append(trailer).append(']');
        }
        return body.toString();
    }

    private static String line(Script client) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next; (next = client.socket.getInputStream().read()) != '\n'; ) {
            if (next < 0) {
                throw new IOException("it ends within a line");
            }
            if (next != '\r') {
                line.write(next);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket each : accepted) {
            each.close();
        }
    }
}
