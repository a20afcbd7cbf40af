package io.culvert.gateway.plugin;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The {@link HookTimes} of every plugin that a gateway has had, and how often it has begun, by
 * name.
 *
 * <p>Threading: any.
 */
public final class HookTimesRegistry {
    private final Map<String, HookTimes> byName = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> begun = new ConcurrentHashMap<>();

    HookTimes of(String plugin) {
        return byName.computeIfAbsent(plugin, HookTimes::new);
    }

    /** The number of a plugin that begins, among those of its name; the first is 1. */
    long next(String plugin) {
        return begun.computeIfAbsent(plugin, _ -> new AtomicLong()).incrementAndGet();
    }

    /** In no order. */
    public Collection<HookTimes> all() {
        return byName.values();
    }
}
