package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.plugin.PluginCode;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.ConnectionHook;
import io.culvert.hook.EgressHook;
import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Plugin;
import io.culvert.hook.TunnelHook;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A plugin whose every call is passed on to the one under test, so that a test learns what it threw
 * and when it was told of ends. The gateway's own code sees no difference.
 */
final class Watched<S extends Record> implements PluginCode {
    private final Plugin<S> plugin;
    private final Plugin<S> relayed = new Relayed();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicReference<String> refusal = new AtomicReference<>();
    private final Semaphore closed = new Semaphore(0);
    private final Semaphore over = new Semaphore(0);
    private final CountDownLatch stopped = new CountDownLatch(1);

    Watched(Plugin<S> plugin) {
        this.plugin = plugin;
    }

    /** What a hook threw last, since this was asked last. */
    Optional<Throwable> takeFailure() {
        return Optional.ofNullable(failure.getAndSet(null));
    }

    /** The words in which a request or a body was refused last, since this was asked last. */
    Optional<String> takeRefusal() {
        return Optional.ofNullable(refusal.getAndSet(null));
    }

    /** A permit for each request whose end the plugin was told of. */
    Semaphore over() {
        return over;
    }

    /** A permit for each flow whose end the plugin was told of. */
    Semaphore closed() {
        return closed;
    }

    /** Down once the plugin has stopped. */
    CountDownLatch stopped() {
        return stopped;
    }

    @Override
    public Plugin<S> plugin() {
        return relayed;
    }

    @Override
    public ClassLoader loader() {
        return plugin.getClass().getClassLoader();
    }

    @Override
    public void close() {}

    private <T> T watch(Callable<T> call) throws Exception {
        try {
            return call.call();
        } catch (Throwable thrown) {
            failure.set(thrown);
            throw thrown;
        }
    }

    private Hooks watch(Hooks hooks) {
        Hooks all = Hooks.none();
        if (hooks.tunnel().isPresent()) {
            TunnelHook hook = hooks.tunnel().get();
            all = all.tunnel(request -> watch(() -> hook.admit(request)));
        }
        if (hooks.flow().isPresent()) {
            all = all.flow(new WatchedFlows(hooks.flow().get()));
        }
        if (hooks.connection().isPresent()) {
            ConnectionHook hook = hooks.connection().get();
            all = all.connection(request -> watch(() -> hook.opened(request)));
        }
        if (hooks.egress().isPresent()) {
            EgressHook hook = hooks.egress().get();
            all = all.egress(request -> watch(() -> hook.choose(request)));
        }
        if (hooks.http().isPresent()) {
            Hooks.Http http = hooks.http().get();
            all =
                    all.http(
                            http.filter(),
                            new WatchedRequests(http.hook(), failure::set, refusal::set, over));
        }
        for (Map.Entry<String, ConnectionHandler> one : hooks.handlers().entrySet()) {
            all = all.handler(one.getKey(), one.getValue());
        }
        return all;
    }

    private final class WatchedFlows implements FlowHook {
        private final FlowHook hook;

        WatchedFlows(FlowHook hook) {
            this.hook = hook;
        }

        @Override
        public FlowVerdict opened(FlowRequest request) throws Exception {
            return watch(() -> hook.opened(request));
        }

        @Override
        public void closed(FlowSummary flow) {
            try {
                hook.closed(flow);
            } catch (Throwable thrown) {
                failure.set(thrown);
                throw thrown;
            } finally {
                closed.release();
            }
        }
    }

    /** The plugin itself, seen from outside. */
    private final class Relayed implements Plugin<S> {
        @Override
        public String name() {
            return plugin.name();
        }

        @Override
        public String version() {
            return plugin.version();
        }

        @Override
        public String description() {
            return plugin.description();
        }

        @Override
        public Class<S> settings() {
            return plugin.settings();
        }

        @Override
        public Hooks start(S settings, Host host) throws Exception {
            Hooks hooks = plugin.start(settings, host);
            return hooks == null ? null : watch(hooks);
        }

        @Override
        public void stop() {
            try {
                plugin.stop();
            } finally {
                stopped.countDown();
            }
        }
    }
}
