package io.culvert.gateway.policy;

import java.util.Optional;

/**
 * What a rule says besides whom it matches and what it decides.
 *
 * @param when its hours, outside of which it does not match; empty for always
 * @param quota how much of what it carries may pass; empty for all
 * @param log whether each flow that it decides is a line in the log
 * @param audit whether a refusal is only noted, and the next rules decide
 * @param proxying how its connections go on that speak HTTP or TLS
 * @param content what it asks of what a flow says first
 */
public record Terms(
        Optional<When> when,
        Optional<Quota> quota,
        boolean log,
        boolean audit,
        Proxying proxying,
        Content content) {
    /** Of a rule that says nothing more. */
    public static final Terms NONE = new Terms(Optional.empty(), Optional.empty(), false, false);

    /** Of a rule that says nothing of HTTP, and asks nothing. */
    public Terms(Optional<When> when, Optional<Quota> quota, boolean log, boolean audit) {
        this(when, quota, log, audit, Proxying.USUAL, Content.ANY);
    }
}
