package io.culvert.hook;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Objects;

/**
 * One end of a flow.
 *
 * @param port TCP, UDP or SCTP port, or the identifier of an ICMP query; 0 for other protocols
 */
public record Endpoint(InetAddress address, int port) {
    public Endpoint {
        Objects.requireNonNull(address);
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("a port is between 0 and 65535, not " + port);
        }
    }

    /** Whether the address is of IPv6. */
    public boolean isIpv6() {
        return address instanceof Inet6Address;
    }

    /** Such as {@code 192.0.2.1:80} or {@code [2001:db8::1]:80} (RFC 3986 section 3.2.2). */
    @Override
    public String toString() {
        String host = address.getHostAddress();
        return isIpv6() ? "[" + host + "]:" + port : host + ":" + port;
    }
}
