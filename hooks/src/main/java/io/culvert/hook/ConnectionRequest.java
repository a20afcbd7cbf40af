package io.culvert.hook;

import java.util.Objects;

/**
 * A TCP flow that is to become a socket.
 *
 * @param flow whose connection it would be
 * @param handler who gets it unless a hook says otherwise
 * @param explained as of {@link FlowRequest}
 */
public record ConnectionRequest(FlowInfo flow, String handler, boolean explained) {
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public ConnectionRequest {
        Objects.requireNonNull(flow);
        Objects.requireNonNull(handler);
    }
}
