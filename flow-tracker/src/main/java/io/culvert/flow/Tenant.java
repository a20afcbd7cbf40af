package io.culvert.flow;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Who a packet belongs to. Tenants are told apart by {@link #id}, which is part of every flow's
 * key, so two tenants with the same private addresses never meet.
 */
public final class Tenant {
    private final int id;
    private final String name;
    private final AtomicInteger flows = new AtomicInteger();
    private final AtomicInteger halfOpen = new AtomicInteger();
    private final AtomicInteger slots = new AtomicInteger();
    private final FlowRate rate = new FlowRate();

    public Tenant(int id, String name) {
        this.id = id;
        this.name = name;
    }

    public int id() {
        return id;
    }

    public String name() {
        return name;
    }

    /** Live flows of this tenant. */
    public int flows() {
        return flows.get();
    }

    /** TCP slots of this tenant whose handshake is not done. */
    public int halfOpen() {
        return halfOpen.get();
    }

    /** Upgraded connections of this tenant. */
    public int slots() {
        return slots.get();
    }

    /** Counts one upgraded connection more unless there are {@code limit} already. */
    public boolean claimSlot(int limit) {
        return claim(slots, limit);
    }

    public void releaseSlot() {
        slots.decrementAndGet();
    }

    /** Counts one flow more unless there are {@code limit} already. */
    boolean claimFlow(int limit) {
        return claim(flows, limit);
    }

    void releaseFlow() {
        flows.decrementAndGet();
    }

    /** Whether the tenant may open a flow now; if so it counts. */
    boolean opens(int perSecond, long nowNanos) {
        return rate.allows(perSecond, nowNanos);
    }

    /** Whether it could now; nothing is counted. */
    boolean couldOpen(int perSecond, long nowNanos) {
        return rate.wouldAllow(perSecond, nowNanos);
    }

    void halfOpen(int change) {
        halfOpen.addAndGet(change);
    }

    private static boolean claim(AtomicInteger count, int limit) {
        if (count.incrementAndGet() <= limit) {
            return true;
        }
        count.decrementAndGet();
        return false;
    }

    @Override
    public String toString() {
        return name;
    }
}
