package io.culvert.flow;

import io.culvert.hook.Context;
import io.culvert.hook.Reason;

/**
 * What goes with one flow for somebody who has more to do with it than to carry its packets: what
 * plugins know of it, and what is to be done when it ends. A flow that nobody cares for has none.
 */
public interface FlowCompanion {
    /** What plugins know of the flow. */
    Context context();

    /**
     * The flow has ended: it has left the table, its counters are final, what it held is released,
     * and the table's {@link FlowListener} has been told. Called once, on the worker that owned the
     * flow; must not block.
     */
    void closed(Flow flow, Reason reason);
}
