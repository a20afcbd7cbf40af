package io.culvert.gateway.plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The plugins in force. What replaces them is loaded beside them first; flows that open from then
 * on are its, and those before stay with what they had.
 *
 * <p>Threading: any may ask for {@link #current}; one at a time replaces.
 */
public final class Plugins {
    private static final Logger LOG = LoggerFactory.getLogger(Plugins.class);

    private final HookTimesRegistry times = new HookTimesRegistry();
    private volatile HookChain current = HookChain.none();

    /**
     * Loads what a configuration has and is not there yet, and puts nothing in force.
     *
     * @param sockets names of off-ramps for sockets
     * @param devices names of off-ramps for packets
     * @return to be given to {@link #replace}, or to be {@linkplain HookChain#release released}
     * @throws PluginException with a sentence; then nothing of it is left
     */
    public HookChain load(List<PluginEntry> entries, Set<String> sockets, Set<String> devices)
            throws PluginException {
        List<LoadedPlugin> all = new ArrayList<>();
        List<LoadedPlugin> started = new ArrayList<>();
        try {
            for (PluginEntry entry : entries) {
                Optional<LoadedPlugin> same =
                        current.plugins().stream()
                                .filter(plugin -> plugin.entry().isSame(entry))
                                .findFirst();
                if (same.isEmpty()) {
                    started.add(LoadedPlugin.start(entry, times));
                    LOG.info("Plugin {} has started", started.getLast());
                }
                all.add(same.orElseGet(started::getLast));
            }
            return HookChain.of(all, sockets, devices);
        } catch (PluginException | RuntimeException e) {
            for (LoadedPlugin plugin : started) {
                plugin.retain();
                plugin.release();
            }
            throw e;
        }
    }

    /** Puts what {@link #load} has answered in force. */
    public void replace(HookChain next) {
        HookChain before = current;
        current = next;
        before.release();
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
