package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Upstream;
import io.culvert.hook.Reason;

/**
 * Where requests of a connection go.
 *
 * <p>Threading: called on the connection's loop; may not block.
 */
@FunctionalInterface
public interface Destinations {
    Destination of(RequestHead request);

    /** All to one upstream. */
    static Destinations only(Upstream upstream) {
        Destination.To to = new Destination.To(upstream);
        return _ -> to;
    }

    /** Where a request goes. */
    sealed interface Destination {
        record To(Upstream upstream) implements Destination {}

        /** Nowhere; the client is answered what the reason's status is. */
        record Nowhere(Reason reason) implements Destination {}
    }
}
