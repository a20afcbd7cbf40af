package io.culvert.hook;

import java.util.Objects;

/**
 * A flow that wants to open.
 *
 * @param flow whose it is, and between whom
 * @param proposed what becomes of it unless a hook says otherwise: {@link FlowDecision.Forward} or
 *     {@link FlowDecision.Upgrade}
 * @param explained whether an operator asks what would become of such a flow ({@code culvert
 *     explain}): there is none, and nothing should be counted
 */
public record FlowRequest(FlowInfo flow, FlowDecision proposed, boolean explained) {
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public FlowRequest {
        Objects.requireNonNull(flow);
        Objects.requireNonNull(proposed);
    }
}
