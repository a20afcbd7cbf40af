package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Choice;
import io.culvert.gateway.upstream.Failure;
import io.culvert.gateway.upstream.NotConnectedException;
import io.culvert.gateway.upstream.Pick;
import io.culvert.gateway.upstream.PickRequest;
import io.culvert.gateway.upstream.Upstream;
import io.culvert.hook.Reason;
import io.netty.util.concurrent.Future;

/**
 * The servers that a request is sent to, one after the other, until one answers it.
 *
 * <pre>
 *   begin ─► pick a server ─► a kept connection, or a new one ─► the exchange has its stream
 *                 ▲                                  │
 *                 └── elsewhere ◄── failed, and nothing of a body was sent
 * </pre>
 *
 * <p>Confined to the client's loop.
 */
final class Attempts {
    /** Whatever an upstream says. */
    private static final int MOST = 10;

    private final Exchange exchange;
    private final HttpLoop loop;
    private final HttpProxy proxy;
    private Upstream upstream;
    private PickRequest wanted;
    private Pick pick;
    private Future<OutboundStream> connecting;
    private boolean staleRetried;
    private boolean failed;

    /** From the request's sending to the answer's first byte; negative where there is none. */
    private long firstByteNanos = -1;

    Attempts(Exchange exchange, HttpLoop loop, HttpProxy proxy) {
        this.exchange = exchange;
        this.loop = loop;
        this.proxy = proxy;
    }

    /** The server's that is asked now. */
    Pick pick() {
        return pick;
    }

    /**
     * Finds a first server.
     *
     * @param chosen by plugins; null where it is the connection's to say
     */
    void begin(Destinations.Destination chosen) {
        ForwardedLines.add(
                exchange.request, exchange.clientVersion(), exchange.flow, proxy.settings());
        // The operator's rules are asked all the same: what they refuse stays refused.
        Destinations.Destination own = proxy.destination(exchange.flow, exchange.request);
        boolean free = own instanceof Destinations.Destination.To;
        switch (chosen != null && free ? chosen : own) {
            case Destinations.Destination.Nowhere nowhere -> exchange.refuse(nowhere.reason());
            case Destinations.Destination.To to -> {
                upstream = to.upstream();
                wanted = PickRequest.first(Hashes.of(exchange.flow, exchange.request));
                switch (upstream.pick(wanted)) {
                    case Choice.Refused refused -> exchange.refuse(refused.reason());
                    case Pick picked -> take(picked);
                }
            }
        }
    }

    private void take(Pick picked) {
        pick = picked;
        failed = false;
        exchange.member = picked.member().name();
        connect(true);
    }

    private void connect(boolean kept) {
        RequestHead request = exchange.request;
        UpstreamPool pool = proxy.pool();
        exchange.attempts++;
        exchange.connect = null;
        // A tunnel has a connection of its own.
        OutboundStream idle = kept && !request.isConnect() ? pool.take(loop, exchange) : null;
        exchange.reused = idle != null;
        if (idle != null) {
            exchange.attach(idle);
            return;
        }
        Future<OutboundStream> dial =
                request.isConnect()
                        ? pool.tunnel(loop, exchange)
                        : pool.dial(loop, exchange, !kept);
        connecting = dial;
        dial.addListener(
                (Future<OutboundStream> done) -> {
                    if (exchange.isOver()) {
                        return;
                    }
                    connecting = null;
                    if (done.isSuccess()) {
                        exchange.attach(done.getNow());
                    } else {
                        notConnected(done.cause());
                    }
                    loop.flush();
                });
    }

    private void notConnected(Throwable cause) {
        if (cause instanceof NotConnectedException known) {
            elsewhere(known.failure(), known.reason());
        } else {
            elsewhere(Failure.CONNECT, Reason.DIAL_UNREACHABLE);
        }
    }

    /**
     * The server has failed, and did nothing with the request: it may be sent once more.
     *
     * @param failure null where that is not the server's fault
     */
    void again(Failure failure, Reason why) {
        if (exchange.reused && !staleRetried) {
            // RFC 9112 section 9.3.1: the server closed a kept connection while the request was on
            // its way; that says nothing about the server.
            staleRetried = true;
            proxy.pool().stale();
            connect(false);
        } else {
            elsewhere(failure, why);
        }
    }

    private void elsewhere(Failure failure, Reason why) {
        wanted = wanted.after(pick.member());
        failed(failure);
        pick.released();
        pick = null;
        if (exchange.attempts < MOST && upstream.pick(wanted) instanceof Pick another) {
            take(another);
        } else {
            exchange.refuse(why);
        }
    }

    /** Has another server asked, though this one has answered; whether there is one. */
    boolean retry() {
        PickRequest next = wanted.after(pick.member());
        if (!(upstream.pick(next) instanceof Pick another)) {
            return false;
        }
        exchange.abandonServer();
        pick.released();
        wanted = next;
        take(another);
        return true;
    }

    /**
     * @param failure null where nothing is to be held against the server
     */
    void failed(Failure failure) {
        if (failure != null) {
            failed = true;
            pick.failed(failure);
        }
    }

    /**
     * The server has begun to answer.
     *
     * @param nanos from the request's sending on
     */
    void answered(int status, long nanos) {
        firstByteNanos = nanos;
        if (status >= 502 && status <= 504) {
            failed(Failure.UNAVAILABLE);
        }
    }

    /** No connection is wanted any more. */
    void cancel() {
        if (connecting != null) {
            connecting.cancel(false);
            connecting = null;
        }
    }

    /**
     * The exchange is over. Not before: an answer that breaks off is no success, however well it
     * began.
     *
     * @param well whether it is the server's doing that the client has what it has
     */
    void release(boolean well) {
        if (pick != null) {
            if (well && !failed && firstByteNanos >= 0) {
                pick.succeeded(firstByteNanos);
            }
            pick.released();
        }
    }
}
