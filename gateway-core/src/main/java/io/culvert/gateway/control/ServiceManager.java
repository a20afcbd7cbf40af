package io.culvert.gateway.control;

import jnr.unixsocket.UnixDatagramChannel;
import jnr.unixsocket.UnixSocketAddress;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Tells systemd what state the service is in: sd_notify(3). Without systemd nobody is told. */
public final class ServiceManager {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);

    private ServiceManager() {}

    /** Sends a state such as {@code READY=1} to the socket that {@code $NOTIFY_SOCKET} names. */
    public static void tell(String state) {
        String socket = System.getenv("NOTIFY_SOCKET");
        if (socket == null || socket.isEmpty()) {
            return;
        }
        // sd_notify(3): a leading @ stands for the zero byte of an abstract address.
        String path = socket.startsWith("@") ? "\0" + socket.substring(1) : socket;
        try (UnixDatagramChannel channel = UnixDatagramChannel.open()) {
            channel.send(
                    ByteBuffer.wrap(state.getBytes(StandardCharsets.UTF_8)),
                    new UnixSocketAddress(path));
        } catch (IOException e) {
            LOG.warn("Could not tell the service manager {}", state, e);
        }
    }
}
