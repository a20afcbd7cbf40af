package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowCompanion;
import io.culvert.gateway.plugin.Answer;
import io.culvert.hook.Context;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.Reason;

import java.time.Duration;

/** A flow that plugins were asked about: they are told of its end. */
record HookedFlow(Answer answer) implements FlowCompanion {
    @Override
    public Context context() {
        return answer.flow().context();
    }

    @Override
    public void closed(Flow flow, Reason reason) {
        answer.over(
                new FlowSummary(
                        answer.flow(),
                        flow.decision(),
                        reason,
                        Duration.ofNanos(flow.lastSeenNanos() - flow.openedAtNanos()),
                        flow.initiatorPackets(),
                        flow.initiatorBytes(),
                        flow.targetPackets(),
                        flow.targetBytes()));
    }
}
