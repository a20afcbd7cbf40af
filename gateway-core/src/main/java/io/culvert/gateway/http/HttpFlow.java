package io.culvert.gateway.http;

import io.culvert.gateway.upstream.ClientFacts;

/**
 * What the proxy knows of a connection that it is handed.
 *
 * @param id of the flow, as in the flow log; empty where there is none
 * @param facts of the client
 * @param encryption whether the connection begins with TLS
 * @param destinations where its requests go
 */
public record HttpFlow(
        String id, ClientFacts facts, Encryption encryption, Destinations destinations) {
    /** What the connection's first bytes are. */
    public enum Encryption {
        /** HTTP. */
        NONE,
        /** TLS that ends here, with a certificate of the operator's. */
        TERMINATE,
        /** TLS that is inspected, with a minted certificate. */
        INSPECT
    }
}
