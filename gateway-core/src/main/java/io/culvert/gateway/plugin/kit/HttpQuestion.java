package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.http.Destinations;
import io.culvert.gateway.http.ErrorAnswer;
import io.culvert.gateway.http.ExchangeHooks;
import io.culvert.gateway.http.ExchangeHooks.BodyOutcome;
import io.culvert.gateway.http.ExchangeHooks.RequestOutcome;
import io.culvert.gateway.http.ExchangeHooks.ResponseOutcome;
import io.culvert.gateway.http.HookHeads;
import io.culvert.gateway.plugin.HttpQuestions;
import io.culvert.gateway.upstream.Choice;
import io.culvert.gateway.upstream.PickRequest;
import io.culvert.gateway.upstream.Upstream;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.HttpTimes;
import io.culvert.hook.Reason;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A request on a flow's connection, and servers that answer it. What the plugin says becomes of it
 * is done as a gateway does it, but without a connection.
 */
public final class HttpQuestion {
    private static final long PATIENCE_SECONDS = 30;

    private final PluginKit kit;
    private final FlowInfo flow;
    private final String method;
    private final URI uri;
    private final List<byte[]> body = new ArrayList<>();
    private final List<Served> served = new ArrayList<>();
    private final Set<String> groups = new HashSet<>();
    private HttpFields fields = HttpFields.NONE;
    private Optional<Reason> unreachable = Optional.empty();

    /** What a server answers. */
    private record Served(HttpAnswer head, List<byte[]> pieces) {}

    /** A group of servers that has nothing but a name. */
    private record Named(String name) implements Upstream {
        @Override
        public Choice pick(PickRequest request) {
            return new Choice.Refused(Reason.UPSTREAM_UNRESOLVED);
        }
    }

    HttpQuestion(PluginKit kit, FlowInfo flow, String method, URI uri) {
        this.kit = kit;
        this.flow = flow;
        this.method = method;
        this.uri = uri;
    }

    /** With a field more. */
    public HttpQuestion field(String name, String value) {
        fields = fields.and(name, value);
        return this;
    }

