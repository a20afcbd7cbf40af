package io.culvert.flow;

import io.culvert.hook.Reason;

/**
 * What lets a flow's packets pass, or not. It may be one flow's or be shared by many.
 *
 * <p>Threading: shared.
 */
public sealed interface Throttle permits Limiter, Throttles {
    /**
     * Whether packets of the flow may pass, of either direction; if so they count.
     *
     * @param bytes in all of their IP lengths
     * @return {@code null}, or why not
     */
    Reason pass(int packets, int bytes, long nowNanos);

    /** A flow that it was given for has ended. */
    void closed();

    /** One that lets pass what both do; {@code null} where neither is there. */
    static Throttle of(Throttle first, Throttle second) {
        return first == null ? second : second == null ? first : new Throttles(first, second);
    }
}
