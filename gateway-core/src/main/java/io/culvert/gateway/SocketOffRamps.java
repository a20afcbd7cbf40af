package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.upgrade.SocketOffRamp;

import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The socket off-ramps of a running gateway. A flow that left by one has its socket and goes on,
 * whatever becomes of the off-ramp.
 *
 * <p>Threading: one changes them, any may look.
 */
final class SocketOffRamps {
    private final Optional<InetSocketAddress> resolver;
    private final Map<String, SocketOffRamp> byName = new ConcurrentHashMap<>();

    /**
     * @param resolver the host's DNS server
     */
    SocketOffRamps(Optional<InetSocketAddress> resolver) {
        this.resolver = resolver;
    }

    /** A view. */
    Map<String, SocketOffRamp> byName() {
        return Collections.unmodifiableMap(byName);
    }

    /** Those of the configuration are there from now on, and no others. */
    void become(Configuration configuration) {
        add(configuration);
        byName.keySet().retainAll(of(configuration).keySet());
    }

    /** Those of the configuration are there from now on, beside the others. */
    void add(Configuration configuration) {
        byName.putAll(of(configuration));
    }

    private Map<String, SocketOffRamp> of(Configuration configuration) {
        Map<String, SocketOffRamp> sockets = new HashMap<>();
        for (OffRamp offRamp : configuration.offramps()) {
            if (offRamp instanceof OffRamp.Socket socket) {
                sockets.put(
                        socket.name(),
                        new SocketOffRamp(socket.hostLoopback(), socket.dns(), resolver));
            }
        }
        return sockets;
    }
}
