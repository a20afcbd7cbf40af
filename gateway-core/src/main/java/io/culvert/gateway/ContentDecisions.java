package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.RateLimits;
import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.policy.RequestRules;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.upgrade.Takeover;

import java.time.Duration;
import java.util.Optional;

/**
 * How TCP connections go on whose rule asks what they say, or has the handler {@code auto}. The
 * policy is asked that is in force once that is known.
 *
 * <p>Confined to one worker.
 */
final class ContentDecisions {
    /** How long a flow's first bytes may take. */
    static final Duration PATIENCE = Duration.ofSeconds(3);

    private final Detection detection;
    private final LivePolicy policy;
    private final RuleLog ruleLog;

    /** Who speaks HTTP. */
    @FunctionalInterface
    interface Proxy {
        /**
         * How a connection goes on, nothing of which has been read.
         *
         * @param decision the last one
         * @param facts what its first bytes are
         * @param rules that decide about each request; empty where none asks
         */
        Detecting.Outcome proxied(
                FlowDecision.Upgrade decision,
                Proxying proxying,
                Facts facts,
                Optional<RequestRules> rules);
    }

    ContentDecisions(Detection detection, LivePolicy policy, RuleLog ruleLog) {
        this.detection = detection;
        this.policy = policy;
        this.ruleLog = ruleLog;
    }

    /** Whether the first bytes of a flow's connection decide. */
    static boolean decide(Ruling ruling, FlowDecision.Upgrade decision) {
        return decision.handler().equals(Policy.AUTO)
                // Unless a plugin has given it to another one meanwhile.
                || (ruling.asks() && decision.handler().equals(Policy.HTTP));
    }

    /** Who gets the connection of such a flow. */
    Takeover takeover(Flow flow, FlowDecision.Upgrade decision, Ruling ruling, Proxy proxy) {
        return new Detecting(
                detection,
                decision.handler().equals(Policy.HTTP),
                PATIENCE.toNanos(),
                facts -> outcome(flow, decision, ruling, facts, proxy));
    }

    private Detecting.Outcome outcome(
            Flow flow, FlowDecision.Upgrade meanwhile, Ruling opening, Facts facts, Proxy proxy) {
        flow.content(facts);
        if (!opening.asks()) {
            return carry(meanwhile, opening, facts, Optional.empty(), proxy);
        }
        Policy now = policy.current();
        Policy.Question question = Policy.Question.of(flow);
        Ruling ruling = now.decide(question, facts);
        if (ruling.isNotable()) {
            ruleLog.decided(ruling, flow);
        }
        return switch (ruling.decision()) {
            case FlowDecision.Refuse refuse -> {
                flow.decision(refuse);
                yield new Detecting.Outcome.Reset(refuse.reason());
            }
            // Nobody could have written that in one policy; this is another one.
            case FlowDecision.Forward _ -> new Detecting.Outcome.Reset(Reason.POLICY_CHANGED);
            case FlowDecision.Upgrade upgrade -> {
                Detecting.Outcome refusal = admit(flow, meanwhile, ruling, upgrade);
                yield refusal != null
                        ? refusal
                        : carry(
                                upgrade,
                                ruling,
                                facts,
                                Optional.of(new RequestRules(now, question, facts))
                                        .filter(RequestRules::ask),
                                proxy);
            }
        };
    }

    /** What the flow is from now on; {@code null}, or why it may not be. */
    private Detecting.Outcome admit(
            Flow flow,
            FlowDecision.Upgrade meanwhile,
            Ruling ruling,
            FlowDecision.Upgrade upgrade) {
        if (!upgrade.via().equals(meanwhile.via()) || !Policy.isBuiltIn(upgrade.handler())) {
            return new Detecting.Outcome.Reset(Reason.POLICY_CHANGED);
        }
        if (ruling.limits() != null) {
            FlowKey key = flow.key();
            switch (ruling.limits()
                    .open(flow.tenant(), key.sourceHigh(), key.sourceLow(), detection.now())) {
                case RateLimits.Admission.Refused refused -> {
                    return new Detecting.Outcome.Reset(refused.reason());
                }
                case RateLimits.Admission.Admitted admitted -> flow.throttle(admitted.limiter());
            }
        }
        // Who is dialed, and from where, a plugin may have said.
        flow.decision(
                new FlowDecision.Upgrade(
                        upgrade.decidedBy(),
                        upgrade.handler(),
                        upgrade.via(),
                        meanwhile.upstream(),
                        meanwhile.source()));
        return null;
    }

    private static Detecting.Outcome carry(
            FlowDecision.Upgrade decision,
            Ruling ruling,
            Facts facts,
            Optional<RequestRules> rules,
            Proxy proxy) {
        boolean proxied =
                decision.handler().equals(Policy.HTTP)
                        || (decision.handler().equals(Policy.AUTO)
                                && speaksHttp(facts.application()));
        return proxied
                ? proxy.proxied(decision, ruling.proxying(), facts, rules)
                : new Detecting.Outcome.Relay();
    }

    /** Or may, inside TLS. */
    private static boolean speaksHttp(Application application) {
        return switch (application) {
            case HTTP1, HTTP2, TLS -> true;
            case UNKNOWN, SSH, QUIC -> false;
        };
    }

    /** The rules that decide about each request of a flow; empty where none asks. */
    static Optional<RequestRules> requests(Flow flow, Ruling ruling, Policy now) {
        return Optional.ofNullable(ruling.facts())
                .map(facts -> new RequestRules(now, Policy.Question.of(flow), facts))
                .filter(RequestRules::ask);
    }

    void tick() {
        detection.tick();
    }
}
