package io.culvert.gateway.upstream;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * A server of an upstream. The same server is the same object for as long as its upstream has it,
 * so that connections may be kept by it.
 *
 * <p>Threading: any thread.
 */
public interface Member {
    /** For logs and metrics: {@code 192.0.2.10:8080}, {@code api.internal:8443/192.0.2.10}. */
    String name();

    /** The upstream's name. */
    String upstream();

    /** Where it is reached; all of them are the same server. Never empty. */
    List<InetSocketAddress> addresses();

    /** What a request names where it comes without a host of its own: {@code api.internal:8443}. */
    String authority();

    Protocol protocol();

    /** Whether it is spoken to through TLS. */
    boolean isTls();

    /**
     * Whether a connection to it may serve requests of several clients. It may not where it begins
     * by saying who the client is, as with the PROXY protocol, or comes from the client's address.
     */
    boolean isShared();

    /** Whether its upstream has it no longer: connections to it are to be used up and closed. */
    boolean isRetired();
}
