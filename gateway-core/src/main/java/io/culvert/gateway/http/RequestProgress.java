package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;

/**
 * What of a request has come, and passes on to its server.
 *
 * <p>Confined to the client's loop.
 */
final class RequestProgress {
    private final Exchange exchange;
    private final HttpLoop loop;
    private final Deadlines deadlines;
    private final long limit;
    private boolean done;
    private long sent;

    RequestProgress(Exchange exchange, HttpLoop loop, Deadlines deadlines, long limit) {
        this.exchange = exchange;
        this.loop = loop;
        this.deadlines = deadlines;
        this.limit = limit;
    }

    /** Whether nothing of it is awaited any more. */
    boolean isDone() {
        return done;
    }

    /** When it was sent, as far as it had come. */
    long sentNanos() {
        return sent;
    }

    /** Whether nothing of a body has come, so that all of it can be sent anew. */
    boolean isUntouched() {
        return exchange.requestBytes == 0;
    }

    /** Whether it may be longer than it says it is. */
    boolean isTooLong() {
        return limit > 0 && exchange.request.contentLength > limit;
    }

    /**
     * The head has come.
     *
     * @param last whether the request has no body
     */
    void begin(boolean last) {
        done = last;
        RequestHead head = exchange.request;
        if (!last && head.upgrade == null && !head.isConnect()) {
            deadlines.awaitRequest(exchange.begun);
        }
    }

    /** The head goes out. */
    void head(OutboundStream server) {
        RequestHead head = exchange.request;
        sent = loop.now();
        exchange.connected = sent;
        deadlines.moved(sent);
        if (done) {
            deadlines.awaitResponse(sent);
        }
        server.request(head, done && head.upgrade == null && !head.isConnect());
    }

    /**
     * @param server null where nobody wants it any more
     */
    void body(OutboundStream server, ByteBuf piece, boolean last) {
        deadlines.moved(loop.tick());
        exchange.requestBytes += piece.readableBytes();
        if (server == null) {
            piece.release();
        } else if (limit > 0 && exchange.requestBytes > limit && !exchange.tunnel) {
            piece.release();
            exchange.requestBroken(Reason.HTTP_BODY_TOO_LONG);
        } else if (last && exchange.tunnel) {
            // The end of one direction is a half-close where there is HTTP/1, and no framing.
            server.body(piece, false);
            exchange.requestEnd(null);
        } else {
            if (last) {
                ended();
            }
            server.body(piece, last);
        }
    }

    /**
     * @param server null where nobody wants it any more
     */
    void end(OutboundStream server, Fields trailers) {
        ended();
        if (server != null) {
            server.end(trailers);
        }
    }

    private void ended() {
        done = true;
        deadlines.requestEnded();
        sent = loop.now();
        if (!exchange.isAnswered()) {
            deadlines.awaitResponse(sent);
        }
    }

    /**
     * The server has said whether it switches to what the request asks for.
     *
     * @param tunnel whether more comes of the client; where the server keeps to HTTP, the request has
     *     no body
     */
    void switched(boolean tunnel) {
        done = !tunnel;
    }
}
