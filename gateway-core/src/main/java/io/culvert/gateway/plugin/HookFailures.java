package io.culvert.gateway.plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Says in the log that a plugin's hooks failed. Whoever can provoke one failure can provoke a
 * million: of each hook the first, the second, the fourth and so on are said.
 *
 * <p>Threading: any.
 */
final class HookFailures {
    private static final Logger LOG = LoggerFactory.getLogger(HookFailures.class);

    private final LoadedPlugin plugin;
    private final Map<HookTimes.Hook, AtomicLong> counts = new EnumMap<>(HookTimes.Hook.class);

    HookFailures(LoadedPlugin plugin) {
        this.plugin = plugin;
        for (HookTimes.Hook hook : HookTimes.Hook.values()) {
            counts.put(hook, new AtomicLong());
        }
    }

    void say(HookTimes.Hook hook, Throwable failure) {
        long number = counts.get(hook).incrementAndGet();
        if (Long.bitCount(number) != 1) {
            return;
        }
        if (failure instanceof PluginException wrong) {
            LOG.warn(
                    "{}: the answer of its {} hook cannot be: {} (failure {})",
                    plugin,
                    hook,
                    wrong.getMessage(),
                    number);
        } else {
            LOG.warn("{}: its {} hook failed (failure {})", plugin, hook, number, failure);
        }
    }
}
