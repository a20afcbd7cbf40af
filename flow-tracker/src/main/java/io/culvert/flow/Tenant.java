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

    /** Counts one flow more unless there are {@code limit} already. */
    boolean claimFlow(int limit) {
        if (flows.incrementAndGet() <= limit) {
            return true;
        }
        flows.decrementAndGet();
        return false;
    }

    void releaseFlow() {
        flows.decrementAndGet();
    }

    @Override
    public String toString() {
        return name;
    }
}
