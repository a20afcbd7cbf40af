package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.http.Destinations;
import io.culvert.gateway.http.ExchangeHooks.RequestOutcome;
import io.culvert.gateway.http.HookHeads;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.Reason;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/** What came of a request that a plugin was asked about. */
public final class HttpOutcome {
    private final Draft draft;
    private final Optional<Throwable> failure;
    private final Optional<String> refusal;

    /** What it is becoming. */
    static final class Draft {
        final ByteArrayOutputStream serverBody = new ByteArrayOutputStream();
        HttpRequest request;
        Optional<String> upstream = Optional.empty();
        Optional<HttpAnswer> client = Optional.empty();
        Optional<Reason> reason = Optional.empty();
        boolean cut;
        int attempts;

        Draft(HttpRequest request) {
            this.request = request;
        }

        void sent(RequestOutcome.Go go) {
            request =
                    new HttpRequest(
                            request.flow(),
                            request.method(),
                            request.scheme(),
                            request.authority(),
                            go.target().orElse(request.target()),
                            HookHeads.settable(go.fields().orElse(request.fields())),
                            request.context());
            upstream =
                    go.destination()
                            .map(to -> ((Destinations.Destination.To) to).upstream().name());
        }

        void client(HttpAnswer answer) {
            client(answer.status(), HookHeads.settable(answer.fields()), answer.body());
        }

        void client(int status, HttpFields fields, byte[] body) {
            client = Optional.of(HttpAnswer.of(status, fields, body));
        }

        Function<HttpRequest, HttpSummary> summary(BiFunction<HttpRequest, Draft, HttpSummary> of) {
            return asked -> of.apply(asked, this);
        }

        HttpOutcome outcome(Optional<Throwable> failure, Optional<String> refusal) {
            return new HttpOutcome(this, failure, refusal);
        }
    }

    private HttpOutcome(Draft draft, Optional<Throwable> failure, Optional<String> refusal) {
        this.draft = draft;
        this.failure = failure;
        this.refusal = refusal;
    }

    /** What the client got: a server's answer, the plugin's or the gateway's own. */
    public HttpAnswer client() {
        return draft.client.orElseThrow();
    }

    /** The body of it as UTF-8. */
    public String clientBody() {
        return new String(client().body(), StandardCharsets.UTF_8);
    }

    /** The request as it went to a server. */
    public HttpRequest server() {
        if (draft.attempts == 0) {
            throw new AssertionError("no server was asked", failure.orElse(null));
        }
        return draft.request;
    }

    /** What a server got of the body, as UTF-8. */
    public String serverBody() {
        return draft.serverBody.toString(StandardCharsets.UTF_8);
    }

    /** How many servers were asked. */
    public int attempts() {
        return draft.attempts;
    }

    /** The group that the plugin has sent it to; empty where it left that to the rules. */
    public Optional<String> upstream() {
        return draft.upstream;
    }

    /** Why it ended otherwise than with a server's or the plugin's whole answer. */
    public Optional<Reason> reason() {
        return draft.reason;
    }

    /** What a hook threw. */
    public Optional<Throwable> failure() {
        return failure;
    }

    /** Fails the test unless a server was asked, and the client has its whole answer. */
    public HttpOutcome assertPassed() {
        if (draft.attempts == 0 || draft.reason.isPresent()) {
            throw wrong("passed on");
        }
        return this;
    }

    /** Fails the test unless no server was asked, and the plugin has answered with that. */
    public HttpOutcome assertAnswered(int status) {
        if (draft.attempts > 0 || draft.reason.isPresent() || client().status() != status) {
            throw wrong("answered with " + status);
        }
        return this;
    }

    /** Fails the test unless the plugin has refused the request, or its body, in these words. */
    public HttpOutcome assertRefused(String words) {
        if (draft.cut || !refusal.equals(Optional.of(words)) || client().status() != 403) {
            throw wrong("refused: " + words);
        }
        return this;
    }

    /** Fails the test unless the plugin has cut the answer off in these words. */
    public HttpOutcome assertCut(String words) {
        if (!draft.cut || !refusal.equals(Optional.of(words))) {
            throw wrong("cut off: " + words);
        }
        return this;
    }

    /** Fails the test unless that is why there is no whole answer of a server's. */
    public HttpOutcome assertReason(Reason expected) {
        if (!draft.reason.equals(Optional.of(expected))) {
            throw wrong("ended with " + expected);
        }
        return this;
    }

    private AssertionError wrong(String expected) {
        String words = refusal.map(why -> ": " + why).orElse("");
        return new AssertionError(
                "expected %s, and %d servers were asked, the client got %s%s%s"
                        .formatted(
                                expected,
                                draft.attempts,
                                draft.client.map(answer -> "" + answer.status()).orElse("nothing"),
                                draft.reason.map(reason -> " for " + reason).orElse(""),
                                words),
                failure.orElse(null));
    }
}
