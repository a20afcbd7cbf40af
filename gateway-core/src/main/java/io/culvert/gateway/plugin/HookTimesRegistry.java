package io.culvert.gateway.plugin;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The {@link HookTimes} of every plugin that a gateway has had, by name.
 *
 * <p>Threading: any.
 */
public final class HookTimesRegistry {
    private final Map<String, HookTimes> byName = new ConcurrentHashMap<>();

    HookTimes of(String plugin) {
        return byName.computeIfAbsent(plugin, HookTimes::new);
    }

    /** In no order. */
    public Collection<HookTimes> all() {
        return byName.values();
    }
}
