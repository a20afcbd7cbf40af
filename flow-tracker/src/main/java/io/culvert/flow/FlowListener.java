package io.culvert.flow;

import io.culvert.hook.Reason;

/**
 * Told of flows' beginnings and ends. Called on the worker that opens or closes the flow; must not
 * block.
 */
public interface FlowListener {
    /** Nobody listens. */
    FlowListener NONE = new FlowListener() {};

    /** The flow is in the table, with its decision. */
    default void opened(Flow flow) {}

    /**
     * A packet would have opened a flow, and may not. It may come again, and this be told again.
     *
     * @param key valid during the call alone
     * @param worker on whose thread this is
     * @param decidedBy as of a {@link io.culvert.hook.FlowDecision}
     */
    default void refused(FlowKey key, Tenant tenant, int worker, String decidedBy, Reason reason) {}

    /** The flow has left the table; its counters are final. */
    default void closed(Flow flow, Reason reason) {}
}
