package io.culvert.gateway.policy;

import io.culvert.flow.RateLimits;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;

import java.time.InstantSource;

/**
 * What is left of a rule once its matchers are in the {@link RuleIndex}: rulings, and its hours.
 */
final class CompiledRule {
    private final Ruling ruling;
    private final Ruling unlessUpgradable;
    private final boolean audited;

    /** Null for always. */
    private final Hours hours;

    /** Null for none. */
    private final RateLimits limits;

    /**
     * @param limits of what it carries; {@code null} for none
     */
    CompiledRule(Rule rule, RateLimits limits) {
        this.limits = limits;
        FlowDecision decision =
                switch (rule.action()) {
                    case DENY -> new FlowDecision.Refuse(rule.name(), Reason.POLICY_RULE, false);
                    case REJECT -> new FlowDecision.Refuse(rule.name(), Reason.POLICY_RULE, true);
                    case FORWARD -> new FlowDecision.Forward(rule.name(), rule.via());
                    case UPGRADE ->
                            new FlowDecision.Upgrade(rule.name(), rule.handler(), rule.via());
                };
        ruling = Ruling.of(rule, decision, limits);
        unlessUpgradable =
                rule.action() == Action.UPGRADE
                        ? Ruling.of(
                                rule,
                                new FlowDecision.Refuse(
                                        rule.name(), Reason.PROTOCOL_NOT_UPGRADABLE, true),
                                null)
                        : ruling;
        audited = rule.isAudited();
        hours = rule.terms().when().map(Hours::new).orElse(null);
    }

    /** Always the same object for the same protocol. */
    Ruling ruling(int protocol) {
        return Protocol.isUpgradable(protocol) ? ruling : unlessUpgradable;
    }

    Rule rule() {
        return ruling.rule();
    }

    RateLimits limits() {
        return limits;
    }

    boolean hasRateOf(Rule other) {
        return rule().terms().quota().equals(other.terms().quota());
    }

    long wouldRefuseCount() {
        return ruling.wouldRefuseCount();
    }

    /** Whether it refuses and is in audit mode. */
    boolean isAudited() {
        return audited;
    }

    boolean isInForce(InstantSource clock) {
        return hours == null || hours.areNow(clock);
    }
}
