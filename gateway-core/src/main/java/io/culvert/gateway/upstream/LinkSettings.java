package io.culvert.gateway.upstream;

import io.culvert.gateway.tls.ClientTlsSettings;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * How a group's servers are connected to. Connections made by equal settings are alike.
 *
 * @param proxyProtocol the version of the header that each connection begins with
 * @param source where connections come from instead of an address of the host's choice
 * @param clientSource whether they come from the address of the client
 * @param timeout until a connection, TLS and all, is there
 */
public record LinkSettings(
        Protocol protocol,
        Optional<ClientTlsSettings> tls,
        Optional<ProxyProtocol> proxyProtocol,
        Optional<InetAddress> source,
        boolean clientSource,
        Duration timeout) {
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

    /** Plain TCP from wherever. */
    public static final LinkSettings PLAIN =
            new LinkSettings(
                    Protocol.AUTO,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    DEFAULT_TIMEOUT);

    /** Whether all clients' connections are alike. */
    boolean isShared() {
        return proxyProtocol.isEmpty() && !clientSource;
    }
}
