package io.culvert.hook;

import java.time.Duration;
import java.util.Objects;

/**
 * A flow that has ended.
 *
 * @param flow with all that was added to its context
 * @param decision the last that was taken
 * @param reason why it ended, or was refused in the end
 * @param duration from its first packet to its last
 * @param initiatorPackets packets that its initiator sent
 * @param initiatorBytes IP headers included
 * @param targetPackets the same of its target
 * @param targetBytes the same of its target; of datagrams from a socket of the host the payload
 *     alone
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
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public FlowSummary {
        Objects.requireNonNull(flow);
        Objects.requireNonNull(decision);
        Objects.requireNonNull(reason);
        Objects.requireNonNull(duration);
    }
}
