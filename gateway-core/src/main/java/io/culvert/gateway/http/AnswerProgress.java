package io.culvert.gateway.http;

import io.culvert.hook.HttpAnswer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * What of an answer has come, and passes on to the client: a server's, or one of the gateway's or a
 * plugin's own.
 *
 * <p>Confined to the client's loop.
 */
final class AnswerProgress {
    private static final String ALT_SVC = "alt-svc";

    private final Exchange exchange;
    private final InboundStream client;
    private final HttpLoop loop;
    private final Deadlines deadlines;
    private final HttpSettings settings;
    private boolean begun;
    private boolean done;

    AnswerProgress(Exchange exchange, HttpLoop loop, Deadlines deadlines, HttpSettings settings) {
        this.exchange = exchange;
        this.client = exchange.client;
        this.loop = loop;
        this.deadlines = deadlines;
        this.settings = settings;
    }

    /** Whether its head was sent. */
    boolean isBegun() {
        return begun;
    }

    boolean isDone() {
        return done;
    }

    /** Another head follows, which one of HTTP/1.0 would take for the answer's. */
    void informational(ResponseHead head) {
        deadlines.moved(loop.tick());
        if (exchange.request.minorVersion > 0) {
            client.informational(head);
        }
    }

    /** A server's head goes out. */
    void head(ResponseHead head, boolean last) {
        begun = true;
        exchange.status = head.status;
        ForwardedLines.add(head, settings);
        advertise(head);
        client.head(head, last);
        done = last;
    }

    /** Where the server says nothing of that itself. */
    private void advertise(ResponseHead head) {
        Alternatives alternatives = exchange.flow.alternatives();
        if (alternatives == Alternatives.NONE
                || client.version() > 2
                || exchange.tunnel
                || !exchange.request.scheme.equals("https")
                || head.fields.find(ALT_SVC) >= 0) {
            return;
        }
        String elsewhere = alternatives.of(exchange.request);
        if (elsewhere != null) {
            head.fields.add(ALT_SVC, elsewhere);
        }
    }

    void body(ByteBuf piece, boolean last) {
        deadlines.moved(loop.tick());
        exchange.responseBytes += piece.readableBytes();
        client.body(piece, last && !exchange.tunnel);
        if (last && exchange.tunnel) {
            client.end(null);
        }
        done = last;
    }

    void end(Fields trailers) {
        client.end(trailers);
        done = true;
    }

    /** A whole answer that is no server's; nothing of another was sent. */
    void own(HttpAnswer answer) {
        ResponseHead head = HookHeads.head(answer, exchange.request);
        if (exchange.isGrpc() && GrpcAnswer.isTrailersOnly(answer)) {
            head.contentLength = ResponseHead.UNKNOWN_LENGTH;
        }
        exchange.status = head.status;
        begun = true;
        done = true;
        boolean last = head.bodiless || answer.body().length == 0;
        client.head(head, last);
        if (!last) {
            exchange.responseBytes += answer.body().length;
            client.body(Unpooled.wrappedBuffer(answer.body()), true);
        }
    }
}
