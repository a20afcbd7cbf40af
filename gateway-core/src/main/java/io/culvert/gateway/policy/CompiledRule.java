package io.culvert.gateway.policy;

import io.culvert.flow.RateLimits;
import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;

import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

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

    private final Content content;

    /** By what is done meanwhile, which is one of a few. */
    private final Map<FlowDecision, Ruling> asking = new ConcurrentHashMap<>();

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
        content = rule.terms().content();
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

    /** Whether it asks what flows say. */
    boolean asks() {
        return !content.isAny();
    }

    boolean asksAboutRequests() {
        return content.asksRequest();
    }

    boolean upgrades() {
        return rule().action() == Action.UPGRADE;
    }

    /**
     * The ruling until it is known what a flow says.
     *
     * @param next of the rules that may then decide, what the first one does that upgrades
     */
    Ruling asking(FlowDecision.Upgrade next) {
        Ruling known = asking.get(next);
        if (known != null) {
            return known;
        }
        // Who speaks HTTP may have no target that could be dialed.
        String handler = next.handler().equals(Policy.HTTP) ? Policy.HTTP : Policy.AUTO;
        FlowDecision meanwhile = new FlowDecision.Upgrade(rule().name(), handler, next.via());
        Ruling made = Ruling.asking(rule(), meanwhile);
        Ruling earlier = asking.putIfAbsent(next, made);
        return earlier == null ? made : earlier;
    }

    /** Whether it matches a flow that says so, or sees to it that it is known. */
    boolean meets(Facts facts) {
        return switch (content.of(facts)) {
            case YES -> true;
            case NO -> false;
            case LATER -> !audited && decodes(facts);
        };
    }

    private boolean decodes(Facts facts) {
        Rule rule = rule();
        boolean proxies = rule.handler().equals(Policy.HTTP) || rule.handler().equals(Policy.AUTO);
        boolean encrypted =
                facts.application() == Application.TLS || facts.application() == Application.QUIC;
        return proxies
                && (!encrypted
                        || rule.terms()
                                .proxying()
                                .tls()
                                .filter(use -> use != Proxying.Tls.PASS)
                                .isPresent());
    }

    boolean isInForce(InstantSource clock) {
        return hours == null || hours.areNow(clock);
    }
}
