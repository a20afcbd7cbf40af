package io.culvert.gateway.policy;

/**
 * The policy in force. A flow is decided by the one that is there when it opens; replacing it
 * changes nothing about flows that live.
 *
 * <p>Threading: any. Who asks takes {@link #current} once for each flow, so that one policy alone
 * decides about it.
 */
public final class LivePolicy {
    private volatile Policy current;

    public LivePolicy(Policy first) {
        current = first;
    }

    /** The policy that flows which open now are decided by. */
    public Policy current() {
        return current;
    }

    /**
     * From now on that one decides, and {@linkplain Policy#following goes on} with what both count.
     * One thread's at a time.
     */
    public void replace(Policy next) {
        current = next.following(current);
    }
}
