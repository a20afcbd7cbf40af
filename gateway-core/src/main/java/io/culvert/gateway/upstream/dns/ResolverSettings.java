package io.culvert.gateway.upstream.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Who is asked for names, and for how long answers are good. Immutable.
 *
 * @param servers asked in this order; empty for those of the host's resolv.conf(5)
 * @param tenants servers of tenants that have their own, which see no others
 * @param timeout of one question to one server
 * @param cache names and types that are kept
 * @param least how long an answer is kept at least
 * @param most how long at most
 * @param negative how long, at most, that there is none
 */
public record ResolverSettings(
        List<InetSocketAddress> servers,
        Map<String, List<InetSocketAddress>> tenants,
        Duration timeout,
        int cache,
        Duration least,
        Duration most,
        Duration negative) {
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(2);
    public static final int DEFAULT_CACHE = 10_000;
    public static final Duration DEFAULT_LEAST = Duration.ofSeconds(1);
    public static final Duration DEFAULT_MOST = Duration.ofHours(1);
    public static final Duration DEFAULT_NEGATIVE = Duration.ofSeconds(30);

    /** The host's servers. */
    public static final ResolverSettings DEFAULT =
            new ResolverSettings(
                    List.of(),
                    Map.of(),
                    DEFAULT_TIMEOUT,
                    DEFAULT_CACHE,
                    DEFAULT_LEAST,
                    DEFAULT_MOST,
                    DEFAULT_NEGATIVE);

    public ResolverSettings {
        servers = List.copyOf(servers);
        tenants = Map.copyOf(tenants);
    }
}
