package io.culvert.upgrade;

import io.culvert.hook.Reason;

/**
 * The path of an upgraded TCP flow, whose initiator comes by packets or by a connection of its own.
 *
 * <p>Called on the worker that owns the flow.
 */
sealed interface TcpPath extends RampPath permits UpgradedTcp, AcceptedTcp {
    /** Cuts a connection that is joined to something; the flow ends with that. */
    void reset(Reason reason);

    /** The flow may not go on: whoever is there is told what can be told. */
    void cut(Reason reason);

    /** What to call the flow's end when its time is over. */
    Reason ending();
}
