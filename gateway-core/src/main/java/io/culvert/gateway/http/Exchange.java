package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Failure;
import io.culvert.gateway.upstream.Pick;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;

/**
 * A request and its answer, on their way between a client and a server.
 *
 * <pre>
 *   client's stream ──requestBody──►  Exchange  ──body──►          server's stream
 *        ◄──head, body, end───           │      ◄──response, responseBody──
 *                                        ├─ HookedExchange: plugins are asked first
 *                                        ├─ RequestProgress, AnswerProgress: what passes on
 *                                        ├─ Attempts: picks a server, connects, tries again
 *                                        └─ answers by itself where nobody else does
 * </pre>
 *
 * <p>What comes is passed on at once. The client's stream delivers a body only from when there is a
 * server, so that a request can be tried again as long as nothing of its body was sent.
 *
 * <p>Confined to the client's loop.
 */
public final class Exchange extends ExchangeFacts {
    private final HttpProxy proxy;
    private final HttpLoop loop;
    private final Deadlines deadlines;
    private final RequestProgress requested;
    private final AnswerProgress answered;
    private final Attempts servers;

    /** Null where no plugin wants to hear of it. */
    private HookedExchange hooked;

    /** The one that has the request; null before, between two and afterwards. */
    private OutboundStream server;

    /** Whether the server wants the body that waits for that (RFC 9110 section 10.1.1). */
    private boolean continued;

    /** Whether the server takes no more of the request, and nobody is to wait for that. */
    private boolean deaf;

    private boolean over;

    Exchange(
            HttpProxy proxy,
            HttpLoop loop,
            HttpFlow flow,
            InboundStream client,
            RequestHead request) {
        super(flow, client, request, loop.now());
        this.proxy = proxy;
        this.loop = loop;
        HttpSettings settings = proxy.settings();
        deadlines = new Deadlines(settings, begun);
        requested = new RequestProgress(this, loop, deadlines, settings);
        answered = new AnswerProgress(this, loop, deadlines, settings);
        servers = new Attempts(this, loop, proxy);
    }

    Pick pick() {
        return servers.pick();
    }

    HttpLoop loop() {
        return loop;
    }

    boolean isOver() {
        return over;
    }

    /** Whether an answer's head was sent. */
    boolean isAnswered() {
        return answered.isBegun();
    }

    // What the client's stream tells.

    /**
     * The head was read.
     *
     * @param last whether the request has no body
     */
    void begin(boolean last) {
        requested.begin(last);
        if (requested.isTooLong()) {
            refuse(Reason.HTTP_BODY_TOO_LONG);
            return;
        }
        if (request.isConnect() && !proxy.settings().connectPorts().admits(request.authority)) {
            refuse(Reason.HTTP_CONNECT);
            return;
        }
        ExchangeHooks.Asking asking =
                flow.hooks().isEmpty() ? null : flow.hooks().get().begin(request);
        if (asking == null) {
            servers.begin(null);
        } else {
            hooked = new HookedExchange(this, loop, asking);
            hooked.request();
        }
    }

    /** Plugins have said what becomes of the request. */
    void hooked(ExchangeHooks.RequestOutcome outcome) {
        switch (outcome) {
            case ExchangeHooks.RequestOutcome.Answer answer -> answer(answer.answer());
            case ExchangeHooks.RequestOutcome.Refuse refuse -> refuse(refuse.reason());
            case ExchangeHooks.RequestOutcome.Go go -> {
                go.fields().ifPresent(fields -> HookHeads.set(request.fields, fields));
                go.target().ifPresent(target -> request.target = target);
                if (go.changesBody()) {
                    ChangedBody.announce(request);
                }
                servers.begin(go.destination().orElse(null));
            }
        }
    }

    /** The connection that was got has served before. */
    void reused() {
        reused = true;
    }

    /** There is a server for the request. */
    void attach(OutboundStream stream) {
        server = stream;
        deaf = false;
        requested.head(stream);
        if (over || server != stream || requested.isDone() || request.upgrade != null) {
            return;
        }
        if (hooked == null) {
            client.demand(stream.isWritable());
        } else {
            hooked.resume();
        }
    }

    /** Whether there is a server that takes what comes of the request. */
    boolean hasServer() {
        return server != null;
    }

    /** A piece of the body, which becomes the exchange's to release. */
    void requestBody(ByteBuf piece, boolean last) {
        if (over || server == null) {
            piece.release();
        } else if (!requested.admits(piece.readableBytes())) {
            piece.release();
            requestBroken(Reason.HTTP_BODY_TOO_LONG);
        } else if (hooked == null || !hooked.requestBody(piece, last)) {
            requestBodyNow(piece, last);
        }
    }

