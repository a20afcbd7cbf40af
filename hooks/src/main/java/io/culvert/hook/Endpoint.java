package io.culvert.hook;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Objects;

/**
 * One end of a flow.
 *
 * @param address IPv4 or IPv6, never IPv4 in mapped form
 * @param port TCP, UDP or SCTP port, or the identifier of an ICMP query; 0 for other protocols
 */
public record Endpoint(InetAddress address, int port) {
    /**
     * Of an address and a port.
     *
     * @throws NullPointerException if there is no address
     * @throws IllegalArgumentException if the port is out of range
     */
    public Endpoint {
        Objects.requireNonNull(address);
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("a port is between 0 and 65535, not " + port);
        }
    }

    /**
     * Reads {@code 192.0.2.1:80} or {@code [2001:db8::1]:80}.
     *
     * @param text literals only: no name is looked up
     * @return what {@link #toString} writes so
     * @throws IllegalArgumentException with what is wrong
     */
    public static Endpoint parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        String port = text.substring(colon + 1);
        if (host.isEmpty() || bracketed == (host.indexOf(':') < 0) || !port.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is no address and port such as 192.0.2.1:80");
        }
        String address = bracketed ? host.substring(1, host.length() - 1) : host;
        return new Endpoint(Network.parse(address).address(), Integer.parseInt(port));
    }

    /**
     * Whether the address is of IPv6.
     *
     * @return false for IPv4
     */
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
