package io.culvert.flow;

/**
 * Where a flow's packets go once its decision is carried out: an upgraded connection, a datagram
 * session, and so on. Owned by the flow's worker.
 */
public interface FlowPath {
    /** A word for people: what the flow is doing, for example {@code dialing}. */
    String state();

    /**
     * The flow is over: give back what it holds. Called once, on the worker that owns the flow,
     * after the flow has left the table.
     */
    void release();
}
