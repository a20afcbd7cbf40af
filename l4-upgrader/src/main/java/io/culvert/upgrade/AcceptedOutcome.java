package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;

/**
 * Told what becomes of a connection that was accepted and is to be a flow, by who made it.
 *
 * <pre>
 *   opened, at most once --> stands, at most once --> over, once
 * </pre>
 *
 * <p>Called on the worker that the flow would be of, before the connection's socket is closed.
 */
public interface AcceptedOutcome {
    /** Of a connection that somebody else has made. */
    AcceptedOutcome UNTOLD =
            new AcceptedOutcome() {
                @Override
                public void opened(Flow flow) {}

                @Override
                public void stands() {}

                @Override
                public void over(Reason reason) {}
            };

    /** It is that flow from now on. */
    void opened(Flow flow);

    /** Somebody has it: its target is connected, or it is handled by who needs none yet. */
    void stands();

    /** It never was a flow, or is none any more. */
    void over(Reason reason);
}
