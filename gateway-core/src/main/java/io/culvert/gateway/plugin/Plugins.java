package io.culvert.gateway.plugin;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Rule;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The plugins in force. What replaces them is loaded beside them first; flows that open from then
 * on are its, and those before stay with what they had.
 *
 * <p>Threading: any may ask for {@link #current}; one at a time replaces.
 */
public final class Plugins {
    private static final Logger LOG = LoggerFactory.getLogger(Plugins.class);

    /** What is left of one is left behind. */
    private static final Duration ENDING_LIMIT = Duration.ofSeconds(5);

    private final HookTimesRegistry times = new HookTimesRegistry();
    private final Set<LoadedPlugin> live = ConcurrentHashMap.newKeySet();
    private volatile HookChain current = HookChain.none();

    /** What was in force before a change that may be taken back. */
    private volatile HookChain kept = HookChain.none();

    /**
     * Loads what a configuration has and is not there yet, and puts nothing in force.
     *
     * @return to be given to {@link #replace}, or to be {@linkplain HookChain#release released}
     * @throws PluginException with a sentence; then nothing of it is left
     */
    public HookChain load(Configuration configuration) throws PluginException {
        HookChain chain = chain(configuration);
        try {
            checkHandlers(configuration, chain);
            checkTunnelHooks(configuration, chain);
            return chain;
        } catch (PluginException e) {
            chain.release();
            throw e;
        }
    }

    private HookChain chain(Configuration configuration) throws PluginException {
        List<LoadedPlugin> all = new ArrayList<>();
        List<LoadedPlugin> started = new ArrayList<>();
        try {
            for (PluginEntry entry : configuration.plugins()) {
                Optional<LoadedPlugin> same =
                        Stream.concat(current.plugins().stream(), kept.plugins().stream())
                                .filter(plugin -> plugin.entry().isSame(entry))
                                .findFirst();
                if (same.isEmpty()) {
                    started.add(LoadedPlugin.start(entry, times));
                    keepUntilItsEnd(started.getLast());
                    LOG.info("Plugin {} has started", started.getLast());
                }
                all.add(same.orElseGet(started::getLast));
            }
            return HookChain.of(
                    all,
                    names(configuration, OffRamp.Socket.class),
                    names(configuration, OffRamp.Device.class));
        } catch (PluginException | RuntimeException e) {
            for (LoadedPlugin plugin : started) {
                plugin.retain();
                plugin.release();
            }
            throw e;
        }
    }

    private static Set<String> names(Configuration configuration, Class<?> type) {
        return configuration.offramps().stream()
                .filter(type::isInstance)
                .map(OffRamp::name)
                .collect(Collectors.toSet());
    }

    /** Only a plugin that has started knows its handlers. */
    private static void checkHandlers(Configuration configuration, HookChain chain)
            throws PluginException {
        for (Rule rule : configuration.policy().rules()) {
            String handler = rule.handler();
            boolean known =
                    handler.isEmpty()
                            || Policy.OWN_HANDLERS.contains(handler)
                            || chain.handler(handler).isPresent();
            if (!known) {
                Set<String> handlers = chain.handlers().keySet();
                throw new PluginException(
                        "%s: no plugin has the handler \"%s\" (they have: %s)"
                                .formatted(
                                        rule.origin(),
                                        handler,
                                        handlers.isEmpty() ? "none" : String.join(", ", handlers)));
            }
        }
    }

    /** Nor does anybody else know whether it has a hook for tunnels. */
    private static void checkTunnelHooks(Configuration configuration, HookChain chain)
            throws PluginException {
        for (OnRamp onRamp : configuration.onramps()) {
            if (onRamp.asksPlugins() && !chain.asksAboutTunnels()) {
                throw new PluginException(
                        "the on-ramp %s has \"context: hook\", and no plugin says whose tunnels are"
                                .formatted(onRamp.name()));
            }
        }
    }

    /** Puts what {@link #load} has answered in force. */
    public void replace(HookChain next) {
        HookChain before = current;
        current = next;
        before.release();
    }

    /**
     * Keeps what is in force now until {@link #forget}, whatever takes its place: who goes back to
     * its configuration has the same plugins again, with what they know, and whatever their jars
     * are by then.
     */
    public synchronized void keep() {
        forget();
        HookChain now = current;
        if (now.retain()) {
            kept = now;
        }
    }

    /** There is no way back any more. */
    public synchronized void forget() {
        HookChain before = kept;
        kept = HookChain.none();
        before.release();
    }

    private void keepUntilItsEnd(LoadedPlugin plugin) {
        live.add(plugin);
        CompletableFuture<Void> unused = plugin.ended().thenAccept(ended -> live.remove(plugin));
    }

    /** Lets all plugins end, and waits a little for them. */
    public void close() {
        forget();
        replace(HookChain.none());
        CompletableFuture<?>[] ends =
                live.stream().map(LoadedPlugin::ended).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(ends).get(ENDING_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("Plugins that do not end: {}", live);
        }
    }

    /** What is asked about flows that open now. */
    public HookChain current() {
        return current;
    }

    /** How long hooks took. */
    public HookTimesRegistry times() {
        return times;
    }
}
