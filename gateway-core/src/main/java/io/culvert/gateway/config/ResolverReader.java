package io.culvert.gateway.config;

import io.culvert.gateway.upstream.dns.ResolverSettings;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The resolver of a configuration. */
final class ResolverReader {
    private static final int DNS_PORT = 53;

    private ResolverReader() {}

    static ResolverSettings read(Section section) {
        ResolverSettings defaults = ResolverSettings.DEFAULT;
        Duration least =
                section.value("ttl-min", text -> Quantity.duration(text, "0s", "1d"))
                        .orElse(defaults.least());
        Duration most =
                section.value("ttl-max", text -> Quantity.duration(text, "1s", "7d"))
                        .orElse(defaults.most());
        if (most.compareTo(least) < 0) {
            section.wrong(
                    section.has("ttl-max") ? "ttl-max" : "ttl-min", "ttl-max is below ttl-min");
        }
        return new ResolverSettings(
                section.values("servers", ResolverReader::server),
                tenants(section.section("tenants")),
                section.value("timeout", text -> Quantity.duration(text, "100ms", "1m"))
                        .orElse(defaults.timeout()),
                section.number("cache", defaults.cache()),
                least,
                most,
                section.value("negative-ttl", text -> Quantity.duration(text, "0s", "1h"))
                        .orElse(defaults.negative()));
    }

    private static Map<String, List<InetSocketAddress>> tenants(Section section) {
        Map<String, List<InetSocketAddress>> tenants = new HashMap<>();
        for (String tenant : section.keys()) {
            if (section.isEmptyList(tenant)) {
                section.wrong(tenant, "at least one name server is needed");
            }
            tenants.put(tenant, section.values(tenant, ResolverReader::server));
        }
        return tenants;
    }

    /** With or without a port. */
    private static InetSocketAddress server(String text) {
        boolean port = text.startsWith("[") || text.indexOf(':') == text.lastIndexOf(':');
        return port && text.indexOf(':') >= 0
                ? SocketAddress.parse(text).toInetSocketAddress()
                : new InetSocketAddress(InterfaceAddress.parseHost(text).toInetAddress(), DNS_PORT);
    }
}
