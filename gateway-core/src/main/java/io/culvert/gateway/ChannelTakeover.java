package io.culvert.gateway;

import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.Syscall;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.TakenConnection;
import io.culvert.upgrade.Takeover;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;

import java.util.function.Consumer;

/**
 * Makes a flow's connection a Netty channel on the worker's own loop. The channel works on a
 * duplicate of the initiator's socket, so that the flow's end can take its last look at the
 * connection after the channel has closed, and the peer has time to read what was written last.
 *
 * <p>Confined to the worker that owns the flow, but for {@link #state}.
 */
final class ChannelTakeover implements Takeover {
    private final Poller poller;
    private final String word;
    private final Consumer<Channel> user;
    private final Runnable afterwards;
    private final Counter counter = new Counter();
    private Channel channel;

    /**
     * @param word for {@link #state}
     * @param user gets the channel: registered, not reading by itself yet ({@code autoRead} is off)
     * @param afterwards called once the connection is over, or where there was none
     */
    ChannelTakeover(Poller poller, String word, Consumer<Channel> user, Runnable afterwards) {
        this.poller = poller;
        this.word = word;
        this.user = user;
        this.afterwards = afterwards;
    }

    @Override
    public boolean answersFirst() {
        return true;
    }

    @Override
    public void take(TakenConnection connection) {
        int duplicate = Syscall.duplicate(connection.initiator());
        if (Errno.EMFILE.is(duplicate) || Errno.ENFILE.is(duplicate)) {
            connection.reset(Reason.DESCRIPTORS_EXHAUSTED);
            return;
        }
        if (duplicate < 0) {
            connection.reset(Reason.HANDLER_FAILED);
            return;
        }
        connection.unwatch();
        EpollSocketChannel adopted = new EpollSocketChannel(duplicate);
        channel = adopted;
        adopted.config().setAutoRead(false);
        adopted.pipeline().addLast("bytes", counter);
        EventLoop loop = poller.loop();
        if (!loop.register(adopted).isSuccess()) {
            adopted.unsafe().closeForcibly();
            connection.reset(Reason.DESCRIPTORS_EXHAUSTED);
            return;
        }
        adopted.closeFuture().addListener(closed -> connection.leave(Reason.FINISHED));
        user.accept(adopted);
    }

    @Override
    public void ended(Reason reason) {
        if (channel != null) {
            ChannelFuture unused = channel.close();
        }
    }

    @Override
    public String state() {
        return word;
    }

    @Override
    public long bytesUp() {
        return counter.in;
    }

    @Override
    public long bytesDown() {
        return counter.out;
    }

    @Override
    public void over() {
        afterwards.run();
    }

    /** Counts what crosses the socket. */
    private static final class Counter extends ChannelDuplexHandler {
        private long in;
        private long out;

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
