package io.culvert.gateway;

import io.culvert.flow.Tenant;

import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Every tenant that the configuration or a tunnel has named, numbered.
 *
 * <p>Threading: any.
 */
final class Tenants {
    private final Map<String, Tenant> byName = new ConcurrentHashMap<>();
    private final AtomicInteger last = new AtomicInteger();

    /** All of them, in no order. */
    Collection<Tenant> all() {
        return Collections.unmodifiableCollection(byName.values());
    }

    /** The tenant of that name, from now on if it is new. */
    Tenant named(String name) {
        return byName.computeIfAbsent(name, each -> new Tenant(last.incrementAndGet(), each));
    }
}
