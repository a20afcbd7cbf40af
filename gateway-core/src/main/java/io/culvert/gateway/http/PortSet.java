package io.culvert.gateway.http;

import java.util.Set;

/** Ports that CONNECT may lead to. */
public record PortSet(Set<Integer> ports) {
    public static final PortSet NONE = new PortSet(Set.of());

    public PortSet {
        ports = Set.copyOf(ports);
    }

    boolean has(int port) {
        return ports.contains(port);
    }
}
