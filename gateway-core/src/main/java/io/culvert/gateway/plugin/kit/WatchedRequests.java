package io.culvert.gateway.plugin.kit;

import io.culvert.hook.BodyVerdict;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;

import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * A hook for HTTP whose every call is passed on to the one under test.
 *
 * @param failed told what it threw
 * @param refused told in which words it refused
 * @param over gets a permit for each request whose end it was told of
 */
record WatchedRequests(
        HttpHook hook, Consumer<Throwable> failed, Consumer<String> refused, Semaphore over)
        implements HttpHook {
    @FunctionalInterface
    private interface Call<T> {
        T call() throws Exception;
    }

    private <T> T watch(Call<T> call) throws Exception {
        try {
            return call.call();
        } catch (Throwable thrown) {
            failed.accept(thrown);
            throw thrown;
        }
    }

    private BodyVerdict watchBody(Call<BodyVerdict> call) throws Exception {
        BodyVerdict verdict = watch(call);
        if (verdict instanceof BodyVerdict.Refuse refuse) {
            refused.accept(refuse.why());
        }
        return verdict;
    }

    @Override
    public RequestVerdict request(HttpRequest request) throws Exception {
        RequestVerdict verdict = watch(() -> hook.request(request));
        if (verdict instanceof RequestVerdict.Refuse refuse) {
            refused.accept(refuse.why());
        }
        return verdict;
    }

    @Override
    public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last)
            throws Exception {
        return watchBody(() -> hook.requestBody(request, piece, last));
    }

    @Override
    public ResponseVerdict response(HttpRequest request, HttpAnswer head) throws Exception {
        return watch(() -> hook.response(request, head));
    }

    @Override
    public BodyVerdict responseBody(HttpRequest request, byte[] piece, boolean last)
            throws Exception {
        return watchBody(() -> hook.responseBody(request, piece, last));
    }

    @Override
    public HttpAnswer error(HttpRequest request, Reason reason, HttpAnswer own) throws Exception {
        return watch(() -> hook.error(request, reason, own));
    }

    @Override
    public void over(HttpSummary summary) {
        try {
            hook.over(summary);
        } catch (Throwable thrown) {
            failed.accept(thrown);
            throw thrown;
        } finally {
            over.release();
        }
    }
}
