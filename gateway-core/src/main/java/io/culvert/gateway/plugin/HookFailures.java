package io.culvert.gateway.plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Says in the log that a plugin failed. Whoever can provoke one failure can provoke a million: the
 * first, the second, the fourth and so on are said.
 *
 * <p>Threading: any.
 */
final class HookFailures {
    private static final Logger LOG = LoggerFactory.getLogger(HookFailures.class);

    private final AtomicLong count = new AtomicLong();

    void say(LoadedPlugin plugin, HookTimes.Hook hook, Throwable failure) {
        long number = count.incrementAndGet();
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
