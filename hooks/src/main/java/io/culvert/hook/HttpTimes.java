package io.culvert.hook;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How long what of a request took.
 *
 * @param connect from its head until there was a connection to a server; empty where there was none
 * @param dial the TCP connect within that; empty where the connection had served before
 * @param tls the TLS handshake with the server behind it; empty where there was none
 * @param firstByte from its head until the answer's; empty where no server answered
 * @param total from its head to the end
 */
public record HttpTimes(
        Optional<Duration> connect,
        Optional<Duration> dial,
        Optional<Duration> tls,
        Optional<Duration> firstByte,
        Duration total) {
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public HttpTimes {
        Objects.requireNonNull(connect);
        Objects.requireNonNull(dial);
        Objects.requireNonNull(tls);
        Objects.requireNonNull(firstByte);
        Objects.requireNonNull(total);
    }
}
