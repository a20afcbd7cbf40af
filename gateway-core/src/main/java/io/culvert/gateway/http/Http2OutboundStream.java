package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Failure;
import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * A request's stream on a server's connection of HTTP/2. The stream itself begins with the
 * request's head.
 *
 * <p>Confined to its loop.
 */
final class Http2OutboundStream implements OutboundStream {
    private final Http2Outbound link;
    private final Exchange exchange;
    private final int limit;
    private Http2OutboundHalf half;

    Http2OutboundStream(Http2Outbound link, Exchange exchange, int limit) {
        this.link = link;
        this.exchange = exchange;
        this.limit = limit;
    }

    @Override
    public void request(RequestHead head, boolean last) {
        if (head.upgrade != null
                && !(link.takesProtocols() && head.upgrade.equalsIgnoreCase("websocket"))) {
            exchange.serverFailed(null, Reason.HTTP_UPGRADE, false);
            return;
        }
        int id = link.codec().connection().local().incrementAndGetNextStreamId();
        ChannelFuture _ =
                link.codec()
                        .encoder()
                        .writeHeaders(
                                link.context(),
                                id,
                                Http2Heads.of(head),
                                0,
                                last,
                                link.context().newPromise());
        link.written();
        Http2Stream stream = link.codec().connection().stream(id);
        if (stream == null) {
            exchange.serverFailed(Failure.CLOSED, Reason.UPSTREAM_CLOSED, true);
            return;
        }
        half = new Http2OutboundHalf(link, stream, exchange, head, limit);
        link.attach(stream, half);
        half.demand(true);
    }

    @Override
    public void body(ByteBuf piece, boolean last) {
        if (half == null || !half.isOpen()) {
            piece.release();
        } else {
            half.writeData(piece, last);
        }
    }

    @Override
    public void end(Fields trailers) {
        if (half != null && half.isOpen()) {
            half.writeEnd(trailers);
        }
    }

    @Override
    public boolean isWritable() {
        return half != null && half.isOpen() && half.isWritable();
    }

    @Override
    public void demand(boolean on) {
        if (half != null) {
            half.demand(on);
        }
    }

    @Override
    public void cancel() {
        if (half != null && half.cancel()) {
            link.reset(half.id(), Http2Error.CANCEL);
        }
    }
}
