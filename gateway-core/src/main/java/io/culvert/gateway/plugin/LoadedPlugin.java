package io.culvert.gateway.plugin;

import io.culvert.hook.Hooks;
import io.culvert.hook.Plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A plugin that was started. It is stopped, and its classes let go, when the last {@link HookChain}
 * that it is part of has been.
 *
 * <p>Threading: any.
 */
public final class LoadedPlugin {
    private static final Logger LOG = LoggerFactory.getLogger(LoadedPlugin.class);

    private static final Duration START_LIMIT = Duration.ofSeconds(10);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

    /**
     * Calls that were given up and go on, which interrupting them has not ended: with so many the
     * plugin is not asked until one comes back. Each may hold one of the threads that all hooks run
     * on.
     */
    static final int MOST_STUCK = 16;

    /** Calls under way. */
    static final int MOST_AT_ONCE = 8_192;

    private final PluginEntry entry;
    private final PluginCode code;
    private final Plugin<?> plugin;
    private final String name;
    private final Hooks hooks;
    private final HookTimes times;
    private final long generation;
    private final PluginHost host;
    private final Set<Thread> stuck = ConcurrentHashMap.newKeySet();
    private final AtomicInteger atOnce = new AtomicInteger();
    private final AtomicInteger chains = new AtomicInteger();
    private final HookFailures failures = new HookFailures(this);
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
    private final Closings closings;

    private LoadedPlugin(
            PluginEntry entry,
            PluginCode code,
            Hooks hooks,
            HookTimesRegistry times,
            PluginHost host) {
        this.entry = entry;
        this.code = code;
        this.plugin = code.plugin();
        this.name = plugin.name();
        this.hooks = hooks;
        this.times = times.of(name);
        generation = times.next(name);
        this.host = host;
        closings = new Closings(this);
    }

    /**
     * Loads and starts a plugin.
     *
     * @throws PluginException with a sentence; then nothing of it is left
     */
    static LoadedPlugin start(PluginEntry entry, HookTimesRegistry times) throws PluginException {
        PluginJar jar = PluginJar.open(entry.jar());
        return start(entry, jar, new GatewayHost(jar.plugin().name(), entry.directory()), times);
    }

    /**
     * Starts a plugin that is there.
     *
     * @param code closed when the plugin has ended, or could not be started
     * @param host stopped then
     * @throws PluginException with a sentence
     */
    public static LoadedPlugin start(
            PluginEntry entry, PluginCode code, PluginHost host, HookTimesRegistry times)
            throws PluginException {
        try {
            Hooks hooks = start(code, code.plugin(), entry, host);
            return new LoadedPlugin(entry, code, hooks, times, host);
        } catch (PluginException | RuntimeException e) {
            host.stop();
            code.close();
            throw e;
        }
    }

    private static <S extends Record> Hooks start(
            PluginCode code, Plugin<S> plugin, PluginEntry entry, PluginHost host)
            throws PluginException {
        S settings = entry.settings().read(plugin.settings());
        String who = "the plugin " + plugin.name();
        Hooks hooks = within(START_LIMIT, code, who, "start", () -> plugin.start(settings, host));
        if (hooks == null) {
            throw new PluginException(who + " answered null when it was started");
        }
        return hooks;
    }

    /** Calls it on a thread of its own, as it may never come back. */
    private static <T> T within(
            Duration limit, PluginCode code, String who, String what, Callable<T> call)
            throws PluginException {
        FutureTask<T> task = new FutureTask<>(call);
        Thread thread = Thread.ofVirtual().name(who + ": " + what).unstarted(task);
        thread.setContextClassLoader(code.loader());
        thread.start();
        try {
            return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new PluginException(
                    "%s did not %s: %s".formatted(who, what, words(e.getCause())), e.getCause());
        } catch (TimeoutException e) {
            thread.interrupt();
            throw new PluginException(
                    "%s did not %s within %d s".formatted(who, what, limit.toSeconds()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PluginException("interrupted while " + who + " was to " + what, e);
        }
    }

    /** What a plugin says for the operator; what has no message is named by its kind. */
    private static String words(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank()
                ? failure.getClass().getSimpleName()
                : message.strip();
    }

    public String name() {
        return name;
    }

    public String version() {
        return plugin.version();
    }

    public String description() {
        return plugin.description();
    }

    public Hooks hooks() {
        return hooks;
    }

    public HookTimes times() {
        return times;
    }

    /** Its number among those of its name that the gateway has begun; the first is 1. */
    public long generation() {
        return generation;
    }

    PluginEntry entry() {
        return entry;
    }

    ClassLoader loader() {
        return code.loader();
    }

    /** Where its failures are said. */
    HookFailures failures() {
        return failures;
    }

    /** Where ends of flows wait for the plugin to hear of them. */
    Closings closings() {
        return closings;
    }

    /** Whether it may be asked; if so {@link #leave} is to be called. */
    boolean enter() {
        if (stuck.size() >= MOST_STUCK) {
            return false;
        }
        if (atOnce.incrementAndGet() > MOST_AT_ONCE) {
            atOnce.decrementAndGet();
            return false;
        }
        return true;
    }

    void leave() {
        atOnce.decrementAndGet();
        if (!stuck.isEmpty()) {
            back(Thread.currentThread());
        }
    }

    /** Nobody waits any more for what that thread asks. */
    void giveUp(Thread thread) {
        if (stuck.add(thread)) {
            Carriers.held();
        }
    }

    /** That thread has come back. */
    void back(Thread thread) {
        if (stuck.remove(thread)) {
            Carriers.released();
        }
    }

    /** It is part of a chain more. */
    void retain() {
        chains.incrementAndGet();
    }

    /** It is part of a chain less; with none it ends, on a thread of its own. */
    void release() {
        if (chains.decrementAndGet() == 0) {
            Thread.ofVirtual().name("stop " + name).start(this::stop);
        }
    }

    /** Completes when it was stopped, and its classes let go. */
    CompletableFuture<Boolean> ended() {
        return ended;
    }

    /** Waits so long at most. */
    void awaitEnd(long nanos) {
        try {
            boolean unused = ended.get(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("{} has not ended", this);
        }
    }

    private void stop() {
        host.stop();
        try {
            Callable<Boolean> stopping =
                    () -> {
                        plugin.stop();
                        return true;
                    };
            boolean unused = within(STOP_LIMIT, code, "the plugin " + name, "stop", stopping);
            LOG.info("Plugin {} {} has ended", name, plugin.version());
        } catch (PluginException e) {
            LOG.warn("{}", e.getMessage());
        } finally {
            code.close();
            boolean unused = ended.complete(true);
        }
    }

    @Override
    public String toString() {
        return name + " " + plugin.version();
    }
}
