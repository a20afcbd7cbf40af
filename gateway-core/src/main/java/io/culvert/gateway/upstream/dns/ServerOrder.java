package io.culvert.gateway.upstream.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * In which order name servers are asked: as configured, but those that did not answer lately after
 * those that did, so that a dead one costs one question a while and not each.
 *
 * <p>Threading: one thread.
 */
final class ServerOrder {
    static final Duration PENALTY = Duration.ofSeconds(30);

    private final LongSupplier clock;
    private final Map<InetSocketAddress, Long> silentUntilNanos = new HashMap<>();

    ServerOrder(LongSupplier clock) {
        this.clock = clock;
    }

    /** The servers in the order in which they are to be asked now. */
    List<InetSocketAddress> of(List<InetSocketAddress> servers) {
        long now = clock.getAsLong();
        silentUntilNanos.values().removeIf(until -> now - until >= 0);
        List<InetSocketAddress> order = new ArrayList<>();
        servers.stream().filter(one -> !silentUntilNanos.containsKey(one)).forEach(order::add);
        servers.stream().filter(silentUntilNanos::containsKey).forEach(order::add);
        return order;
    }

    /** It did not answer. */
    void silent(InetSocketAddress server) {
        silentUntilNanos.put(server, clock.getAsLong() + PENALTY.toNanos());
    }

    /** It did. */
    void answered(InetSocketAddress server) {
        silentUntilNanos.remove(server);
    }
}
