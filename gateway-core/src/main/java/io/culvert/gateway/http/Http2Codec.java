package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersDecoder;
import io.netty.handler.codec.http2.Http2PromisedRequestVerifier;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * Netty's part of a connection of HTTP/2: frames, HPACK, stream states, windows. It tells its
 * {@link Http2Link} what errors it found.
 *
 * <p>Confined to its loop.
 */
final class Http2Codec extends Http2ConnectionHandler {
    private final Http2Link link;
    private final RecentResets resets = new RecentResets();

    private Http2Codec(
            Http2ConnectionDecoder decoder,
            Http2ConnectionEncoder encoder,
            Http2Settings settings,
            Http2Link link) {
        super(decoder, encoder, settings);
        this.link = link;
    }

    static final class Builder extends AbstractHttp2ConnectionHandlerBuilder<Http2Codec, Builder> {
        private final Http2Link link;

        Builder(Http2Link link, boolean server, HttpSettings settings) {
            this.link = link;
            DefaultHttp2Connection connection = new DefaultHttp2Connection(server, 0);
            Http2ConnectionEncoder encoder =
                    new DefaultHttp2ConnectionEncoder(connection, frames(link));
            // Heads are not validated here but by Http2Heads, which knows why it refuses one.
            codec(
                    new DefaultHttp2ConnectionDecoder(
                            connection,
                            encoder,
                            new DefaultHttp2FrameReader(heads(settings.headerBytes())),
                            Http2PromisedRequestVerifier.ALWAYS_VERIFY,
                            true,
                            true,
                            false,
                            false),
                    encoder);
            frameListener(link);
            Http2Settings initial =
                    new Http2Settings()
                            .initialWindowSize(settings.streamWindow())
                            .maxHeaderListSize(settings.headerBytes());
            if (server) {
                initial.maxConcurrentStreams(settings.streams()).connectProtocolEnabled(true);
            } else {
                initial.pushEnabled(false);
            }
            initialSettings(initial);
            flushPreface(true);
        }

        /** Tells how much of each body has gone out. */
        private static DefaultHttp2FrameWriter frames(Http2Link link) {
            return new DefaultHttp2FrameWriter() {
                @Override
                public ChannelFuture writeData(
                        ChannelHandlerContext ctx,
                        int id,
                        ByteBuf data,
                        int padding,
                        boolean ends,
                        ChannelPromise promise) {
                    link.sent(id, data.readableBytes());
                    return super.writeData(ctx, id, data, padding, ends, promise);
                }
            };
        }

        private static Http2HeadersDecoder heads(int limit) {
            return new DefaultHttp2HeadersDecoder(false, limit) {
                @Override
                protected Http2Headers newHeaders() {
                    return new OrderedHeaders();
                }
            };
        }

        @Override
        protected Http2Codec build() {
            return super.build();
        }

        @Override
        protected Http2Codec build(
                Http2ConnectionDecoder decoder,
                Http2ConnectionEncoder encoder,
                Http2Settings settings) {
            return new Http2Codec(decoder, encoder, settings, link);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        super.channelReadComplete(ctx);
        link.loop().flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) throws Exception {
        super.channelWritabilityChanged(ctx);
        link.loop().flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        super.channelInactive(ctx);
        link.gone();
        link.loop().flush();
    }

    @Override
    protected void onConnectionError(
            ChannelHandlerContext ctx, boolean outbound, Throwable cause, Http2Exception error) {
        link.connectionError(error, cause);
        super.onConnectionError(ctx, outbound, cause, error);
    }

    @Override
    public ChannelFuture resetStream(
            ChannelHandlerContext ctx, int id, long code, ChannelPromise promise) {
        resets.add(id);
        return super.resetStream(ctx, id, code, promise);
    }

    @Override
    protected void onStreamError(
            ChannelHandlerContext ctx,
            boolean outbound,
            Throwable cause,
            Http2Exception.StreamException error) {
        if (!outbound
                && error.error() == Http2Error.STREAM_CLOSED
                && resets.has(error.streamId())) {
            return;
        }
        link.streamError(outbound, error);
        super.onStreamError(ctx, outbound, cause, error);
    }

    @Override
    protected void handleServerHeaderDecodeSizeError(
            ChannelHandlerContext ctx, Http2Stream stream) {
        link.headTooLong(stream);
    }
}
