package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.Hooks;
import io.culvert.hook.Plugin;
import io.culvert.hook.Reason;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A plugin under test. It was started as a gateway starts it, has a clock that stands until the
 * test moves it, and is asked by the code that asks it in a gateway.
 *
 * <pre>
 *   try (PluginKit kit = PluginKit.of(GeoPlugin.class).in(directory).settings(...).start()) {
 *       kit.flow("tcp 10.0.0.1:1234 &gt; 192.0.2.1:443").tenant("acme").open()
 *           .assertRefused("its target is in NL");
 *   }
 * </pre>
 *
 * <p>Closing it ends every flow that is open, and stops the plugin. Threading: one test's thread.
 */
public final class PluginKit implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 10;

    private final HookChain chain;
    private final LoadedPlugin plugin;
    private final Watched<?> watched;
    private final HandHost host;
    private final HandClock clock;
    private final List<Answer> open = new ArrayList<>();

    PluginKit(
            HookChain chain,
            LoadedPlugin plugin,
            Watched<?> watched,
            HandHost host,
            HandClock clock) {
        this.chain = chain;
        this.plugin = plugin;
        this.watched = watched;
        this.host = host;
        this.clock = clock;
    }

    /** A plugin, to be set up and started. */
    public static PluginSetup of(Class<? extends Plugin<?>> type) {
        return new PluginSetup(type);
    }

    /** The plugin's clock. */
    public HandClock clock() {
        return clock;
    }

    /** Lines that the plugin has logged, such as {@code WARNING: unknown token}. */
    public List<String> log() {
        return host.log().lines();
    }

    /** What the plugin wants to be asked. */
    public Hooks hooks() {
        return plugin.hooks();
    }

    /**
     * A flow that wants to open, such as {@code tcp 10.0.0.1:1234 > 192.0.2.1:443}, {@code udp
     * [2001:db8::1]:53 > [2001:db8::2]:53}, {@code icmp 10.0.0.1 > 192.0.2.1} or {@code 47 10.0.0.1
     * > 192.0.2.1}.
     */
    public FlowQuestion flow(String text) {
        return new FlowQuestion(this, Flows.parse(text));
    }

    /**
     * The flow that a raw IP packet opens, read as the gateway reads it.
     *
     * @throws AssertionError the gateway would drop it
     */
    public FlowQuestion packet(byte... packet) {
        return new FlowQuestion(this, Flows.of(packet));
    }

    /** A tunnel that says this of itself, as UTF-8. */
    public TunnelQuestion tunnel(String context) {
        return tunnel(context.getBytes(StandardCharsets.UTF_8));
    }

    /** A tunnel that says this of itself. */
    public TunnelQuestion tunnel(byte... context) {
        return new TunnelQuestion(plugin, context);
    }

    HookChain chain() {
        return chain;
    }

    Watched<?> watched() {
        return watched;
    }

    HandClock handClock() {
        return clock;
    }

    void opened(Answer answer) {
        open.add(answer);
    }

    /** Ends a flow, and waits until the plugin has been told where it is to be. */
    void end(Answer answer, FlowSummary summary, boolean carried) {
        if (!open.remove(answer)) {
            throw new IllegalStateException("the flow is over already");
        }
        boolean told = carried && plugin.hooks().flow().isPresent();
        answer.over(summary);
        if (told) {
            await(watched.closed(), "the plugin was not told of the flow's end");
        }
    }

    /** A request is over, and the plugin is being told. */
    void awaitRequestsEnd() {
        await(watched.over(), "the plugin was not told of the request's end");
    }

    private static void await(Semaphore event, String otherwise) {
        try {
            if (!event.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError(otherwise + " within " + PATIENCE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(otherwise, e);
        }
    }

    @Override
    public void close() {
        for (Answer answer : List.copyOf(open)) {
            open.remove(answer);
            answer.refused(Reason.SHUTDOWN);
        }
        chain.release();
        try {
            if (!watched.stopped().await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the plugin did not stop");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
