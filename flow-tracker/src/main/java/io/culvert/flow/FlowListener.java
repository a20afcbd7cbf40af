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

    /** The flow has left the table; its counters are final. */
    default void closed(Flow flow, Reason reason) {}
}
