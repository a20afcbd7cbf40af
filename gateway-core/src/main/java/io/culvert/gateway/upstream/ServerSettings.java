package io.culvert.gateway.upstream;

/**
 * A server as the configuration has it.
 *
 * @param host an address or a name, without brackets
 * @param weight its share of the requests, 1 to 100
 */
public record ServerSettings(String host, int port, int weight) {
    /** With brackets around an IPv6 address. */
    public String text() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
