package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http3.DefaultHttp3GoAwayFrame;
import io.netty.handler.codec.http3.DefaultHttp3SettingsFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3ErrorCode;
import io.netty.handler.codec.http3.Http3Exception;
import io.netty.handler.codec.http3.Http3ServerConnectionHandler;
import io.netty.handler.codec.http3.Http3Settings;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A client's connection that speaks HTTP/3 (RFC 9114): an {@link Exchange} for each of its streams
 * that carry requests. Frames, QPACK and the other streams are Netty's.
 *
 * <p>Confined to its loop.
 */
final class Http3Inbound extends ChannelInboundHandlerAdapter implements Link {
    private static final long NEVER = Long.MAX_VALUE;

    /** RFC 9114 section 5.2: identifiers of clients' requests are so far apart. */
    private static final int NEXT_REQUEST = 4;

    private final HttpProxy proxy;
    private final HttpLoop loop;
    private final HttpFlow flow;
    private final QuicChannel channel;
    private final Set<Http3InboundStream> streams = new LinkedHashSet<>();
    private final FrameBudget resets;
    private final FrameBudget control;
    private long deadline;
    private long next;
    private boolean shakingHands = true;
    private boolean goingAway;
    private boolean told;

    Http3Inbound(HttpProxy proxy, HttpLoop loop, HttpFlow flow, QuicChannel channel) {
        this.proxy = proxy;
        this.loop = loop;
        this.flow = flow;
        this.channel = channel;
        long now = loop.now();
        resets = FrameBudget.ofResets(now);
        control = FrameBudget.ofControl(now);
        deadline = now + proxy.settings().headerTimeout().toNanos();
    }

    /** Begins on its channel. */
    void begin() {
        Http3Settings settings =
                new Http3Settings()
                        // Of this Netty makes a connection's error; a head that is merely too long
                        // for us is answered.
                        .maxFieldSectionSize(2L * proxy.settings().headerBytes())
                        .qpackMaxTableCapacity(0)
                        .qpackBlockedStreams(0)
                        .enableConnectProtocol(true);
        channel.pipeline()
                .addLast(
                        new Http3ServerConnectionHandler(
                                new Requests(),
                                new ControlFrames(),
                                null,
                                new DefaultHttp3SettingsFrame(settings),
                                true),
                        this);
        loop.handshakeBegins();
        loop.add(this);
        channel.closeFuture().addListener(_ -> gone());
    }

    private final class Requests extends ChannelInitializer<QuicStreamChannel> {
        @Override
        protected void initChannel(QuicStreamChannel stream) {
            if (goingAway && stream.streamId() >= next) {
                ChannelFuture _ = stream.shutdown(Http3ErrorCode.H3_REQUEST_REJECTED.code());
                return;
            }
            next = Math.max(next, stream.streamId() + NEXT_REQUEST);
            deadline = NEVER;
            Http3InboundStream fresh = new Http3InboundStream(Http3Inbound.this, stream);
            streams.add(fresh);
            stream.pipeline().addLast(fresh);
        }
    }

    /** What comes on the client's control stream, behind what Netty makes of it. */
    @ChannelHandler.Sharable
    private final class ControlFrames extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object frame) {
            ReferenceCountUtil.release(frame);
            controlFrame();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failed(cause);
        }
    }

    HttpProxy proxy() {
        return proxy;
    }

    HttpLoop loop() {
        return loop;
    }

    HttpFlow flow() {
        return flow;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof SslHandshakeCompletionEvent) {
            handshakeOver();
        }
        super.userEventTriggered(context, event);
    }

    private void handshakeOver() {
        if (shakingHands) {
            shakingHands = false;
            loop.handshakeEnds();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        failed(cause);
    }

    /** The connection is about to end, or has to. */
    void failed(Throwable cause) {
        if (cause instanceof Http3Exception error && !told) {
            told = true;
            proxy.refused(
                    error.errorCode() == Http3ErrorCode.H3_EXCESSIVE_LOAD
                            ? Reason.HTTP_FIELDS_TOO_LONG
                            : Reason.HTTP_FRAME);
        }
    }

    /** A frame came that asks for work and carries nothing. */
    void controlFrame() {
        spend(control, Reason.HTTP_FRAME_FLOOD);
    }

    /** A request was broken off, by the client or for its error. */
    void brokenOff() {
        spend(resets, Reason.HTTP_RESET_FLOOD);
    }

    private void spend(FrameBudget budget, Reason reason) {
        if (!budget.take(loop.now()) && !told) {
            told = true;
            proxy.refused(reason);
            close(Http3ErrorCode.H3_EXCESSIVE_LOAD);
        }
    }

    void over(Http3InboundStream stream) {
        if (streams.remove(stream) && streams.isEmpty()) {
            if (goingAway) {
                close(Http3ErrorCode.H3_NO_ERROR);
            } else {
                deadline = loop.tick() + proxy.settings().idleTimeout().toNanos();
            }
        }
    }

    void close(Http3ErrorCode error) {
        ChannelFuture _ = channel.close(true, error.code(), Unpooled.EMPTY_BUFFER);
    }

    private void gone() {
        handshakeOver();
        loop.remove(this);
        List.copyOf(streams).forEach(Http3InboundStream::gone);
        loop.flush();
    }

    @Override
    public void flushNow() {
        // What is written leaves at once.
    }

    @Override
    public void sweep(long nowNanos) {
        if (nowNanos >= deadline) {
            deadline = NEVER;
            close(Http3ErrorCode.H3_NO_ERROR);
        } else {
            List.copyOf(streams).forEach(stream -> stream.sweep(nowNanos));
        }
    }

    /** RFC 9114 section 5.2. */
    @Override
    public void drain() {
        if (goingAway) {
            return;
        }
        goingAway = true;
        QuicStreamChannel own = Http3.getLocalControlStream(channel);
        if (own != null) {
            ChannelFuture _ = own.writeAndFlush(new DefaultHttp3GoAwayFrame(next));
        }
        if (streams.isEmpty()) {
            close(Http3ErrorCode.H3_NO_ERROR);
        }
    }
}
