package io.culvert.gateway.plugin;

import io.culvert.gateway.http.Destinations;
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

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
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

    /** Who wants to hear of what; complete when the outcome before it is told. */
    private final Map<HttpStage, List<LoadedPlugin>> watching = new EnumMap<>(HttpStage.class);

    /** Who may change which body. */
    private final Map<HttpStage, List<LoadedPlugin>> changing = new EnumMap<>(HttpStage.class);

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
            changing.put(stage, new CopyOnWriteArrayList<>());
        }
    }

    /** What a hook is called with, and may throw whatever it likes. */
    @FunctionalInterface
    interface Call<T> {
        T of(HttpHook hook, HttpRequest request) throws Exception;
    }

    /** Calls a plugin's hook about the request as it is. */
    <T> void call(LoadedPlugin plugin, Call<T> call, BiConsumer<T, Reason> taker) {
        HttpRequest asked = request;
        Callable<T> hook = () -> call.of(plugin.hooks().http().orElseThrow().hook(), asked);
        HttpCall.call(plugin, chain, hook, taker);
    }

    @Override
    public boolean watches(HttpStage stage) {
        return !watching.get(stage).isEmpty() || !changing.get(stage).isEmpty();
    }

    /** In the order in which they hear of it: from the first for requests, back for answers. */
    private List<LoadedPlugin> watching(HttpStage stage) {
        List<LoadedPlugin> all =
                plugins.stream()
                        .filter(one -> watching.get(stage).contains(one) || changes(one, stage))
                        .toList();
        return stage == HttpStage.REQUEST_BODY ? all : all.reversed();
    }

    boolean changes(LoadedPlugin plugin, HttpStage body) {
        return changing.get(body).contains(plugin);
    }

    /** It hears of that body, too. */
    void change(LoadedPlugin plugin, HttpStage body) {
        changing.get(body).add(plugin);
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
                            draft.fields(),
                            draft.target(),
                            draft.destination(),
                            !changing.get(HttpStage.REQUEST_BODY).isEmpty()));
            return;
        }
        LoadedPlugin plugin = plugins.get(next);
        call(
                plugin,
                (hook, asked) -> checked(hook.request(asked)),
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
        if (pass.changesBody()) {
            change(plugin, HttpStage.REQUEST_BODY);
        }
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
    public void response(
            int status, HttpFields fields, Consumer<ExchangeHooks.ResponseOutcome> taker) {
        // Another server's answer may be another matter.
        changing.get(HttpStage.RESPONSE_BODY).clear();
        new AnswerQuestion(this, watching(HttpStage.RESPONSE), status, taker).ask(fields);
    }

    @Override
    public void body(
            HttpStage side, byte[] piece, boolean last, Consumer<ExchangeHooks.BodyOutcome> taker) {
        new BodyQuestion(this, side, watching(side), last, taker).ask(piece);
    }

    @Override
    public void error(Reason reason, HttpAnswer own, Consumer<HttpAnswer> taker) {
        error(watching(HttpStage.ERROR), 0, reason, own, taker);
    }

    private void error(
            List<LoadedPlugin> asked,
            int next,
            Reason reason,
            HttpAnswer own,
            Consumer<HttpAnswer> taker) {
        if (next == asked.size()) {
            taker.accept(own);
            return;
        }
        call(
                asked.get(next),
                (hook, of) -> hook.error(of, reason, own),
                // A failure on top of a failure: what there is has to do.
                (answer, _) ->
                        error(asked, next + 1, reason, answer == null ? own : answer, taker));
    }

    @Override
    public void over(Function<HttpRequest, HttpSummary> of) {
        List<LoadedPlugin> told = watching.get(HttpStage.END);
        if (!told.isEmpty()) {
            HttpSummary summary = of.apply(request);
            for (LoadedPlugin plugin : told) {
                call(
                        plugin,
                        (hook, _) -> {
                            hook.over(summary);
                            return true;
                        },
                        (_, _) -> {});
            }
        }
        chain.release();
    }

    /** Whoever can provoke one refusal can provoke a million: the 1st, 2nd, 4th and so on. */
    static void say(LoadedPlugin plugin, String why) {
        long number = REFUSALS.incrementAndGet();
        if (Long.bitCount(number) == 1) {
            LOG.info("{} refuses a request: {} (number {})", plugin, Step.line(why), number);
        }
    }
}
