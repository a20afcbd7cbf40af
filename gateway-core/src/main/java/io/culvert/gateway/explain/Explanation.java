package io.culvert.gateway.explain;

import com.fasterxml.jackson.annotation.JsonProperty;

import java.util.List;

/**
 * What would become of a flow's first packet.
 *
 * @param flow the number of the live flow that it belongs to; 0 for a new one
 * @param stages all that was looked at, in order; the last one is where it was decided
 * @param outcome {@code forward}, {@code upgrade}, {@code drop}, {@code refuse} or {@code
 *     challenge}
 * @param reason of a packet that is not carried, the word of {@link io.culvert.hook.Reason}; else
 *     empty
 * @param answered whether its sender is told, as often as limits allow
 * @param rule the rule that decided, {@code default}, or empty where none was asked
 * @param ruleAt {@code FILE:LINE} of the rule; empty where it stands in no file
 * @param offRamp the off-ramp that it leaves by; empty where it does not
 * @param tunnel the tunnel that it leaves by; empty where it does not leave by one
 * @param outside the address, with the port if it is known, that it leaves under where it is
 *     translated; else empty
 * @param handler who gets the connection; empty where there is none
 * @param result what becomes of it, in one sentence
 */
public record Explanation(
        Question question,
        @JsonProperty("on_ramp") String onRamp,
        long flow,
        List<Stage> stages,
        String outcome,
        String reason,
        boolean answered,
        String rule,
        @JsonProperty("rule_at") String ruleAt,
        @JsonProperty("off_ramp") String offRamp,
        String tunnel,
        String outside,
        String handler,
        String result) {
    public Explanation {
        stages = List.copyOf(stages);
    }
}
