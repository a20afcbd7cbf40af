package io.culvert.gateway.plugin;

import io.culvert.gateway.http.Destinations;
import io.culvert.gateway.http.Exchange;
import io.culvert.gateway.http.ExchangeHooks;
import io.culvert.hook.Context;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * One request's way through the plugins that want it, and its answer's way back. The chain has a
 * user more until the exchange is over.
 *
 * <p>Threading: asked on the exchange's loop, one thing at a time in each direction.
 */
final class HttpAsking implements ExchangeHooks.Asking {
    private static final Logger LOG = LoggerFactory.getLogger(HttpAsking.class);

    /** RFC 9112, section 3.2.1, without what no server would understand. */
    private static final Pattern TARGET = Pattern.compile("/[\\x21-\\x7e]*");

    private static final AtomicLong REFUSALS = new AtomicLong();

    private final HookChain chain;
    private final List<LoadedPlugin> plugins;
    private final Function<String, Optional<Destinations.Destination>> groups;

    /** Who wants to hear of what; complete when the request's outcome is told. */
    private final Map<HttpStage, List<LoadedPlugin>> watching = new EnumMap<>(HttpStage.class);

    private volatile HttpRequest request;

    HttpAsking(
            HookChain chain,
            List<LoadedPlugin> plugins,
            HttpRequest request,
            Function<String, Optional<Destinations.Destination>> groups) {
        this.chain = chain;
        this.plugins = plugins;
        this.request = request;
        this.groups = groups;
        for (HttpStage stage : HttpStage.values()) {
            watching.put(stage, new CopyOnWriteArrayList<>());
        }
    }

    private static HttpHook hook(LoadedPlugin plugin) {
        return plugin.hooks().http().orElseThrow().hook();
    }

    @Override
    public void request(Consumer<ExchangeHooks.RequestOutcome> taker) {
        request(0, new Draft(Optional.empty(), Optional.empty(), Optional.empty()), taker);
    }

    /** What is to become of the request so far. */
    private record Draft(
            Optional<HttpFields> fields,
            Optional<String> target,
            Optional<Destinations.Destination> destination) {}

    private void request(int next, Draft draft, Consumer<ExchangeHooks.RequestOutcome> taker) {
        if (next == plugins.size()) {
            taker.accept(
                    new ExchangeHooks.RequestOutcome.Go(
                            draft.fields(), draft.target(), draft.destination()));
            return;
        }
        LoadedPlugin plugin = plugins.get(next);
        HttpRequest asked = request;
        HttpCall.call(
                plugin,
                chain,
                () -> checked(hook(plugin).request(asked)),
                (verdict, failure) -> {
                    switch (verdict) {
                        case null -> {
                            if (plugin.entry().failsOpen()) {
                                request(next + 1, draft, taker);
                            } else {
                                taker.accept(new ExchangeHooks.RequestOutcome.Refuse(failure));
                            }
                        }
                        case RequestVerdict.Answer answer ->
                                taker.accept(
                                        new ExchangeHooks.RequestOutcome.Answer(answer.answer()));
                        case RequestVerdict.Refuse refuse -> {
                            say(plugin, refuse.why());
                            taker.accept(
                                    new ExchangeHooks.RequestOutcome.Refuse(Reason.HOOK_REFUSED));
                        }
                        case RequestVerdict.Pass pass ->
                                request(next + 1, passed(plugin, draft, pass), taker);
                    }
                });
    }

    /** On the plugin's thread, so that an answer that cannot be is the plugin's failure. */
    private RequestVerdict checked(RequestVerdict verdict) throws PluginException {
        if (verdict instanceof RequestVerdict.Pass pass) {
            if (pass.target().isPresent() && !TARGET.matcher(pass.target().get()).matches()) {
                throw new PluginException("a request cannot have that target");
            }
            if (pass.upstream().isPresent() && groups.apply(pass.upstream().get()).isEmpty()) {
                throw new PluginException("there is no upstream \"" + pass.upstream().get() + '"');
            }
        }
        return verdict;
    }

    private Draft passed(LoadedPlugin plugin, Draft draft, RequestVerdict.Pass pass) {
        pass.watched().forEach(stage -> watching.get(stage).add(plugin));
        Context context = request.context().with(pass.context());
        request =
                new HttpRequest(
                        request.flow(),
                        request.method(),
                        request.scheme(),
                        request.authority(),
                        pass.target().orElse(request.target()),
                        pass.fields().orElse(request.fields()),
                        context);
        return new Draft(
                pass.fields().or(draft::fields),
                pass.target().or(draft::target),
                pass.upstream().flatMap(groups).or(draft::destination));
    }

