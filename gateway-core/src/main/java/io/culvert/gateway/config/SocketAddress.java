package io.culvert.gateway.config;

import io.culvert.wire.IpAddress;

import java.net.InetSocketAddress;

/**
 * An address and a port to listen on: {@code 192.0.2.1:6080}, {@code [2001:db8::1]:6080}.
 *
 * @param address may be 0.0.0.0 or ::, which stand for all of their family
 */
record SocketAddress(IpAddress address, int port) {
    private static final int MOST_PORT = 65_535;

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    static SocketAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        boolean brackets = text.startsWith("[") && colon > 0 && text.charAt(colon - 1) == ']';
        if (colon < 0 || (!brackets && text.indexOf(':') != colon)) {
            throw new IllegalArgumentException(
                    "\"%s\" is not an address and port such as 0.0.0.0:6080 or [::]:6080"
                            .formatted(text));
        }
        String port = text.substring(colon + 1);
        if (!port.matches("[1-9][0-9]{0,4}") || Integer.parseInt(port) > MOST_PORT) {
            throw new IllegalArgumentException("the port must be between 1 and " + MOST_PORT);
        }
        IpAddress address =
                InterfaceAddress.parseAddress(
                        brackets ? text.substring(1, colon - 1) : text.substring(0, colon));
        if (address.isIpv4() == brackets) {
            throw new IllegalArgumentException("only an IPv6 address stands in brackets");
        }
        return new SocketAddress(address, Integer.parseInt(port));
    }

    /** Whether some datagrams are for both. */
    boolean overlaps(SocketAddress other) {
        return port == other.port
                && address.isIpv4() == other.address.isIpv4()
                && (isEvery() || other.isEvery() || address.equals(other.address));
    }

    private boolean isEvery() {
        return address.isIpv4() ? address.toIpv4() == 0 : (address.high() | address.low()) == 0;
    }

    InetSocketAddress toInetSocketAddress() {
        return new InetSocketAddress(address.toInetAddress(), port);
    }

    @Override
    public String toString() {
        return address.isIpv4() ? address + ":" + port : "[" + address + "]:" + port;
    }
}
