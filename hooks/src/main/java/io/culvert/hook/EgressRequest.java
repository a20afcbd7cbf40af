package io.culvert.hook;

import java.util.Objects;

/**
 * An upgraded flow that is to leave.
 *
 * @param explained as of {@link FlowRequest}
 */
public record EgressRequest(FlowInfo flow, Egress proposed, boolean explained) {
    public EgressRequest {
        Objects.requireNonNull(flow);
        Objects.requireNonNull(proposed);
    }
}