    @Override
    public boolean watches(HttpStage stage) {
        return !watching.get(stage).isEmpty();
    }

    @Override
    public void response(
            int status, HttpFields fields, Consumer<ExchangeHooks.ResponseOutcome> taker) {
        List<LoadedPlugin> asked = watching.get(HttpStage.RESPONSE);
        response(asked, asked.size() - 1, status, fields, false, taker);
    }

    /** From the last plugin to the first, as through layers. */
    private void response(
            List<LoadedPlugin> asked,
            int next,
            int status,
            HttpFields fields,
            boolean changed,
            Consumer<ExchangeHooks.ResponseOutcome> taker) {
        // An answer of less than 200 begins a tunnel, and is not theirs.
        if (next < 0 || status < 200) {
            taker.accept(
                    new ExchangeHooks.ResponseOutcome.Go(
                            changed ? Optional.of(fields) : Optional.empty()));
            return;
        }
        LoadedPlugin plugin = asked.get(next);
        HttpRequest of = request;
        HttpCall.call(
                plugin,
                chain,
                () -> hook(plugin).response(of, HttpAnswer.of(status, fields, new byte[0])),
                (verdict, failure) -> {
                    switch (verdict) {
                        case null -> {
                            if (plugin.entry().failsOpen()) {
                                response(asked, next - 1, status, fields, changed, taker);
                            } else {
                                taker.accept(new ExchangeHooks.ResponseOutcome.Refuse(failure));
                            }
                        }
                        case ResponseVerdict.Answer answer ->
                                taker.accept(
                                        new ExchangeHooks.ResponseOutcome.Answer(answer.answer()));
                        case ResponseVerdict.Retry _ ->
                                taker.accept(new ExchangeHooks.ResponseOutcome.Retry());
                        case ResponseVerdict.Pass pass ->
                                response(
                                        asked,
                                        next - 1,
                                        status,
                                        pass.fields().orElse(fields),
                                        changed || pass.fields().isPresent(),
                                        taker);
                    }
                });
    }

    @Override
    public void body(HttpStage side, byte[] piece, boolean last, Consumer<Optional<Reason>> taker) {
        body(side, 0, piece, last, taker);
    }

    private void body(
            HttpStage side,
            int next,
            byte[] piece,
            boolean last,
            Consumer<Optional<Reason>> taker) {
        List<LoadedPlugin> asked = watching.get(side);
        if (next == asked.size()) {
            taker.accept(Optional.empty());
            return;
        }
        LoadedPlugin plugin = asked.get(next);
        HttpRequest of = request;
        // Each has bytes of its own: what one changes, another does not see.
        byte[] own = asked.size() == 1 ? piece : piece.clone();
        HttpCall.call(
                plugin,
                chain,
                () ->
                        side == HttpStage.REQUEST_BODY
                                ? hook(plugin).requestBody(of, own, last)
                                : hook(plugin).responseBody(of, own, last),
                (why, failure) -> {
                    if (why != null && why.isPresent()) {
                        say(plugin, why.get());
                        taker.accept(Optional.of(Reason.HOOK_REFUSED));
                    } else if (why == null && !plugin.entry().failsOpen()) {
                        taker.accept(Optional.of(failure));
                    } else {
                        body(side, next + 1, piece, last, taker);
                    }
                });
    }

    @Override
    public void over(Exchange exchange) {
        List<LoadedPlugin> told = watching.get(HttpStage.END);
        if (!told.isEmpty()) {
            HttpSummary summary =
                    new HttpSummary(
                            request,
                            exchange.status(),
                            Optional.ofNullable(exchange.reason()),
                            exchange.member(),
                            exchange.requestBytes(),
                            exchange.responseBytes(),
                            Duration.ofNanos(exchange.totalNanos()));
            for (LoadedPlugin plugin : told) {
                HttpCall.call(
                        plugin,
                        chain,
                        () -> {
                            hook(plugin).over(summary);
                            return true;
                        },
                        (_, _) -> {});
            }
        }
        chain.release();
    }

    /** Whoever can provoke one refusal can provoke a million: the 1st, 2nd, 4th and so on. */
    private static void say(LoadedPlugin plugin, String why) {
        long number = REFUSALS.incrementAndGet();
        if (Long.bitCount(number) == 1) {
            LOG.info("{} refuses a request: {} (number {})", plugin, Step.line(why), number);
        }
    }
}
