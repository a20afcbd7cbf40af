package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Failure;
import io.culvert.gateway.upstream.NotConnectedException;
import io.culvert.gateway.upstream.Pick;
import io.culvert.gateway.upstream.PickRequest;
import io.culvert.gateway.upstream.Upstream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;

/**
 * One direction of a connection that is passed on as it is: what its channel reads is written to
 * the other. Back-pressure and half-closes go through.
 *
 * <p>Confined to its loop.
 */
final class Relay extends ChannelInboundHandlerAdapter {
    private ByteBuf held = Unpooled.EMPTY_BUFFER;
    private Channel to;

    /**
     * Joins a client's channel to the flow's own target.
     *
     * @param client with {@code autoRead} off
     */
    static void begin(Channel client, HttpLoop loop, HttpFlow flow, HttpProxy proxy) {
        Relay up = new Relay();
        client.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        client.pipeline().addLast(up);
        Upstream target = flow.target();
        if (!(target.pick(PickRequest.first(0)) instanceof Pick pick)) {
            ChannelFuture _ = client.close();
            return;
        }
        client.closeFuture().addListener(_ -> pick.released());
        proxy.connector()
                .connect(loop.eventLoop(), pick.member(), flow.facts())
                .addListener(
                        (Future<Channel> done) -> {
                            if (done.isSuccess()) {
                                join(client, up, done.getNow());
                            } else {
                                pick.failed(
                                        done.cause() instanceof NotConnectedException known
                                                ? known.failure()
                                                : Failure.CONNECT);
                                ChannelFuture _ = client.close();
                            }
                        });
    }

    private static void join(Channel client, Relay up, Channel server) {
        if (!client.isActive()) {
            ChannelFuture _ = server.close();
            return;
        }
        Relay down = new Relay();
        down.to = client;
        server.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        server.pipeline().addLast(down);
        up.to = server;
        if (up.held.isReadable()) {
            ChannelFuture _ = server.writeAndFlush(up.held);
        }
        up.held = Unpooled.EMPTY_BUFFER;
        client.config().setAutoRead(true);
        server.config().setAutoRead(true);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (to == null) {
            held = Unpooled.wrappedBuffer(held, (ByteBuf) message);
        } else {
            ChannelFuture _ = to.write(message, to.voidPromise());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (to != null) {
            to.flush();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (to != null) {
            to.config().setAutoRead(ctx.channel().isWritable());
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && to != null) {
            HalfClose.of(to);
            if (((DuplexChannel) ctx.channel()).isOutputShutdown()) {
                ChannelFuture _ = ctx.close();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        held.release();
        held = Unpooled.EMPTY_BUFFER;
        if (to != null && to.isActive()) {
            to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ChannelFuture _ = ctx.close();
    }
}
