package io.culvert.gateway;

import java.time.Instant;

/**
 * Which configuration is in force, and what came of the last attempt to change it.
 *
 * <p>Threading: any thread reads; whoever applies configurations writes, one at a time.
 */
public final class ConfigurationGeneration {
    private volatile State state;

    /**
     * At a moment.
     *
     * @param number 1 at the start, one more with each configuration applied
     * @param hash of the one in force: {@code sha256:} and 64 hexadecimal digits; empty where it is
     *     of no file
     * @param succeeded whether the last attempt was applied
     * @param lastAttempt when that was
     */
    public record State(long number, String hash, boolean succeeded, Instant lastAttempt) {}

    /** The one that the gateway starts with. */
    public ConfigurationGeneration(String hash, Instant when) {
        state = new State(1, hash, true, when);
    }

    public State state() {
        return state;
    }

    /** Another one is in force now. */
    public synchronized void applied(String hash, Instant when) {
        state = new State(state.number() + 1, hash, true, when);
    }

    /** An attempt was refused, and what was in force is. */
    public synchronized void refused(Instant when) {
        state = new State(state.number(), state.hash(), false, when);
    }
}
