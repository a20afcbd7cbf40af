package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;

import java.util.Locale;

/**
 * A client's connection that speaks HTTP/2: an {@link Exchange} for each stream.
 *
 * <p>Confined to its loop.
 */
final class Http2Inbound extends Http2Link {
    private static final long NEVER = Long.MAX_VALUE;

    private final HttpProxy proxy;
    private final HttpFlow flow;
    private final String scheme;
    private final FrameBudget resets;
    private final FrameBudget control;
    private final Uptake uptake;
    private long deadline;
    private boolean greeted;
    private Reason flooded;

    /** Whether the stream's error that comes next is one of ours, and counted. */
    private boolean told;

    Http2Inbound(HttpProxy proxy, HttpLoop loop, HttpFlow flow, String scheme) {
        super(loop);
        this.proxy = proxy;
        this.flow = flow;
        this.scheme = scheme;
        long now = loop.now();
        resets = FrameBudget.ofResets(now);
        control = FrameBudget.ofControl(now);
        uptake = new Uptake(proxy.settings().minimumRate(), loop.tcpInfo());
        deadline = now + proxy.settings().headerTimeout().toNanos();
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx,
            int id,
            Http2Headers headers,
            int dependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean ends)
            throws Http2Exception {
        onHeadersRead(ctx, id, headers, padding, ends);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx, int id, Http2Headers headers, int padding, boolean ends)
            throws Http2Exception {
        Http2Stream stream = codec().connection().stream(id);
        int limit = proxy.settings().headerCount();
        if (half(stream) instanceof Http2InboundStream open) {
            Fields trailers = new Fields();
            Reason wrong =
                    ends ? Http2Heads.trailers(headers, trailers, limit) : Reason.HTTP_PSEUDO_FIELD;
            if (wrong != null) {
                open.broken(wrong);
                throw malformed(id, wrong);
            }
            open.finish(trailers.count() == 0 ? null : trailers);
            return;
        }
        deadline = NEVER;
        Http2InboundStream fresh =
                new Http2InboundStream(this, stream, proxy.settings().minimumRate());
        fresh.head().scheme = scheme;
        Reason wrong = Http2Heads.request(headers, ends, fresh.head(), limit);
        attach(stream, fresh);
        Exchange exchange = new Exchange(proxy, loop(), flow, fresh, fresh.head());
        if (wrong == Reason.HTTP_FIELDS_TOO_LONG || wrong == Reason.HTTP_HOST) {
            // A request by HTTP/2's grammar, and so to be answered.
            fresh.refuse(exchange, wrong);
        } else if (wrong != null) {
            exchange.malformed(wrong);
            throw malformed(id, wrong);
        } else {
            fresh.begin(exchange, ends);
        }
    }

    /** RFC 9113 section 8.1.1. */
    private Http2Exception malformed(int id, Reason reason) {
        told = true;
        return Http2Exception.streamError(id, Http2Error.PROTOCOL_ERROR, reason.meaning());
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int id, long code)
            throws Http2Exception {
        spend(resets, Reason.HTTP_RESET_FLOOD);
        if (half(id) instanceof Http2InboundStream open) {
            open.gone();
        }
    }

    @Override
    public void onPingRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        spend(control, Reason.HTTP_FRAME_FLOOD);
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings)
            throws Http2Exception {
        if (!greeted) {
            greeted = true;
            if (streams() == 0) {
                deadline = loop().tick() + proxy.settings().idleTimeout().toNanos();
            }
        }
        spend(control, Reason.HTTP_FRAME_FLOOD);
    }

    @Override
    public void onPriorityRead(
            ChannelHandlerContext ctx, int id, int dependency, short weight, boolean exclusive)
            throws Http2Exception {
        spend(control, Reason.HTTP_FRAME_FLOOD);
    }

    @Override
    public void onUnknownFrame(
            ChannelHandlerContext ctx, byte type, int id, Http2Flags flags, ByteBuf payload) {
        if (!control.take(loop().tick()) && flooded == null) {
            flooded = Reason.HTTP_FRAME_FLOOD;
            proxy.refused(flooded);
            close();
        }
    }

    private void spend(FrameBudget budget, Reason reason) throws Http2Exception {
        if (!budget.take(loop().now())) {
            flooded = reason;
            throw Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, reason.meaning());
        }
    }

    @Override
    void connectionError(Http2Exception error, Throwable cause) {
        if (error == null) {
            Mishaps.log(cause);
            return;
        }
        Reason reason =
                flooded != null
                        ? flooded
                        : error.error() == Http2Error.ENHANCE_YOUR_CALM
                                ? Reason.HTTP_FRAME_FLOOD
                                : Reason.HTTP_FRAME;
        proxy.refused(reason);
    }

    @Override
    void streamError(boolean outbound, Http2Exception.StreamException error) {
        if (told) {
            told = false;
        } else if (!outbound) {
            // Netty looks at lengths before anybody else does.
            Reason reason =
                    String.valueOf(error.getMessage())
                                    .toLowerCase(Locale.ROOT)
                                    .contains("content-length")
                            ? Reason.HTTP_LENGTH_INVALID
                            : Reason.HTTP_FRAME;
            if (half(error.streamId()) instanceof Http2InboundStream open && open.isLive()) {
                open.broken(reason);
            } else {
                proxy.refused(reason);
            }
        }
        // What a client has the gateway break off costs as much as what it breaks off itself.
        if (!outbound && !resets.take(loop().now()) && flooded == null) {
            flooded = Reason.HTTP_RESET_FLOOD;
            proxy.refused(flooded);
            ChannelFuture _ =
                    codec().goAway(
                                    context(),
                                    codec().connection().remote().lastStreamCreated(),
                                    Http2Error.ENHANCE_YOUR_CALM.code(),
                                    Unpooled.EMPTY_BUFFER,
                                    context().newPromise());
            ChannelFuture _ = context().close();
        }
    }

    @Override
    void headTooLong(Http2Stream stream) {
        Http2InboundStream fresh =
                new Http2InboundStream(this, stream, proxy.settings().minimumRate());
        attach(stream, fresh);
        fresh.refuse(
                new Exchange(proxy, loop(), flow, fresh, fresh.head()),
                Reason.HTTP_FIELDS_TOO_LONG);
    }

    /** A stream's answer is over for everybody but the client, which does not take it. */
    void tooSlow(int id) {
        proxy.refused(Reason.HTTP_TOO_SLOW);
        reset(id, Http2Error.CANCEL);
    }

    @Override
    void emptied() {
        if (streams() == 0) {
            deadline = loop().tick() + proxy.settings().idleTimeout().toNanos();
        }
    }

    @Override
    public void sweep(long nowNanos) {
        if (uptake.isTooSlow(context().channel(), nowNanos)) {
            Farewell.end(proxy, context().channel());
            return;
        }
        if (nowNanos >= deadline) {
            deadline = NEVER;
            close();
            return;
        }
        if (streams() > 0) {
            Http2InboundStream[] all = new Http2InboundStream[streams()];
            int[] count = {0};
            try {
                codec().connection()
                        .forEachActiveStream(
                                stream -> {
                                    if (half(stream) instanceof Http2InboundStream open
                                            && count[0] < all.length) {
                                        all[count[0]++] = open;
                                    }
                                    return true;
                                });
            } catch (Http2Exception e) {
                throw new IllegalStateException("a visitor that throws nothing", e);
            }
            for (int i = 0; i < count[0]; i++) {
                all[i].sweep(nowNanos);
            }
        }
    }

    @Override
    public void drain() {
        close();
    }
}
