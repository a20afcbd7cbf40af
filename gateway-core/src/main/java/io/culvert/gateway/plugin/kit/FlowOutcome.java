package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.plugin.Answer;
import io.culvert.hook.Context;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.Rate;
import io.culvert.hook.Reason;

import java.time.Duration;
import java.util.Optional;

/** What became of a flow, and the flow where it is carried. */
public final class FlowOutcome {
    private final PluginKit kit;
    private final Answer answer;
    private final Optional<Throwable> failure;

    FlowOutcome(PluginKit kit, Answer answer, Optional<Throwable> failure) {
        this.kit = kit;
        this.answer = answer;
        this.failure = failure;
    }

    /** All of it. */
    public FlowDecision decision() {
        return answer.decision();
    }

    /** What hooks know of the flow. */
    public Context context() {
        return answer.flow().context();
    }

    /** How much of it passes. */
    public Rate rate() {
        return answer.rate();
    }

    /** What the plugin threw; it need not have cost the flow, see {@link PluginSetup#failsOpen}. */
    public Optional<Throwable> failure() {
        return failure;
    }

    /** Whether it is carried. */
    public boolean isCarried() {
        return !(decision() instanceof FlowDecision.Refuse);
    }

    /** Why it is not; empty where it is. */
    public Optional<Reason> reason() {
        return decision() instanceof FlowDecision.Refuse refuse
                ? Optional.of(refuse.reason())
                : Optional.empty();
    }

    /** Fails the test unless the flow is carried. */
    public FlowOutcome assertCarried() {
        if (!isCarried()) {
            throw wrong("carried");
        }
        return this;
    }

    /** Fails the test unless that became of the flow; who decided does not count. */
    public FlowOutcome assertUpgraded(String handler, String via) {
        if (!(decision() instanceof FlowDecision.Upgrade upgrade)
                || !upgrade.handler().equals(handler)
                || !upgrade.via().equals(via)) {
            throw wrong("upgraded to " + handler + " via " + via);
        }
        return this;
    }

    /** Fails the test unless the flow stays IP packets and leaves that way. */
    public FlowOutcome assertForwarded(String via) {
        if (!(decision() instanceof FlowDecision.Forward forward) || !forward.via().equals(via)) {
            throw wrong("forwarded via " + via);
        }
        return this;
    }

    /**
     * Fails the test unless the plugin has refused it in these words, and the initiator is told.
     */
    public FlowOutcome assertRefused(String words) {
        return assertRefused(words, true);
    }

    /** The same where the initiator hears nothing. */
    public FlowOutcome assertDropped(String words) {
        return assertRefused(words, false);
    }

    private FlowOutcome assertRefused(String words, boolean answered) {
        if (!(decision() instanceof FlowDecision.Refuse refuse)
                || refuse.reason() != Reason.HOOK_REFUSED
                || refuse.answered() != answered
                || !refuse.decidedBy().endsWith(": " + words)) {
            throw wrong((answered ? "refused: " : "dropped: ") + words);
        }
        return this;
    }

    /** Fails the test unless that is why it is not carried. */
    public FlowOutcome assertReason(Reason expected) {
        if (!reason().equals(Optional.of(expected))) {
            throw wrong("refused with " + expected);
        }
        return this;
    }

    /** The flow ends by itself, after no time and without a packet; the plugin has been told. */
    public void end() {
        end(Reason.FINISHED, Duration.ZERO, 0, 0);
    }

    /**
     * The flow ends, and the plugin has been told when this returns.
     *
     * @param sent bytes of its initiator, in one packet if there are any
     * @param received the same of its target
     */
    public void end(Reason reason, Duration duration, long sent, long received) {
        kit.end(
                answer,
                new FlowSummary(
                        answer.flow(),
                        decision(),
                        reason,
                        duration,
                        Long.signum(sent),
                        sent,
                        Long.signum(received),
                        received),
                isCarried());
    }

    private AssertionError wrong(String expected) {
        return new AssertionError(
                "expected " + expected + ", and it was " + decision(), failure.orElse(null));
    }
}
