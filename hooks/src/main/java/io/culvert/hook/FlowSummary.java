package io.culvert.hook;

import java.time.Duration;
import java.util.Objects;

/**
 * A flow that has ended.
 *
 * @param initiatorPackets packets that its initiator sent; bytes are their IP lengths
 * @param targetPackets the same of its target
 */
public record FlowSummary(
        FlowInfo flow,
        FlowDecision decision,
        Reason reason,
        Duration duration,
        long initiatorPackets,
        long initiatorBytes,
        long targetPackets,
        long targetBytes) {
    public FlowSummary {
        Objects.requireNonNull(flow);
        Objects.requireNonNull(decision);
        Objects.requireNonNull(reason);
        Objects.requireNonNull(duration);
    }
}
