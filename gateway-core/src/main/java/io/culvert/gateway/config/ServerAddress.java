package io.culvert.gateway.config;

import io.culvert.wire.IpAddress;

import java.util.Locale;

/**
 * A host and perhaps a port: {@code 192.0.2.10:8080}, {@code [2001:db8::1]:8080}, {@code
 * api.internal:8443}.
 *
 * @param host an address, or a name in lower case; without brackets
 */
record ServerAddress(String host, int port) {
    private static final int MOST_PORT = 65_535;

    /** RFC 1035 section 2.3.4. */
    private static final int LONGEST_NAME = 253;

    /** RFC 1123 section 2.1, and the underscore that some services have. */
    private static final String NAME = "(?!-)[a-z0-9_-]{1,63}(\\.(?!-)[a-z0-9_-]{1,63})*\\.?";

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    static ServerAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        boolean brackets = text.startsWith("[") && colon > 0 && text.charAt(colon - 1) == ']';
        if (colon < 0 || (!brackets && text.indexOf(':') != colon)) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a server and port such as 192.0.2.10:8080 or api.internal:8443"
                            .formatted(Printable.of(text)));
        }
        String port = text.substring(colon + 1);
        if (!port.matches("[1-9][0-9]{0,4}") || Integer.parseInt(port) > MOST_PORT) {
            throw new IllegalArgumentException("the port must be between 1 and " + MOST_PORT);
        }
        String host = brackets ? text.substring(1, colon - 1) : text.substring(0, colon);
        return new ServerAddress(host(host, brackets), Integer.parseInt(port));
    }

    private static String host(String text, boolean brackets) {
        String name = text.toLowerCase(Locale.ROOT);
        // A name whose last label is a number would be an address to everybody else.
        if (brackets || name.matches("(.*\\.)?[0-9]+\\.?")) {
            IpAddress address = InterfaceAddress.parseHost(text);
            if (address.isIpv4() == brackets) {
                throw new IllegalArgumentException("only an IPv6 address stands in brackets");
            }
            return address.toString();
        }
        if (name.length() > LONGEST_NAME || !name.matches(NAME)) {
            throw new IllegalArgumentException(
                    "\"%s\" is neither an address nor a name".formatted(Printable.of(text)));
        }
        return name;
    }
}
