package io.culvert.gateway.http;

import java.util.Set;

/** Ports that CONNECT may lead to. */
public record PortSet(Set<Integer> ports) {
    public static final PortSet NONE = new PortSet(Set.of());

    public PortSet {
        ports = Set.copyOf(ports);
    }

    /** Whether an authority ends with one of them. */
    boolean admits(String authority) {
        String port = authority.substring(authority.lastIndexOf(':') + 1);
        return port.matches("[0-9]{1,5}") && ports.contains(Integer.parseInt(port));
    }
}