    /** With a body that comes in these pieces, as UTF-8. */
    public HttpQuestion body(String... pieces) {
        List.of(pieces).forEach(piece -> body.add(piece.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    /** With a body that comes in these pieces. */
    public HttpQuestion body(byte[]... pieces) {
        body.addAll(List.of(pieces));
        return this;
    }

    /**
     * A server answers it so; unless said with 200 and no body. Said again: so does another one,
     * where the plugin has the request sent elsewhere.
     */
    public HttpQuestion answered(HttpAnswer answer) {
        served.add(new Served(answer, List.of(answer.body())));
        return this;
    }

    /** The same, with a body that comes in these pieces, as UTF-8. */
    public HttpQuestion answered(int status, HttpFields head, String... pieces) {
        List<byte[]> all = new ArrayList<>();
        List.of(pieces).forEach(piece -> all.add(piece.getBytes(StandardCharsets.UTF_8)));
        served.add(new Served(HttpAnswer.of(status, head, new byte[0]), all));
        return this;
    }

    /** No server answers it, for this reason. */
    public HttpQuestion unanswered(Reason reason) {
        unreachable = Optional.of(reason);
        return this;
    }

    /** There is a group of {@code upstreams} of that name. */
    public HttpQuestion upstream(String name) {
        groups.add(name);
        return this;
    }

    /**
     * Sends it, and waits for its end, of which the plugin has been told where it wants to be.
     *
     * @throws AssertionError a hook does not come back within 30 s
     */
    public HttpOutcome send() {
        kit.watched().takeFailure();
        kit.watched().takeRefusal();
        String query = uri.getRawQuery();
        String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        HttpRequest request =
                new HttpRequest(
                        flow,
                        method,
                        uri.getScheme(),
                        uri.getRawAuthority(),
                        query == null ? path : path + '?' + query,
                        HookHeads.settable(fields),
                        flow.context());
        HttpOutcome.Draft draft = new HttpOutcome.Draft(request);
        ExchangeHooks.Asking asking =
                new HttpQuestions(kit::chain, flow, this::group).begin(request);
        if (asking == null) {
            pass(draft);
        } else {
            ask(asking, draft);
            asking.over(draft.summary(this::summary));
            if (asking.watches(HttpStage.END)) {
                kit.awaitRequestsEnd();
            }
        }
        return draft.outcome(kit.watched().takeFailure(), kit.watched().takeRefusal());
    }

    private Optional<Destinations.Destination> group(String name) {
        return groups.contains(name)
                ? Optional.of(new Destinations.Destination.To(new Named(name)))
                : Optional.empty();
    }

    private HttpSummary summary(HttpRequest asked, HttpOutcome.Draft draft) {
        Optional<Duration> none = Optional.empty();
        return new HttpSummary(
                asked,
                1,
                draft.client.map(HttpAnswer::status).orElse(0),
                draft.reason,
                draft.attempts == 0 ? "" : "kit",
                false,
                draft.attempts,
                body.stream().mapToLong(piece -> piece.length).sum(),
                draft.client.map(answer -> answer.body().length).orElse(0),
                new HttpTimes(none, none, none, none, Duration.ZERO));
    }

    /** Nobody is asked. */
    private void pass(HttpOutcome.Draft draft) {
        body.forEach(draft.serverBody::writeBytes);
        Served answer = served().getFirst();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        answer.pieces().forEach(all::writeBytes);
        draft.attempts = 1;
        draft.client(answer.head().status(), answer.head().fields(), all.toByteArray());
    }

    private List<Served> served() {
        return served.isEmpty()
                ? List.of(new Served(HttpAnswer.of(200, HttpFields.NONE, new byte[0]), List.of()))
                : served;
    }

    private void ask(ExchangeHooks.Asking asking, HttpOutcome.Draft draft) {
        RequestOutcome outcome = await(asking::request);
        switch (outcome) {
            case RequestOutcome.Answer answer -> draft.client(answer.answer());
            case RequestOutcome.Refuse refuse -> refuse(asking, draft, refuse.reason());
            case RequestOutcome.Go go -> {
                draft.sent(go);
                if (unreachable.isPresent()) {
                    refuse(asking, draft, unreachable.get());
                    return;
                }
                draft.attempts = 1;
                Optional<Reason> broken =
                        pieces(asking, HttpStage.REQUEST_BODY, body, draft.serverBody);
                if (broken.isPresent()) {
                    refuse(asking, draft, broken.get());
                } else {
                    answer(asking, draft);
                }
            }
        }
    }

    private void answer(ExchangeHooks.Asking asking, HttpOutcome.Draft draft) {
        List<Served> servers = served();
        Served answer = servers.get(draft.attempts - 1);
        HttpFields head = HookHeads.settable(answer.head().fields());
        int status = answer.head().status();
        if (asking.watches(HttpStage.RESPONSE)) {
            HttpFields original = head;
            ResponseOutcome outcome = await(taker -> asking.response(status, original, taker));
            switch (outcome) {
                case ResponseOutcome.Answer other -> {
                    draft.client(other.answer());
                    return;
                }
                case ResponseOutcome.Refuse refuse -> {
                    refuse(asking, draft, refuse.reason());
                    return;
                }
                case ResponseOutcome.Retry _ -> {
                    // As a gateway: what was sent of a body cannot be sent again.
                    if (body.isEmpty() && draft.attempts < servers.size()) {
                        draft.attempts++;
                        answer(asking, draft);
                        return;
                    }
                }
                case ResponseOutcome.Go go -> head = go.fields().orElse(head);
            }
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        Optional<Reason> broken = pieces(asking, HttpStage.RESPONSE_BODY, answer.pieces(), all);
        draft.client(status, HookHeads.settable(head), all.toByteArray());
        draft.reason = broken;
        draft.cut = broken.isPresent();
    }

    /** Why the body goes no further, where it does not. */
    private static Optional<Reason> pieces(
            ExchangeHooks.Asking asking,
            HttpStage side,
            List<byte[]> pieces,
            ByteArrayOutputStream all) {
        for (int i = 0; i < pieces.size(); i++) {
            byte[] piece = pieces.get(i);
            boolean last = i == pieces.size() - 1;
            if (asking.watches(side)) {
                BodyOutcome outcome = await(taker -> asking.body(side, piece.clone(), last, taker));
                switch (outcome) {
                    case BodyOutcome.Go go -> all.writeBytes(go.replacement().orElse(piece));
                    case BodyOutcome.Refuse refuse -> {
                        return Optional.of(refuse.reason());
                    }
                }
            } else {
                all.writeBytes(piece);
            }
        }
        return Optional.empty();
    }

    private static void refuse(
            ExchangeHooks.Asking asking, HttpOutcome.Draft draft, Reason reason) {
        HttpAnswer own = ErrorAnswer.of(reason, false);
        draft.reason = Optional.of(reason);
        draft.client(
                asking.watches(HttpStage.ERROR)
                        ? await(taker -> asking.error(reason, own, taker))
                        : own);
    }

    private static <T> T await(Consumer<Consumer<T>> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        question.accept(answer::complete);
        try {
            return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        } catch (Exception e) {
            throw new AssertionError(
                    "the hook did not come back within " + PATIENCE_SECONDS + " s", e);
        }
    }
}
