package io.culvert.gateway.http;

import io.culvert.gateway.tls.ServerTls;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;

/**
 * A client's connection until its TLS handshake is over: ALPN then says what is spoken (RFC 7301).
 *
 * <p>Confined to its loop.
 */
final class TlsOpening extends ChannelInboundHandlerAdapter implements Link {
    private final HttpProxy proxy;
    private final HttpLoop loop;
    private final HttpFlow flow;
    private final long deadline;
    private ChannelHandlerContext context;

    TlsOpening(HttpProxy proxy, HttpLoop loop, HttpFlow flow) {
        this.proxy = proxy;
        this.loop = loop;
        this.flow = flow;
        deadline = loop.now() + proxy.settings().headerTimeout().toNanos();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        loop.add(this);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        loop.remove(this);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
            Channel channel = ctx.channel();
            SslHandler tls = channel.pipeline().get(SslHandler.class);
            if ("h2".equals(tls.applicationProtocol())) {
                proxy.http2(channel, loop, flow, "https");
            } else {
                proxy.http1(channel, loop, flow, "https");
            }
            channel.pipeline().remove(this);
        } else if (event instanceof ServerTls.Passed) {
            Channel channel = ctx.channel();
            channel.config().setAutoRead(false);
            Relay.begin(channel, loop, flow, proxy);
            channel.pipeline().remove(this);
        } else {
            super.userEventTriggered(ctx, event);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        // Before the handshake is over there is nothing to read.
        ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ChannelFuture _ = ctx.close();
    }

    @Override
    public void flushNow() {
        context.flush();
    }

    @Override
    public void sweep(long nowNanos) {
        if (nowNanos >= deadline) {
            ChannelFuture _ = context.close();
        }
    }

    @Override
    public void drain() {
        ChannelFuture _ = context.close();
    }
}
