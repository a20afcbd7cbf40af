package io.culvert.gateway.plugin;

import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.TunnelRequest;
import io.culvert.upgrade.Handling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The plugins of one generation of the configuration, in its order. Flows that it was asked about
 * keep it; when it was replaced and the last of them has ended, its plugins are let go, but for
 * those that the next generation has as well.
 *
 * <p>Threading: any.
 */
public final class HookChain {
    private final List<LoadedPlugin> plugins;
    private final List<Step> steps;

    /** Those that say whose tunnels are. */
    private final List<LoadedPlugin> admitting;

    /** Those that are asked about requests of HTTP. */
    private final List<LoadedPlugin> http;

    private final Map<String, Handler> handlers;

    private final HookPace pace = new HookPace();

    /** The gateway while it is in force, and each flow and tunnel that has something of it. */
    private final AtomicInteger users = new AtomicInteger(1);

    /**
     * A plugin's handler.
     *
     * @param answersFirst asked once, so that no worker has to ask a plugin
     */
    public record Handler(LoadedPlugin plugin, ConnectionHandler handler, boolean answersFirst) {}

    private HookChain(List<LoadedPlugin> plugins, List<Step> steps, Map<String, Handler> handlers) {
        this.plugins = List.copyOf(plugins);
        this.steps = List.copyOf(steps);
        admitting =
                this.plugins.stream().filter(each -> each.hooks().tunnel().isPresent()).toList();
        http = this.plugins.stream().filter(each -> each.hooks().http().isPresent()).toList();
        this.handlers = Map.copyOf(handlers);
        this.plugins.forEach(LoadedPlugin::retain);
    }

    /** Of no plugin. */
    public static HookChain none() {
        return new HookChain(List.of(), List.of(), Map.of());
    }

    /**
     * @param sockets names of off-ramps for sockets
     * @param devices names of off-ramps for packets
     * @throws PluginException where two plugins, or handlers, have the same name
     */
    public static HookChain of(List<LoadedPlugin> plugins, Set<String> sockets, Set<String> devices)
            throws PluginException {
        Map<String, LoadedPlugin> names = new LinkedHashMap<>();
        Map<String, Handler> handlers = new TreeMap<>();
        for (LoadedPlugin plugin : plugins) {
            if (names.putIfAbsent(plugin.name(), plugin) != null) {
                throw new PluginException("two plugins have the name " + plugin.name());
            }
            for (Map.Entry<String, ConnectionHandler> each : plugin.hooks().handlers().entrySet()) {
                Handler handler =
                        new Handler(plugin, each.getValue(), each.getValue().answersFirst());
                Handler other = handlers.putIfAbsent(each.getKey(), handler);
                if (other != null) {
                    throw new PluginException(
                            "the plugins %s and %s both have a handler \"%s\""
                                    .formatted(other.plugin.name(), plugin.name(), each.getKey()));
                }
            }
        }
        WaysOut ways = new WaysOut(sockets, devices, handlers.keySet());
        List<Step> steps = new ArrayList<>();
        for (LoadedPlugin plugin : plugins) {
            plugin.hooks()
                    .flow()
                    .ifPresent(hook -> steps.add(new Step(plugin, HookTimes.Hook.FLOW, ways)));
        }
        for (LoadedPlugin plugin : plugins) {
            plugin.hooks()
                    .connection()
                    .ifPresent(
                            hook -> steps.add(new Step(plugin, HookTimes.Hook.CONNECTION, ways)));
        }
        for (LoadedPlugin plugin : plugins) {
            plugin.hooks()
                    .egress()
                    .ifPresent(hook -> steps.add(new Step(plugin, HookTimes.Hook.EGRESS, ways)));
        }
        return new HookChain(plugins, steps, handlers);
    }

    /** In the configuration's order. */
    public List<LoadedPlugin> plugins() {
        return plugins;
    }

    /** The handler of that name. */
    public Optional<Handler> handler(String name) {
        return Optional.ofNullable(handlers.get(name));
    }

    /**
     * Gives a flow's connection to a handler; the chain has a user more until that is over.
     *
     * @return {@code null} where there is no such handler any more
     */
    public Handling handle(String name, FlowInfo flow) {
        Handler handler = handlers.get(name);
        return handler == null || !retain() ? null : new HandlerCall(this, handler, flow);
    }

    /** By name. */
    public Map<String, Handler> handlers() {
        return handlers;
    }

    /** Whether any hook is to be asked about flows. */
    public boolean asksAboutFlows() {
        return !steps.isEmpty();
    }

    /**
     * A question about a flow, to be asked in a {@link Round}; the chain has a user more, until
     * {@link Answer#over}.
     *
     * @param proposed to carry it
     * @return {@code null} where the chain was replaced, and all that used it has ended
     */
    public Question question(FlowInfo flow, FlowDecision proposed, Question.Taker taker) {
        return retain() ? new Question(this, Draft.of(flow, proposed), false, taker) : null;
    }

    /** The same, asked at once. */
    public Question ask(FlowInfo flow, FlowDecision proposed, Question.Taker taker) {
        Question question = question(flow, proposed, taker);
        if (question != null) {
            question.begin();
        }
        return question;
    }

    /** Asks what would become of a flow; nobody hears of its end. */
    public Question explain(FlowInfo flow, FlowDecision proposed, Question.Taker taker) {
        if (!retain()) {
            return null;
        }
        Question question =
                new Question(
                        this,
                        Draft.of(flow, proposed),
                        true,
                        answer -> {
                            release();
                            taker.take(answer);
                        });
        question.begin();
        return question;
    }

    /** Whether any plugin says whose tunnels are. */
    public boolean asksAboutTunnels() {
        return !admitting.isEmpty();
    }

    /**
     * Asks whose a tunnel is; the chain has a user more until it is refused or, where it is
     * admitted, ends.
     *
     * @return {@code null} where the chain was replaced, and all that used it has ended
     */
    public Admission admit(TunnelRequest request, Admission.Taker taker) {
        if (!retain()) {
            return null;
        }
        Admission admission = new Admission(this, request, taker);
        admission.ask();
        return admission;
    }

    /** Those that want to hear of requests of HTTP, in the configuration's order. */
    List<LoadedPlugin> askedAboutHttp() {
        return http;
    }

    List<LoadedPlugin> admitting() {
        return admitting;
    }

    List<Step> steps() {
        return steps;
    }

    HookPace pace() {
        return pace;
    }

    /** Whether it is still there to be used; if so {@link #release} is to be called. */
    public boolean retain() {
        int before;
        do {
            before = users.get();
            if (before == 0) {
                return false;
            }
        } while (!users.compareAndSet(before, before + 1));
        return true;
    }

    /** A user less; the last lets the plugins go. */
    public void release() {
        if (users.decrementAndGet() == 0) {
            plugins.forEach(LoadedPlugin::release);
        }
    }
}
