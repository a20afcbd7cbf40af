package io.culvert.gateway.plugin;

import io.culvert.gateway.http.ExchangeHooks;
import io.culvert.hook.BodyVerdict;
import io.culvert.hook.HttpStage;
import io.culvert.hook.Reason;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A piece of a body on its way through the plugins that watch it; each is asked about what the one
 * before has made of it.
 *
 * <p>Threading: one at a time.
 */
final class BodyQuestion {
    private final HttpAsking asking;
    private final HttpStage side;
    private final List<LoadedPlugin> asked;
    private final boolean last;
    private final Consumer<ExchangeHooks.BodyOutcome> taker;
    private boolean changed;
    private int next;

    BodyQuestion(
            HttpAsking asking,
            HttpStage side,
            List<LoadedPlugin> asked,
            boolean last,
            Consumer<ExchangeHooks.BodyOutcome> taker) {
        this.asking = asking;
        this.side = side;
        this.asked = List.copyOf(asked);
        this.last = last;
        this.taker = taker;
    }

    void ask(byte[] piece) {
        boolean dropped = piece.length == 0 && !last;
        if (next == asked.size() || dropped) {
            taker.accept(
                    changed
                            ? new ExchangeHooks.BodyOutcome.Go(Optional.of(piece))
                            : ExchangeHooks.BodyOutcome.Go.AS_IT_IS);
            return;
        }
        LoadedPlugin plugin = asked.get(next++);
        // Each has bytes of its own: what one writes into them, another does not see.
        byte[] own = asked.size() == 1 ? piece : piece.clone();
        asking.call(
                plugin,
                (hook, request) ->
                        checked(
                                plugin,
                                side == HttpStage.REQUEST_BODY
                                        ? hook.requestBody(request, own, last)
                                        : hook.responseBody(request, own, last)),
                (verdict, failure) -> {
                    switch (verdict) {
                        case null -> {
                            if (plugin.entry().failsOpen()) {
                                ask(piece);
                            } else {
                                taker.accept(new ExchangeHooks.BodyOutcome.Refuse(failure));
                            }
                        }
                        case BodyVerdict.Pass _ -> ask(piece);
                        case BodyVerdict.Replace replace -> {
                            changed = true;
                            ask(replace.bytes());
                        }
                        case BodyVerdict.Refuse refuse -> {
                            HttpAsking.say(plugin, refuse.why());
                            taker.accept(new ExchangeHooks.BodyOutcome.Refuse(Reason.HOOK_REFUSED));
                        }
                    }
                });
    }

    /** On the plugin's thread, so that an answer that cannot be is the plugin's failure. */
    private BodyVerdict checked(LoadedPlugin plugin, BodyVerdict verdict) throws PluginException {
        if (verdict instanceof BodyVerdict.Replace && !asking.changes(plugin, side)) {
            throw new PluginException("it has not said that it changes this body");
        }
        return verdict;
    }
}
