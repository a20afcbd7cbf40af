package io.culvert.gateway;

import io.culvert.hook.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;

import java.io.IOException;

/**
 * The outer end of a pair of sockets whose inner end is a flow's. A Unix socket ends in one way
 * only, so that a reset is told beside it: what breaks off must not look whole at the other end.
 *
 * <p>Confined to the loop that it is registered with.
 */
final class InnerChannel extends ChannelOutboundHandlerAdapter {
    private final EpollDomainSocketChannel channel;
    private final Runnable givenUp;
    private boolean over;

    private InnerChannel(EpollDomainSocketChannel channel, Runnable givenUp) {
        this.channel = channel;
        this.givenUp = givenUp;
    }

    /**
     * Makes one.
     *
     * @param socket taken
     * @param givenUp told where it is closed and its end was not written before
     * @return registered, and not reading by itself yet ({@code autoRead} is off); {@code null}
     *     where it cannot be
     */
    static InnerChannel open(int socket, EventLoop loop, Runnable givenUp) {
        EpollDomainSocketChannel channel = new EpollDomainSocketChannel(socket);
        channel.config().setAutoRead(false);
        InnerChannel inner = new InnerChannel(channel, givenUp);
        channel.pipeline().addLast("inner", inner);
        if (!loop.register(channel).isSuccess()) {
            channel.unsafe().closeForcibly();
            return null;
        }
        return inner;
    }

    Channel channel() {
        return channel;
    }

    /** The flow is over. */
    void over(Reason reason) {
        over = true;
        if (reason != Reason.FINISHED && reason != Reason.HANDLER_CLOSED) {
            channel.pipeline().fireExceptionCaught(new IOException(reason.meaning()));
            close();
        }
    }

    void close() {
        ChannelFuture _ = channel.close();
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) throws Exception {
        if (!over && !channel.isOutputShutdown()) {
            over = true;
            givenUp.run();
        }
        super.close(context, promise);
    }
}
