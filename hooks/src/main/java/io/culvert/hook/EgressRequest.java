package io.culvert.hook;

import java.util.Objects;

/**
 * An upgraded flow that is to leave.
 *
 * @param flow whose way it is
 * @param proposed by the rule, or by the plugin before
 * @param explained as of {@link FlowRequest}
 */
public record EgressRequest(FlowInfo flow, Egress proposed, boolean explained) {
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public EgressRequest {
        Objects.requireNonNull(flow);
        Objects.requireNonNull(proposed);
    }
}
