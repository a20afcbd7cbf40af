package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * A request's stream on a client's connection of HTTP/2.
 *
 * <p>Confined to its loop.
 */
final class Http2InboundStream extends Http2Half implements InboundStream {
    private final Http2Inbound link;
    private final RequestHead head = new RequestHead();

    /** Null once it is over. */
    private Exchange exchange;

    private boolean sent;
    private final Pace pace;

    /** Whether the stream is no more, and so not to be reset (RFC 9113 section 5.4.2). */
    private boolean gone;

    Http2InboundStream(Http2Inbound link, Http2Stream stream, MinimumRate least) {
        super(link, stream);
        this.link = link;
        pace = new Pace(least);
    }

    RequestHead head() {
        return head;
    }

    boolean isLive() {
        return exchange != null;
    }

    void begin(Exchange fresh, boolean ends) {
        exchange = fresh;
        fresh.begin(ends);
    }

    void refuse(Exchange fresh, Reason reason) {
        exchange = fresh;
        fresh.refuse(reason);
    }

    /** The rest of the request is not as it has to be; the stream is about to be reset. */
    void broken(Reason reason) {
        Exchange live = exchange;
        exchange = null;
        forget();
        if (live != null) {
            live.malformed(reason);
        }
    }

    /** The client has reset the stream. */
    void gone() {
        gone = true;
        Exchange live = exchange;
        exchange = null;
        forget();
        if (live != null) {
            live.clientGone(Reason.HTTP_CLIENT_GONE);
        }
    }

    void sweep(long nowNanos) {
        if (!isHeldBack()) {
            pace.rest();
        } else if (pace.isTooSlow(nowNanos, this::sent)) {
            tooSlow();
        }
        if (exchange != null) {
            exchange.sweep(nowNanos);
        }
    }

    /** The client does not open its window, though there may be no exchange any more. */
    private void tooSlow() {
        if (exchange == null) {
            link.tooSlow(id());
        } else {
            exchange.tooSlow();
        }
    }

    /** Others may have used up what all may send together. */
    @Override
    public boolean maySend() {
        return link.isOpen();
    }

    // What the client sends.

    @Override
    void deliver(ByteBuf piece, boolean last) {
        if (exchange == null) {
            piece.release();
        } else {
            exchange.requestBody(piece, last);
        }
    }

    @Override
    void deliverEnd(Fields end) {
        if (exchange != null) {
            exchange.requestEnd(end);
        }
    }

    @Override
    void writable(boolean now) {
        if (exchange != null) {
            exchange.clientWritable(now);
        }
    }

    @Override
    void closed() {
        gone();
    }

    // What the exchange tells.

    @Override
    public void informational(ResponseHead answer) {
        writeHeaders(Http2Heads.of(answer), false);
    }

    @Override
    public void head(ResponseHead answer, boolean last) {
        sent = last;
        writeHeaders(Http2Heads.of(answer), last);
    }

    @Override
    public void body(ByteBuf piece, boolean last) {
        sent |= last;
        writeData(piece, last);
    }

    @Override
    public void end(Fields trailers) {
        sent = true;
        writeEnd(trailers);
    }

    @Override
    public void abort(Reason reason) {
        exchange = null;
        forget();
        link.reset(id(), Http2Error.INTERNAL_ERROR);
    }

    @Override
    public void over(boolean requestDone) {
        exchange = null;
        forget();
        if (gone) {
            return;
        }
        if (!sent) {
            link.reset(id(), Http2Error.CANCEL);
        } else if (!isEnded() && stream().state().remoteSideOpen()) {
            // RFC 9113 section 8.1: the rest of the request is not wanted, the answer is whole.
            link.flushNow();
            if (stream().state() == Http2Stream.State.HALF_CLOSED_LOCAL) {
                link.reset(id(), Http2Error.NO_ERROR);
            }
        }
        // What still comes is thrown away.
        demand(true);
    }

    @Override
    public int version() {
        return 2;
    }
}
