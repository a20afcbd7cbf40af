package io.culvert.gateway.policy;

/**
 * What a rule asks for besides a decision.
 *
 * @param log whether each flow that it decides is a line in the log
 * @param audit whether a refusal is only noted, and the next rules decide
 */
public record Terms(boolean log, boolean audit) {
    /** Of a rule that asks for nothing more. */
    public static final Terms NONE = new Terms(false, false);
}
