package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Choice;
import io.culvert.gateway.upstream.Failure;
import io.culvert.gateway.upstream.Member;
import io.culvert.gateway.upstream.NotConnectedException;
import io.culvert.gateway.upstream.Pick;
import io.culvert.gateway.upstream.PickRequest;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;

/**
 * A request and its answer, on their way between a client and a server.
 *
 * <pre>
 *   client's stream ──requestBody──►  Exchange  ──body──►          server's stream
 *        ◄──head, body, end───           │      ◄──response, responseBody──
 *                                        ├─ picks a server, connects, tries again
 *                                        └─ answers by itself where nobody else does
 * </pre>
 *
 * <p>What comes is passed on at once. The client's stream delivers a body only from when there is a
 * server, so that a request can be tried again as long as nothing of its body was sent.
 *
 * <p>Confined to the client's loop.
 */
public final class Exchange extends ExchangeFacts {
    /** Whatever an upstream says. */
    private static final int ATTEMPTS = 10;

    private static final long NEVER = Long.MAX_VALUE;

    private final HttpProxy proxy;
    private final HttpLoop loop;

    private OutboundStream server;

    /** Null where no plugin wants to hear of it. */
    private HookedExchange hooked;

    private Future<?> connecting;
    private Pick pick;
    private PickRequest wanted;
    private boolean requestDone;
    private boolean responseBegun;
    private boolean responseDone;
    private boolean over;
    private boolean staleRetried;

    private long sent;

    private long moved;
    private long requestDeadline = NEVER;
    private long responseDeadline = NEVER;

    Exchange(
            HttpProxy proxy,
            HttpLoop loop,
            HttpFlow flow,
            InboundStream client,
            RequestHead request) {
        super(flow, client, request, loop.now());
        this.proxy = proxy;
        this.loop = loop;
        moved = begun;
    }

    Pick pick() {
        return pick;
    }

    HttpLoop loop() {
        return loop;
    }

    // What the client's stream tells.

