package io.culvert.gateway.policy;

import java.util.Locale;
import java.util.Optional;

/**
 * How the handlers {@code http} and {@code auto} go on with the connections of a rule.
 *
 * @param upstream the group of servers that requests go to; empty for each flow's own target
 * @param tls what is done with TLS; empty for the gateway's usual
 */
public record Proxying(Optional<String> upstream, Optional<Tls> tls) {
    /** The usual. */
    public static final Proxying USUAL = new Proxying(Optional.empty(), Optional.empty());

    /** What is done with a connection that begins with TLS. */
    public enum Tls {
        /** Relayed as it is. */
        PASS,
        /** Ended here with a certificate of the operator's. */
        TERMINATE,
        /** Ended here with a certificate minted for the name that the client asks for. */
        INSPECT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
