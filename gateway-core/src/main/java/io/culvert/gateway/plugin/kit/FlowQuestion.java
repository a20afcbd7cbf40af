package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.Question;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.TunnelInfo;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A flow that wants to open, and what is known of it. */
public final class FlowQuestion {
    /** How often it is looked whether the plugin's deadline is over. */
    private static final long LOOK_MILLIS = 5;

    private final PluginKit kit;
    private FlowInfo flow;
    private FlowDecision proposed = new FlowDecision.Upgrade("kit", "relay", "socket");

    FlowQuestion(PluginKit kit, FlowInfo flow) {
        this.kit = kit;
        this.flow = flow;
    }

    /** Whose it is; {@code kit} unless said. */
    public FlowQuestion tenant(String tenant) {
        return tunnel(tenant, flow.tunnel());
    }

    /** The on-ramp that its tunnel came in by; {@code kit} unless said. */
    public FlowQuestion onRamp(String name) {
        TunnelInfo tunnel = flow.tunnel();
        return tunnel(flow.tenant(), new TunnelInfo(name, tunnel.id(), tunnel.attributes()));
    }

    /** Its tunnel's name. */
    public FlowQuestion tunnelId(String id) {
        TunnelInfo tunnel = flow.tunnel();
        return tunnel(flow.tenant(), new TunnelInfo(tunnel.onRamp(), id, tunnel.attributes()));
    }

    /** Something that its tunnel said of itself, besides what was said before. */
    public FlowQuestion attribute(String key, String value) {
        TunnelInfo tunnel = flow.tunnel();
        Map<String, String> more = new HashMap<>(tunnel.attributes());
        more.put(key, value);
        return tunnel(flow.tenant(), new TunnelInfo(tunnel.onRamp(), tunnel.id(), more));
    }

    private FlowQuestion tunnel(String tenant, TunnelInfo tunnel) {
        flow =
                new FlowInfo(
                        tenant,
                        tunnel,
                        flow.protocol(),
                        flow.initiator(),
                        flow.target(),
                        flow.context());
        return this;
    }

    /** A value that another hook has added, see {@link io.culvert.hook.Context}. */
    public FlowQuestion with(Object value) {
        flow = flow.with(flow.context().with(value));
        return this;
    }

    /** What the operator's rules have made of it; an upgrade by {@code relay} unless said. */
    public FlowQuestion proposed(FlowDecision decision) {
        proposed = decision;
        return this;
    }

    /** Opens it: every hook of the plugin that is for such flows is asked. */
    public FlowOutcome open() {
        kit.watched().takeFailure();
        Answer answer = ask(kit.chain()::ask);
        kit.opened(answer);
        return new FlowOutcome(kit, answer, kit.watched().takeFailure());
    }

    /** Asks what would become of it, as {@code culvert explain} does; there is no such flow. */
    public FlowOutcome explain() {
        kit.watched().takeFailure();
        return new FlowOutcome(kit, ask(kit.chain()::explain), kit.watched().takeFailure());
    }

    /** It was upgraded, and this handler of the plugin's gets the connection. */
    public HandlerQuestion handledBy(String name) {
        Optional<HookChain.Handler> handler = kit.chain().handler(name);
        if (handler.isEmpty()) {
            throw new AssertionError(
                    "no handler %s; there are %s".formatted(name, kit.chain().handlers().keySet()));
        }
        return new HandlerQuestion(handler.get().handler(), flow, kit.handClock());
    }

    /**
     * It was upgraded and is handled as HTTP, and this request comes.
     *
     * @param uri such as {@code https://example.test/search?q=a}
     */
    public HttpQuestion request(String method, String uri) {
        return new HttpQuestion(kit, flow, method, URI.create(uri));
    }

    private interface Ask {
        Question about(FlowInfo flow, FlowDecision proposed, Question.Taker taker);
    }

    private Answer ask(Ask ask) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        Question question = ask.about(flow, proposed, answer::complete);
        if (question == null) {
            throw new IllegalStateException("the kit is closed");
        }
        // As the worker does it: a question ends by its own deadline and nothing else.
        for (; ; ) {
            try {
                return answer.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                question.expire(System.nanoTime());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            } catch (ExecutionException e) {
                throw new AssertionError(e.getCause());
            }
        }
    }
}
