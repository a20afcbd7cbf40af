package io.culvert.gateway.plugin;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.Rate;
import io.culvert.hook.Reason;

import java.time.Duration;

/**
 * What hooks have decided about a flow. The chain has a user more until {@link #over} is called.
 *
 * @param draft the last
 */
public record Answer(HookChain chain, Draft draft) {
    public FlowDecision decision() {
        return draft.decision();
    }

    public Rate rate() {
        return draft.rate();
    }

    /** With what hooks know of it. */
    public FlowInfo flow() {
        return draft.flow();
    }

    /** Nothing came of the flow: it was refused after all. */
    public void refused(Reason reason) {
        over(new FlowSummary(flow(), decision(), reason, Duration.ZERO, 0, 0, 0, 0));
    }

    /**
     * Tells the plugins that had the flow carried of its end. To be called exactly once for each
     * answer; does not block.
     */
    public void over(FlowSummary summary) {
        if (draft.carriers().isEmpty()) {
            chain.release();
        } else {
            Closings.tell(draft.carriers(), summary, chain);
        }
    }
}