    void requestBodyNow(ByteBuf piece, boolean last) {
        // The end of one direction of a tunnel is a half-close where there is HTTP/1, and no
        // framing.
        requested.body(taker(), piece, last && !tunnel);
        if (last && tunnel) {
            requestEnd(null);
        }
    }

    /** The body has ended. */
    void requestEnd(Fields trailers) {
        if (over || server == null || requested.isDone()) {
            return;
        }
        if (hooked == null || !hooked.requestEnd(trailers)) {
            requestEndNow(trailers);
        }
    }

    private OutboundStream taker() {
        return deaf ? AnsweredStream.INSTANCE : server;
    }

    void requestEndNow(Fields trailers) {
        requested.end(taker(), trailers);
        if (tunnel && answered.isDone()) {
            finish();
        }
    }

    /** The request's rest cannot be understood, or not be let pass. */
    void requestBroken(Reason why) {
        if (over) {
            return;
        }
        if (answered.isBegun()) {
            abort(why);
        } else {
            refuse(why);
        }
    }

    /** The request cannot be understood, and its stream is about to be reset. */
    void malformed(Reason why) {
        if (over) {
            return;
        }
        over = true;
        reason = why;
        abandonServer();
        conclude();
    }

    /** The client takes no more of the answer. */
    void clientGone(Reason why) {
        if (over) {
            return;
        }
        reason = why;
        abandonServer();
        finish();
    }

    void clientWritable(boolean now) {
        if (server != null && !over && (hooked == null || !hooked.holdsResponse())) {
            server.demand(now);
        }
    }

    // What the server's stream tells.

    void informational(ResponseHead head) {
        if (!over) {
            continued |= head.status == 100;
            answered.informational(head);
        }
    }

    /**
     * @param last whether no body follows
     */
    void response(ResponseHead head, boolean last) {
        if (over) {
            return;
        }
        deadlines.responseBegan();
        deadlines.moved(loop.now());
        if (head.status >= 400 && hooked != null && hooked.awaitsJudgement()) {
            // Whoever is told so sends no more (RFC 9112 section 9.5), and it may close any time.
            serverDeaf();
        }
        served(last);
        if (hooked == null || !hooked.response(head, last)) {
            responseNow(head, last);
        }
    }

    void responseNow(ResponseHead head, boolean last) {
        firstByte = loop.now();
        servers.answered(head.status, firstByte - requested.sentNanos());
        // Request and answer go on together from here, as in a call of gRPC, for as long as they
        // move.
        deadlines.requestEnded();
        tunnel =
                (head.status == 101 && request.upgrade != null)
                        || (head.status / 100 == 2 && request.isConnect());
        if (tunnel || request.upgrade != null) {
            requested.switched(tunnel);
        }
        answered.head(head, last);
        if (last) {
            responseEnds();
        } else if (tunnel && !over) {
            client.demand(server.isWritable());
        }
    }

    /** A piece of the body, which becomes the exchange's to release. */
    void responseBody(ByteBuf piece, boolean last) {
        if (over) {
            piece.release();
            return;
        }
        served(last);
        if (hooked == null || !hooked.responseBody(piece, last)) {
            responseBodyNow(piece, last);
        }
    }

    void responseBodyNow(ByteBuf piece, boolean last) {
        answered.body(piece, last);
        if (last) {
            responseEnds();
        }
    }

    void responseEnd(Fields trailers) {
        if (over) {
            return;
        }
        served(true);
        if (hooked == null || !hooked.responseEnd(trailers)) {
            responseEndNow(trailers);
        }
    }

    /**
     * Plugins may keep the answer for a while, when its connection serves others by now, or is
     * closed.
     *
     * @param last whether it has come as a whole
     */
    private void served(boolean last) {
        if (!last || tunnel) {
            return;
        }
        if (requested.isDone()) {
            server = null;
        } else if (hooked != null && hooked.awaitsJudgement()) {
            server.cancel();
            server = AnsweredStream.INSTANCE;
            deaf = true;
        }
    }

    void responseEndNow(Fields trailers) {
        answered.end(trailers);
        responseEnds();
    }

    private void responseEnds() {
        if (!tunnel || requested.isDone()) {
            finish();
        }
    }

    /** The server takes no more of the request; its answer has come, or comes. */
    void serverDeaf() {
        if (!deaf && !over && server != null) {
            deaf = true;
            if (hooked == null || !hooked.holdsRequest()) {
                unhold(true);
            }
        }
    }

