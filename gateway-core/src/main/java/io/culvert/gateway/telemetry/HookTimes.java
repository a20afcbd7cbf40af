package io.culvert.gateway.telemetry;

/**
 * Told how long plugins' hooks take.
 *
 * <p>Threading: any; called once for each call of a hook, after it.
 */
@FunctionalInterface
public interface HookTimes {
    /** Nobody wants to know. */
    HookTimes NONE = (plugin, hook, nanos) -> {};

    /**
     * A hook has answered, failed or run out of time.
     *
     * @param plugin its name, one of the configured
     * @param hook the name of the hook's interface or class: one of few
     */
    void took(String plugin, String hook, long nanos);
}
