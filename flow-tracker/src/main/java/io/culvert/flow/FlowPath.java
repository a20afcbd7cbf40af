package io.culvert.flow;

/**
 * Where a flow's packets go once its decision is carried out: an upgraded connection, a datagram
 * session, and so on. Owned by the flow's worker.
 */
public interface FlowPath {
    /** A word for people: what the flow is doing, for example {@code dialing}. */
    String state();

    /**
     * Bytes of the initiator that were carried and are in no packet that was counted. Asked from
     * any thread, also after {@link #release}.
     */
    default long bytesUp() {
        return 0;
    }

    /** The same of the target's. */
    default long bytesDown() {
        return 0;
    }

    /**
     * The flow is over: give back what it holds. Called once, on the worker that owns the flow,
     * after the flow has left the table.
     */
    void release();
}
