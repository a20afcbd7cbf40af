package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Failure;
import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * What a {@link Http2OutboundStream} is once its head is sent.
 *
 * <p>Confined to its loop.
 */
final class Http2OutboundHalf extends Http2Half {
    private final Http2Outbound link;
    private final ResponseHead head = new ResponseHead();
    private final RequestHead request;
    private final int limit;

    /** Null once it is over. */
    private Exchange exchange;

    private boolean answered;

    Http2OutboundHalf(
            Http2Outbound link,
            Http2Stream stream,
            Exchange exchange,
            RequestHead request,
            int limit) {
        super(link, stream);
        this.link = link;
        this.exchange = exchange;
        this.request = request;
        this.limit = limit;
    }

    boolean isOpen() {
        return exchange != null;
    }

    /** Nobody wants it any more; whether the server has still to be told. */
    boolean cancel() {
        exchange = null;
        forget();
        return stream().state() != Http2Stream.State.CLOSED;
    }

    /** A head or trailers; whether they are as they have to be. */
    boolean headers(Http2Headers headers, boolean ends) throws Http2Exception {
        if (exchange == null) {
            return true;
        }
        if (answered) {
            Fields trailers = new Fields();
            if (!ends || Http2Heads.trailers(headers, trailers, limit) != null) {
                fail(Failure.PROTOCOL, Reason.UPSTREAM_PROTOCOL, false);
                return false;
            }
            finish(trailers.count() == 0 ? null : trailers);
            return true;
        }
        if (Http2Heads.response(headers, head, request.isHead(), limit) != null
                || (ends && head.isInformational())) {
            fail(Failure.PROTOCOL, Reason.UPSTREAM_PROTOCOL, false);
            return false;
        }
        if (head.isInformational()) {
            exchange.informational(head);
            return true;
        }
        answered = true;
        if (request.upgrade != null && head.status / 100 == 2) {
            WebSocketKey.switched(request, head);
        }
        Exchange user = exchange;
        if (ends) {
            exchange = null;
        }
        user.response(head, ends);
        return true;
    }

    void reset(long code) {
        if (hasAll()) {
            // The answer is whole; the server wants no more of the request.
            return;
        }
        fail(Failure.CLOSED, Reason.UPSTREAM_CLOSED, code == Http2Error.REFUSED_STREAM.code());
    }

    private void fail(Failure failure, Reason reason, boolean untouched) {
        Exchange user = exchange;
        exchange = null;
        forget();
        if (user != null) {
            user.serverFailed(failure, reason, untouched);
        }
    }

    @Override
    void deliver(ByteBuf piece, boolean last) {
        Exchange user = exchange;
        if (user == null) {
            piece.release();
            return;
        }
        if (last && !user.isTunnel()) {
            exchange = null;
        }
        user.responseBody(piece, last);
    }

    @Override
    void deliverEnd(Fields end) {
        Exchange user = exchange;
        if (user != null) {
            if (!user.isTunnel()) {
                exchange = null;
            }
            user.responseEnd(end);
        }
    }

    @Override
    void writable(boolean now) {
        if (exchange != null) {
            exchange.serverWritable(now);
        }
    }

    @Override
    void closed() {
        if (hasAll()) {
            if (exchange != null) {
                // Its answer may have to wait for the rest of the request.
                exchange.serverDeaf();
            }
            return;
        }
        fail(Failure.CLOSED, Reason.UPSTREAM_CLOSED, link.isUntouched(id()));
    }
}
