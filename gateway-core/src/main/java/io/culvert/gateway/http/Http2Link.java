package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * A connection of HTTP/2, seen from its frames.
 *
 * <p>Confined to its loop.
 */
abstract class Http2Link extends Http2EventAdapter implements Link {
    private final HttpLoop loop;
    private Http2Codec codec;
    private ChannelHandlerContext context;
    private Http2Connection.PropertyKey key;
    private boolean written;

    Http2Link(HttpLoop loop) {
        this.loop = loop;
    }

    /** Begins on a channel, as its last handler. */
    final void begin(Channel channel, boolean server, HttpSettings settings) {
        codec = new Http2Codec.Builder(this, server, settings).build();
        key = codec.connection().newKey();
        codec.connection()
                .addListener(
                        new Http2ConnectionAdapter() {
                            @Override
                            public void onStreamClosed(Http2Stream stream) {
                                Http2Half half = half(stream);
                                if (half != null) {
                                    half.closed();
                                }
                                emptied();
                            }

                            @Override
                            public void onGoAwayReceived(int last, long code, ByteBuf data) {
                                goingAway(last);
                            }
                        });
        codec.encoder()
                .flowController()
                .listener(
                        stream -> {
                            Http2Half half = half(stream);
                            if (half != null) {
                                half.writable(isWritable(stream));
                            }
                        });
        loop.add(this);
        channel.pipeline().addLast(codec);
        context = channel.pipeline().context(codec);
        widen(settings.connectionWindow());
    }

    /** RFC 9113 section 6.9.2: the connection's own window is no setting. */
    private void widen(int window) {
        Http2Connection connection = codec.connection();
        try {
            connection
                    .local()
                    .flowController()
                    .incrementWindowSize(
                            connection.connectionStream(),
                            window - connection.local().flowController().initialWindowSize());
        } catch (Http2Exception e) {
            throw new IllegalStateException("the connection's stream is always there", e);
        }
        written();
    }

    final HttpLoop loop() {
        return loop;
    }

    final ChannelHandlerContext context() {
        return context;
    }

    final Http2Codec codec() {
        return codec;
    }

    final Http2Half half(Http2Stream stream) {
        return stream == null ? null : stream.getProperty(key);
    }

    final Http2Half half(int id) {
        return half(codec.connection().stream(id));
    }

    final void attach(Http2Stream stream, Http2Half half) {
        stream.setProperty(key, half);
    }

    final boolean isWritable(Http2Stream stream) {
        return codec.encoder().flowController().isWritable(stream);
    }

    /** Whether something waits for a stream's window to open, or the connection's. */
    final boolean isHeldBack(Http2Stream stream) {
        Http2RemoteFlowController windows = codec.encoder().flowController();
        return windows.hasFlowControlled(stream)
                && (windows.windowSize(stream) <= 0
                        || windows.windowSize(codec.connection().connectionStream()) <= 0);
    }

    /** Whether the other end may send anything at all. */
    final boolean isOpen() {
        Http2Connection connection = codec.connection();
        return connection.local().flowController().windowSize(connection.connectionStream()) > 0;
    }

    /** So many bytes of a body have gone out on a stream. */
    final void sent(int id, int bytes) {
        Http2Half half = half(id);
        if (half != null) {
            half.sent(bytes);
        }
    }

    final int streams() {
        return codec.connection().numActiveStreams();
    }

    /** Something was written. */
    final void written() {
        if (!written) {
            written = true;
            loop.written(this);
        }
    }

    @Override
    public final void flushNow() {
        written = false;
        if (context.channel().isActive()) {
            codec.flush(context);
        }
    }

    final void reset(int id, Http2Error error) {
        ChannelFuture _ = codec.resetStream(context, id, error.code(), context.newPromise());
        written();
    }

    /** Says GOAWAY, and closes when no stream is left. */
    final void close() {
        ChannelFuture _ = context.pipeline().close();
    }

    @Override
    public final int onDataRead(
            ChannelHandlerContext ctx, int id, ByteBuf data, int padding, boolean ends)
            throws Http2Exception {
        int taken = data.readableBytes() + padding;
        Http2Half half = half(id);
        return half == null ? taken : half.data(data, padding, ends);
    }

    /** A connection's error was found, and is about to end it. */
    abstract void connectionError(Http2Exception error, Throwable cause);

    /** A stream's error was found, and is about to reset it. */
    void streamError(boolean outbound, Http2Exception.StreamException error) {}

    /** Of a client's stream: its head is longer than it may be. */
    void headTooLong(Http2Stream stream) {
        reset(stream.id(), Http2Error.PROTOCOL_ERROR);
    }

    /** A stream has ended. */
    void emptied() {}

    /**
     * The other end will take no new streams.
     *
     * @param last the last stream that it has looked at
     */
    void goingAway(int last) {}

    /** The connection is closed. */
    void gone() {
        loop.remove(this);
    }
}
