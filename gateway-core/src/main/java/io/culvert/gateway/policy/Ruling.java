package io.culvert.gateway.policy;

import io.culvert.flow.RateLimits;
import io.culvert.gateway.detect.Facts;
import io.culvert.hook.FlowDecision;

import java.util.concurrent.atomic.LongAdder;

/**
 * The policy's answer for a flow: the decision, and which rule took it. Made when the policy is, so
 * that asking allocates nothing. Immutable, but for its count.
 */
public final class Ruling {
    /** The name of the policy's default, which no rule may have. */
    public static final String DEFAULT = "default";

    /** Of each ruling so many companions with an audited rule are kept. */
    private static final int COMPANIONS = 16;

    private final FlowDecision decision;
    private final Rule rule;
    private final String text;
    private final RateLimits limits;
    private final Ruling audited;
    private final boolean asks;
    private final Facts facts;
    private final LongAdder wouldRefuse = new LongAdder();
    private final Ruling[] companions = new Ruling[COMPANIONS];

    private Ruling(
            FlowDecision decision,
            Rule rule,
            String text,
            RateLimits limits,
            Ruling audited,
            boolean asks,
            Facts facts) {
        this.decision = decision;
        this.rule = rule;
        this.text = text;
        this.limits = limits;
        this.audited = audited;
        this.asks = asks;
        this.facts = facts;
    }

    /**
     * @param limits of the flows that it carries; {@code null} for none
     */
    static Ruling of(Rule rule, FlowDecision decision, RateLimits limits) {
        return new Ruling(decision, rule, rule.text(), limits, null, false, null);
    }

    /**
     * What is done until it is known what the flow says: whatever is decided then, this takes part
     * in no rate and is said of in no log.
     */
    static Ruling asking(Rule rule, FlowDecision meanwhile) {
        return new Ruling(meanwhile, rule, rule.text(), null, null, true, null);
    }

    /**
     * What the policy says of a flow that no rule decides.
     *
     * @param text for people, such as {@code default: deny}
     */
    static Ruling ofDefault(FlowDecision decision, String text) {
        return new Ruling(decision, null, text, null, null, false, null);
    }

    /**
     * Whether the rule asks what the flow says first, so that nothing is decided yet: the decision
     * is what is done meanwhile, and {@link Policy#decide(Policy.Question,
     * io.culvert.gateway.detect.Facts)} tells more.
     */
    public boolean asks() {
        return asks;
    }

    /** The same for a flow of which that is known. */
    public Ruling knowing(Facts known) {
        return new Ruling(decision, rule, text, limits, audited, asks, known);
    }

    /** What the flow said first; {@code null} where it was not asked. */
    public Facts facts() {
        return facts;
    }

    /** What becomes of the flow. */
    public FlowDecision decision() {
        return decision;
    }

    /** The rule that decided; {@code null} for the policy's default. */
    public Rule rule() {
        return rule;
    }

    /** Of the rule that decided; {@value #DEFAULT} for the policy's default. */
    public String name() {
        return rule == null ? DEFAULT : rule.name();
    }

    /** Where that rule stands, {@code FILE:LINE}; empty for the default and rules of no file. */
    public String where() {
        return rule == null ? "" : rule.origin().toString();
    }

    /** What decided, on one line for people. */
    public String text() {
        return text;
    }

    /** Who has to allow the flow before it opens; {@code null} for nobody. */
    public RateLimits limits() {
        return limits;
    }

    /** How connections of it go on that speak HTTP or TLS. */
    public Proxying proxying() {
        return rule == null ? Proxying.USUAL : rule.terms().proxying();
    }

    /** Whether each flow of it is a line in the log. */
    public boolean isLogged() {
        return rule != null && rule.terms().log();
    }

    /**
     * What the first rule in audit mode that matched would have decided, always a refusal; {@code
     * null} where none did.
     */
    public Ruling audited() {
        return audited;
    }

    /** Whether more is to be done for a flow than what was decided. */
    public boolean isNotable() {
        return !asks && (audited != null || isLogged());
    }

    /** A flow was carried, or refused by another rule, that this ruling would have refused. */
    public void countWouldRefuse() {
        wouldRefuse.increment();
    }

    /** How many there were. */
    public long wouldRefuseCount() {
        return wouldRefuse.sum();
    }

    /**
     * The same ruling for a flow that a rule in audit mode would have refused. Seldom made anew:
     * there may be as many as there are pairs of rules, so a few of each are kept.
     */
    Ruling after(Ruling refusal) {
        int place = System.identityHashCode(refusal) & (COMPANIONS - 1);
        // Whatever thread made it: its fields are final.
        Ruling companion = companions[place];
        if (companion == null || companion.audited != refusal) {
            companion = new Ruling(decision, rule, text, limits, refusal, asks, null);
            companions[place] = companion;
        }
        return companion;
    }

    @Override
    public String toString() {
        return name() + ": " + text;
    }
}
