package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Failure;
import io.culvert.gateway.upstream.NotConnectedException;
import io.culvert.hook.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.concurrent.Promise;

/**
 * A connection to a server that speaks HTTP/2: a stream for each request, many at once.
 *
 * <p>Confined to its loop.
 */
final class Http2Outbound extends Http2Link {
    private static final long NEVER = Long.MAX_VALUE;

    private final UpstreamPool pool;
    private final Object key;
    private final HttpSettings settings;
    private Channel channel;
    private boolean closing;
    private boolean connectProtocol;
    private Promise<Http2Outbound> greeting;
    private int lastTaken = Integer.MAX_VALUE;
    private long idleDeadline = NEVER;

    Http2Outbound(UpstreamPool pool, Object key, HttpLoop loop, HttpSettings settings) {
        super(loop);
        this.pool = pool;
        this.key = key;
        this.settings = settings;
    }

    /**
     * Begins to speak.
     *
     * @param ready told when the server has said what it takes: so many streams, which protocols
     */
    void begin(Channel connected, Promise<Http2Outbound> ready) {
        channel = connected;
        greeting = ready;
        idleDeadline = loop().now() + settings.headerTimeout().toNanos();
        begin(connected, false, settings);
        connected.config().setAutoRead(true);
    }

    Object key() {
        return key;
    }

    /** Whether it takes another request. */
    boolean hasRoom() {
        Http2Connection connection = codec().connection();
        return !closing
                && channel.isActive()
                && connection.local().numActiveStreams()
                        < Math.min(settings.streams(), connection.local().maxActiveStreams())
                && connection.local().lastStreamCreated() < Integer.MAX_VALUE - 1000;
    }

    /** RFC 8441 section 3: whether the server takes other protocols on a stream. */
    boolean takesProtocols() {
        return connectProtocol;
    }

    OutboundStream open(Exchange exchange) {
        idleDeadline = NEVER;
        return new Http2OutboundStream(this, exchange, settings.headerCount());
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings sent) {
        Boolean enabled = sent.connectProtocolEnabled();
        if (enabled != null) {
            connectProtocol = enabled;
        }
        if (greeting != null) {
            Promise<Http2Outbound> ready = greeting;
            greeting = null;
            idleDeadline = loop().tick() + pool.idleNanos();
            ready.trySuccess(this);
        }
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
        if (half(id) instanceof Http2OutboundHalf open && !open.headers(headers, ends)) {
            throw Http2Exception.streamError(
                    id, Http2Error.PROTOCOL_ERROR, Reason.UPSTREAM_PROTOCOL.meaning());
        }
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int id, long code) {
        if (half(id) instanceof Http2OutboundHalf open) {
            open.reset(code);
        }
    }

    @Override
    void connectionError(Http2Exception error, Throwable cause) {
        closing = true;
    }

    @Override
    void goingAway(int last) {
        closing = true;
        lastTaken = last;
        pool.discard(this);
        if (streams() == 0) {
            close();
        }
    }

    /** Whether the server has said that it will not look at a stream. */
    boolean isUntouched(int id) {
        return id > lastTaken;
    }

    @Override
    void emptied() {
        if (codec().connection().local().numActiveStreams() == 0) {
            idleDeadline = loop().tick() + pool.idleNanos();
            if (closing && channel.isActive()) {
                close();
            }
        }
    }

    @Override
    void gone() {
        super.gone();
        closing = true;
        pool.discard(this);
        if (greeting != null) {
            greeting.tryFailure(
                    new NotConnectedException(
                            Reason.UPSTREAM_PROTOCOL,
                            Failure.PROTOCOL,
                            "the server does not speak HTTP/2",
                            null));
            greeting = null;
        }
    }

    @Override
    public void sweep(long nowNanos) {
        if (nowNanos >= idleDeadline) {
            drain();
        }
    }

    @Override
    public void drain() {
        if (streams() == 0) {
            closing = true;
            idleDeadline = NEVER;
            pool.discard(this);
            close();
        }
    }
}
