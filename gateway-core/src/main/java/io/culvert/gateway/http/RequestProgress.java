package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;

/**
 * What of a request has come, and passes on to its server.
 *
 * <p>Confined to the client's loop.
 */
final class RequestProgress {
    private static final String GRPC = "application/grpc";

    private final Exchange exchange;
    private final HttpLoop loop;
    private final Deadlines deadlines;
    private final long limit;
    private boolean touched;
    private boolean done;
    private long sent;
    private final Pace pace;

    RequestProgress(Exchange exchange, HttpLoop loop, Deadlines deadlines, HttpSettings settings) {
        this.exchange = exchange;
        this.loop = loop;
        this.deadlines = deadlines;
        limit = settings.bodyBytes();
        pace = new Pace(settings.minimumRate());
    }

    /** Whether nothing of it is awaited any more. */
    boolean isDone() {
        return done;
    }

    /** When it was sent, as far as it had come. */
    long sentNanos() {
        return sent;
    }

    /** Whether nothing behind the head was sent, so that all can be sent anew. */
    boolean isUntouched() {
        return !touched;
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

    /** A piece of the body has come; whether the body may be as long as it is by now. */
    boolean admits(int bytes) {
        deadlines.moved(loop.tick());
        exchange.requestBytes += bytes;
        return limit == 0 || exchange.tunnel || exchange.requestBytes <= limit;
    }

    /** A piece goes out. */
    void body(OutboundStream server, ByteBuf piece, boolean last) {
        touched = true;
        if (last) {
            ended();
        }
        server.body(piece, last);
    }

    /** The body ends, with trailers or null. */
    void end(OutboundStream server, Fields trailers) {
        touched = true;
        ended();
        server.end(trailers);
    }

    /**
     * Whether the client sends the body too slowly.
     *
     * @param awaited whether nothing but the client keeps it from coming
     */
    boolean isTooSlow(boolean awaited, long nowNanos) {
        RequestHead head = exchange.request;
        if (done
                || !awaited
                || exchange.isAnswered()
                || head.upgrade != null
                || head.isConnect()
                || isCall(head)) {
            pace.rest();
            return false;
        }
        return pace.isTooSlow(nowNanos, () -> exchange.requestBytes);
    }

    /** A body of gRPC comes when there is something to say. */
    private static boolean isCall(RequestHead head) {
        String type = head.fields.value("content-type");
        return type != null && type.regionMatches(true, 0, GRPC, 0, GRPC.length());
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
     * @param tunnel whether more comes of the client; where the server keeps to HTTP, the request
     *     has no body
     */
    void switched(boolean tunnel) {
        done = !tunnel;
    }
}
