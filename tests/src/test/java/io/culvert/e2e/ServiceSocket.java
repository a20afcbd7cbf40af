package io.culvert.e2e;

import jnr.unixsocket.UnixDatagramChannel;
import jnr.unixsocket.UnixSocketAddress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The socket by which systemd hears of a service's state, sd_notify(3). */
final class ServiceSocket implements AutoCloseable {
    private final Path path;
    private final UnixDatagramChannel channel = UnixDatagramChannel.open();
    private final List<String> told = new CopyOnWriteArrayList<>();

    private ServiceSocket(Path path) throws IOException {
        this.path = path;
        channel.bind(new UnixSocketAddress(path.toFile()));
        Thread.ofPlatform().daemon().name("service socket").start(this::listen);
    }

    static ServiceSocket at(Path path) throws IOException {
        return new ServiceSocket(path);
    }

    private void listen() {
        ByteBuffer message = ByteBuffer.allocate(1024);
        try {
            while (channel.receive(message.clear()) != null) {
                told.add(StandardCharsets.UTF_8.decode(message.flip()).toString());
            }
        } catch (IOException closed) {
            // The end of the test.
        }
    }

    /** What stands before a command that is to use it. */
    List<String> wrapper() {
        return List.of("env", "NOTIFY_SOCKET=" + path);
    }

    /** Each message so far. */
    List<String> told() {
        return List.copyOf(told);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