    /**
     * The head was read.
     *
     * @param last whether the request has no body
     */
    void begin(boolean last) {
        requestDone = last;
        if (!last && request.upgrade == null && !request.isConnect()) {
            requestDeadline = begun + proxy.settings().requestTimeout().toNanos();
        }
        long limit = proxy.settings().bodyBytes();
        if (limit > 0 && request.contentLength > limit) {
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
            send(null);
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
                go.fields().ifPresent(fields -> HookedExchange.set(request.fields, fields));
                go.target().ifPresent(target -> request.target = target);
                send(go.destination().orElse(null));
            }
        }
    }

    /**
     * @param chosen null where it is the connection's to say
     */
    private void send(Destinations.Destination chosen) {
        ForwardedLines.add(request, flow, proxy.settings());
        // The operator's rules are asked all the same: what they refuse stays refused.
        Destinations.Destination own = proxy.destination(flow, request);
        boolean free = own instanceof Destinations.Destination.To;
        switch (chosen != null && free ? chosen : own) {
            case Destinations.Destination.Nowhere nowhere -> refuse(nowhere.reason());
            case Destinations.Destination.To to -> {
                wanted = PickRequest.first(Hashes.of(flow, request));
                pick(to.upstream().pick(wanted), to);
            }
        }
    }

    private Destinations.Destination.To upstream;

    private void pick(Choice choice, Destinations.Destination.To to) {
        upstream = to;
        switch (choice) {
            case Choice.Refused refused -> refuse(refused.reason());
            case Pick picked -> {
                pick = picked;
                member = picked.member().name();
                connect(true);
            }
        }
    }

    private void connect(boolean kept) {
        attempts++;
        // A tunnel has a connection of its own.
        OutboundStream idle = kept && !request.isConnect() ? proxy.pool().take(loop, this) : null;
        if (idle != null) {
            reused = true;
            attach(idle);
            return;
        }
        reused = false;
        Future<OutboundStream> dial =
                request.isConnect()
                        ? proxy.pool().tunnel(loop, this)
                        : proxy.pool().dial(loop, this, !kept);
        connecting = dial;
        dial.addListener(
                (Future<OutboundStream> done) -> {
                    if (over) {
                        return;
                    }
                    connecting = null;
                    if (done.isSuccess()) {
                        attach(done.getNow());
                    } else {
                        notConnected(done.cause());
                    }
                    loop.flush();
                });
    }

    /** The connection that was got has served before. */
    void reused() {
        reused = true;
    }

    private void notConnected(Throwable cause) {
        Failure failure = Failure.CONNECT;
        Reason why = Reason.DIAL_UNREACHABLE;
        if (cause instanceof NotConnectedException known) {
            failure = known.failure();
            why = known.reason();
        }
        elsewhere(failure, why);
    }

    /** Nothing of the request has come to the server: it may go to another. */
    private void elsewhere(Failure failure, Reason why) {
        Member failed = pick.member();
        if (failure != null) {
            pick.failed(failure);
        }
        pick.released();
        pick = null;
        wanted = wanted.after(failed);
        if (requestBytes == 0
                && attempts < ATTEMPTS
                && upstream.upstream().pick(wanted) instanceof Pick another) {
            pick(another, upstream);
        } else {
            refuse(why);
        }
    }

    private void attach(OutboundStream stream) {
        server = stream;
        connected = loop.now();
        sent = connected;
        moved = connected;
        if (requestDone) {
            responseDeadline = connected + proxy.settings().responseTimeout().toNanos();
        }
        boolean last = requestDone && request.upgrade == null && !request.isConnect();
        stream.request(request, last);
        if (!over && server == stream && !requestDone && request.upgrade == null) {
            client.demand(stream.isWritable());
        }
    }

    /** A piece of the body, which becomes the exchange's to release. */
    void requestBody(ByteBuf piece, boolean last) {
        if (hooked == null || over || server == null || !hooked.requestBody(piece, last)) {
            requestBodyNow(piece, last);
        }
    }

    void requestBodyNow(ByteBuf piece, boolean last) {
        moved = loop.tick();
        requestBytes += piece.readableBytes();
        long limit = proxy.settings().bodyBytes();
        if (over || server == null) {
            piece.release();
            return;
        }
        if (limit > 0 && requestBytes > limit && !tunnel) {
            piece.release();
            requestBroken(Reason.HTTP_BODY_TOO_LONG);
            return;
        }
        if (last && tunnel) {
            // The end of one direction is a half-close where there is HTTP/1, and no framing.
            server.body(piece, false);
            requestEnd(null);
            return;
        }
        if (last) {
            requestEnds();
        }
        server.body(piece, last);
    }

    /** The body has ended. */
    void requestEnd(Fields trailers) {
        if (over || requestDone) {
            return;
        }
        if (hooked == null || server == null || !hooked.requestEnd(trailers)) {
            requestEndNow(trailers);
        }
    }

    void requestEndNow(Fields trailers) {
        requestEnds();
        if (server != null) {
            server.end(trailers);
        }
        if (tunnel && responseDone) {
            finish();
        }
    }

    private void requestEnds() {
        requestDone = true;
        requestDeadline = NEVER;
        sent = loop.now();
        if (!responseBegun) {
            responseDeadline = sent + proxy.settings().responseTimeout().toNanos();
        }
    }

    /** The request's rest cannot be understood, or not be let pass. */
    void requestBroken(Reason why) {
        if (over) {
            return;
        }
        if (responseBegun) {
            abort(why);
        } else {
            refuse(why);
        }
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
        moved = loop.tick();
        if (over || request.minorVersion == 0) {
            return;
        }
        client.informational(head);
    }

    /**
     * @param last whether no body follows
     */
    void response(ResponseHead head, boolean last) {
        if (over) {
            return;
        }
        responseDeadline = NEVER;
        moved = loop.now();
        if (hooked == null || !hooked.response(head, last)) {
            responseNow(head, last);
        }
    }

    void responseNow(ResponseHead head, boolean last) {
        firstByte = loop.now();
        responseBegun = true;
        // Request and answer go on together from here, as in a call of gRPC, for as long as they
        // move.
        requestDeadline = NEVER;
        status = head.status;
        boolean unavailable = status >= 502 && status <= 504;
        if (unavailable) {
            pick.failed(Failure.UNAVAILABLE);
        } else {
            pick.succeeded(firstByte - sent);
        }
        tunnel =
                (status == 101 && request.upgrade != null)
                        || (status / 100 == 2 && request.isConnect());
        if (tunnel) {
            requestDone = false;
        } else if (request.upgrade != null) {
            // The server keeps to HTTP, where the request has no body.
            requestDone = true;
        }
        ForwardedLines.add(head, proxy.settings());
        client.head(head, last);
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
        if (hooked == null || !hooked.responseBody(piece, last)) {
            responseBodyNow(piece, last);
        }
    }

    void responseBodyNow(ByteBuf piece, boolean last) {
        moved = loop.tick();
        responseBytes += piece.readableBytes();
        client.body(piece, last && !tunnel);
        if (last && tunnel) {
            client.end(null);
        }
        if (last) {
            responseEnds();
        }
    }

    void responseEnd(Fields trailers) {
        if (over) {
            return;
        }
        if (hooked == null || !hooked.responseEnd(trailers)) {
            responseEndNow(trailers);
        }
    }

    void responseEndNow(Fields trailers) {
        client.end(trailers);
        responseEnds();
    }

    private void responseEnds() {
        responseDone = true;
        if (!tunnel || requestDone) {
            finish();
        }
    }

    void serverWritable(boolean now) {
        if (!over && !requestDone && (hooked == null || !hooked.holdsRequest())) {
            client.demand(now);
        }
    }

    /**
     * The answer will not come, or not to its end. The stream is no more.
     *
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
        if (responseBegun) {
            if (failure != null) {
                pick.failed(failure);
            }
            abort(why);
            return;
        }
        boolean again = requestBytes == 0 && (untouched || request.isIdempotent());
        if (again && reused && !staleRetried) {
            // RFC 9112 section 9.3.1: the server closed a kept connection while the request was on
            // its way; that says nothing about the server.
            staleRetried = true;
            proxy.pool().stale();
            connect(false);
        } else if (again) {
            elsewhere(failure, why);
        } else {
            if (failure != null) {
                pick.failed(failure);
            }
            refuse(why);
        }
    }

    // Times.

    void sweep(long nowNanos) {
        if (over) {
            return;
        }
        if (nowNanos >= requestDeadline) {
            requestBroken(Reason.HTTP_TIMEOUT);
        } else if (nowNanos >= responseDeadline && server != null) {
            pick.failed(Failure.TIMEOUT);
            refuse(Reason.UPSTREAM_TIMEOUT);
        } else if (nowNanos - moved >= proxy.settings().streamTimeout().toNanos()) {
            requestBroken(Reason.IDLE);
        }
    }

    // Ends.

    /** Answers by itself; nothing of an answer has been sent. */
    void refuse(Reason why) {
        reason = why;
        abandonServer();
        ResponseHead head = new ResponseHead();
        ByteBuf body = ErrorAnswer.fill(head, why, request, loop.allocator());
        status = head.status;
        responseBegun = true;
        responseDone = true;
        client.head(head, body == null);
        if (body != null) {
            responseBytes += body.readableBytes();
            client.body(body, true);
        }
        finish();
    }

    /** Answers with a plugin's answer; nothing of another has been sent. */
    void answer(HttpAnswer answer) {
        abandonServer();
        ResponseHead head = HookedExchange.head(answer, request);
        status = head.status;
        responseBegun = true;
        responseDone = true;
        boolean last = head.bodiless || answer.body().length == 0;
        client.head(head, last);
        if (!last) {
            responseBytes += answer.body().length;
            client.body(Unpooled.wrappedBuffer(answer.body()), true);
        }
        finish();
    }

    /** Has another server asked, where nothing but the head was sent; whether it is. */
    boolean retryElsewhere(Runnable before) {
        if (requestBytes > 0 || !requestDone || request.upgrade != null || request.isConnect()) {
            return false;
        }
        PickRequest next = wanted.after(pick.member());
        if (!(upstream.upstream().pick(next) instanceof Pick another)) {
            return false;
        }
        before.run();
        abandonServer();
        pick.released();
        wanted = next;
        pick(another, upstream);
        return true;
    }

    // What waits for plugins.

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
        } else if (!requestDone) {
            client.demand(server.isWritable());
        }
    }

    boolean isOver() {
        return over;
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

    private void abort(Reason why) {
        reason = why;
        abandonServer();
        over = true;
        conclude();
        client.abort(why);
    }

    private void abandonServer() {
        if (connecting != null) {
            connecting.cancel(false);
            connecting = null;
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
        if (server != null && !(requestDone && responseDone)) {
            server.cancel();
        }
        server = null;
        conclude();
        client.over(requestDone);
    }

    private void conclude() {
        ended = loop.now();
        if (reason != null) {
            proxy.refused(reason);
        }
        if (pick != null) {
            pick.released();
        }
        if (hooked != null) {
            hooked.over();
        }
        proxy.over(this);
    }
}