    void serverWritable(boolean now) {
        if (!over && !deaf && !requested.isDone() && (hooked == null || !hooked.holdsRequest())) {
            client.demand(now);
        }
    }

    /**
     * The answer will not come, or not to its end. The stream is no more.
     *
     * @param failure null where that is not the server's fault
     * @param untouched whether the server certainly did nothing with the request
     */
    void serverFailed(Failure failure, Reason why, boolean untouched) {
        if (over) {
            return;
        }
        server = null;
        if (hooked != null) {
            hooked.dropResponse();
        }
        if (!answered.isBegun()
                && requested.isUntouched()
                && (untouched || request.isIdempotent())) {
            // What comes of the body meanwhile has to wait.
            client.demand(false);
            servers.again(failure, why);
        } else {
            servers.failed(failure);
            requestBroken(why);
        }
    }

    // What waits for plugins.

    /** Whether more of the request's body may come, or has come and not gone on. */
    boolean isBodyAwaited() {
        return !requested.isDone() && request.upgrade == null && !request.isConnect();
    }

    /** Whether the client sends the body when it is told to, and has not begun. */
    boolean isBodyAsked() {
        return request.expectsContinue && !continued && requestBytes == 0;
    }

    /** One side is held back. */
    void hold(boolean up) {
        if (up) {
            client.demand(false);
        } else if (server != null) {
            server.demand(false);
        }
    }

    /** It may send again. */
    void unhold(boolean up) {
        if (over || server == null) {
            return;
        }
        if (!up) {
            server.demand(client.isWritable());
        } else if (!requested.isDone()) {
            client.demand(taker().isWritable());
        }
    }

    /** Has another server asked, where nothing but the head was sent; whether it is. */
    boolean retryElsewhere() {
        return requested.isUntouched()
                && requested.isDone()
                && request.upgrade == null
                && !request.isConnect()
                && servers.retry();
    }

    // Times.

    void sweep(long nowNanos) {
        if (over) {
            return;
        }
        Reason passed = deadlines.passed(nowNanos, server != null);
        if (passed == Reason.UPSTREAM_TIMEOUT) {
            servers.failed(Failure.TIMEOUT);
        }
        if (passed != null) {
            requestBroken(passed);
        } else if (requested.isTooSlow(awaitsBody(), nowNanos)) {
            requestBroken(Reason.HTTP_TOO_SLOW);
        }
    }

    private boolean awaitsBody() {
        return server != null
                && server.isWritable()
                && client.maySend()
                && (hooked == null || !hooked.holdsRequest());
    }

    /** The client takes too little of what is there for it. */
    void tooSlow() {
        if (!over) {
            abort(Reason.HTTP_TOO_SLOW);
        }
    }

    // Ends.

    /** Answers by itself; nothing of an answer has been sent. */
    void refuse(Reason why) {
        reason = why;
        abandonServer();
        HttpAnswer own = ErrorAnswer.of(why, request);
        if (hooked == null || !hooked.error(why, own)) {
            answerError(own);
        }
    }

    /** Answers where nobody else does, as the client understands it. */
    void answerError(HttpAnswer answer) {
        answer(isGrpc() ? GrpcAnswer.of(answer) : answer);
    }

    /** Whether it is a call of gRPC, which there is none of over HTTP/1. */
    boolean isGrpc() {
        return client.version() > 1 && request.isGrpc();
    }

    /** Answers by itself, or by a plugin's answer; nothing of another has been sent. */
    void answer(HttpAnswer answer) {
        abandonServer();
        answered.own(answer);
        finish();
    }

    private void abort(Reason why) {
        reason = why;
        abandonServer();
        over = true;
        conclude();
        client.abort(why);
    }

    /** Nothing that a server says is of use any more. */
    void abandonServer() {
        servers.cancel();
        if (hooked != null) {
            hooked.dropResponse();
        }
        if (server != null) {
            server.cancel();
            server = null;
        }
    }

    private void finish() {
        if (over) {
            return;
        }
        over = true;
        if (server != null && !(requested.isDone() && answered.isDone())) {
            server.cancel();
        }
        server = null;
        conclude();
        client.over(requested.isDone());
    }

    private void conclude() {
        ended = loop.now();
        if (reason != null) {
            proxy.refused(reason);
        }
        servers.release(reason == null || reason == Reason.HTTP_CLIENT_GONE);
        if (hooked != null) {
            hooked.over();
        }
        proxy.over(this);
    }
}
