package io.culvert.e2e;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * A TCP port of the client's and under which address and port the server's second address sees it,
 * which RFC 5382 REQ-1 has everybody see it under. It lasts as long as the connection by which that
 * was learnt.
 */
final class MappedPort implements AutoCloseable {
    private final SocketChannel client;
    private final SocketChannel server;

    private MappedPort(SocketChannel client, SocketChannel server) {
        this.client = client;
        this.server = server;
    }

    static MappedPort of(Crossing crossing, Family family) throws IOException {
        SocketChannel client = crossing.client().tcp(family);
        try (ServerSocketChannel listener =
                crossing.server().listen(family, Crossing.secondServer(family), 0)) {
            client.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            client.bind(new InetSocketAddress(family.client(), 0));
            client.socket().connect(listener.getLocalAddress(), 15_000);
            return new MappedPort(client, listener.accept());
        } catch (IOException | RuntimeException e) {
            client.close();
            throw e;
        }
    }

    InetSocketAddress inside() throws IOException {
        return (InetSocketAddress) client.getLocalAddress();
    }

    InetSocketAddress outside() throws IOException {
        return (InetSocketAddress) server.getRemoteAddress();
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
    }
}
