package io.culvert.gateway;

import io.culvert.gateway.http.BrokenOff;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.TakenConnection;
import io.culvert.upgrade.Toll;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.AbstractEpollStreamChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;

/**
 * A flow's connection as a Netty channel on the worker's own loop. The channel works on a duplicate
 * of the initiator's socket, so that the flow's end can take its last look at the connection after
 * the channel has closed, and the peer has time to read what was written last.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class ConnectionChannel {
    private static final int AF_UNIX = 1;

    private final Counter counter = new Counter();
    private Channel channel;

    /**
     * Makes the channel. The connection is left once that is closed, or reset where that was amid a
     * message.
     *
     * @return registered, and not reading by itself yet ({@code autoRead} is off); {@code null}
     *     where it cannot be, and the connection was reset
     */
    Channel open(TakenConnection connection, Poller poller) {
        int duplicate = Syscall.duplicate(connection.initiator());
        if (duplicate < 0) {
            connection.reset(
                    Errno.EMFILE.is(duplicate)
                            ? Reason.DESCRIPTORS_EXHAUSTED
                            : Reason.HANDLER_FAILED);
            return null;
        }
        connection.unwatch();
        AbstractEpollStreamChannel adopted =
                isUnix(duplicate)
                        ? new EpollDomainSocketChannel(duplicate)
                        : new EpollSocketChannel(duplicate);
        adopted.config().setAutoRead(false);
        adopted.pipeline().addLast("bytes", counter);
        Toll toll = connection.toll();
        if (toll != null) {
            adopted.pipeline().addLast("toll", new TollGate(toll));
        }
        EventLoop loop = poller.loop();
        if (!loop.register(adopted).isSuccess()) {
            adopted.unsafe().closeForcibly();
            connection.reset(Reason.DESCRIPTORS_EXHAUSTED);
            return null;
        }
        channel = adopted;
        adopted.closeFuture()
                .addListener(
                        _ ->
                                BrokenOff.of(adopted)
                                        .ifPresentOrElse(
                                                connection::reset,
                                                () -> connection.leave(Reason.FINISHED)));
        return adopted;
    }

    /** Whether it is one of {@link InnerFlows}. */
    private static boolean isUnix(int socket) {
        return Syscall.getsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_DOMAIN)
                == AF_UNIX;
    }

    /** The connection is over: so is the channel, if there is one. */
    void close() {
        if (channel != null) {
            ChannelFuture unused = channel.close();
        }
    }

    /** Whether the initiator's end was read, and the connection stayed for what is for it. */
    boolean hasReadEnd() {
        return counter.end;
    }

    /** Bytes read from the initiator. */
    long bytesUp() {
        return counter.in;
    }

    /** Bytes written to it. */
    long bytesDown() {
        return counter.out;
    }

    /** Counts what crosses the socket. */
    private static final class Counter extends ChannelDuplexHandler {
        private long in;
        private long out;
        private boolean end;

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event)
                throws Exception {
            end |= event instanceof ChannelInputShutdownEvent;
            super.userEventTriggered(context, event);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            if (message instanceof ByteBuf bytes) {
                in += bytes.readableBytes();
            }
            super.channelRead(context, message);
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
                throws Exception {
            if (message instanceof ByteBuf bytes) {
                out += bytes.readableBytes();
            }
            super.write(context, message, promise);
        }
    }
}
