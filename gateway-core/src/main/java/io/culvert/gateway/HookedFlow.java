package io.culvert.gateway;

import io.culvert.flow.Allowance;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowCompanion;
import io.culvert.flow.Limiter;
import io.culvert.gateway.plugin.Answer;
import io.culvert.hook.Context;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.Rate;
import io.culvert.hook.Reason;

import java.time.Duration;

/** A flow that plugins were asked about: they are told of its end. */
record HookedFlow(Answer answer) implements FlowCompanion {
    /** Goes with a flow that has just opened; the least that any plugin allows of it passes. */
    static void accompany(Flow flow, Answer answer, long nowNanos) {
        Rate rate = answer.rate();
        if (!rate.equals(Rate.UNLIMITED)) {
            Allowance allowance =
                    Allowance.ofTraffic(rate.packetsPerSecond(), rate.bytesPerSecond());
            flow.throttle(new Limiter(allowance, nowNanos));
        }
        flow.companion(new HookedFlow(answer));
    }

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
