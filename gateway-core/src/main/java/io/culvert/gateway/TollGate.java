package io.culvert.gateway;

import io.culvert.upgrade.Toll;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Has a channel pay for its bytes, of both directions. While something is owed, what is read waits
 * here and the socket is not read, so that no request comes which would be answered; and the
 * channel is not writable, so that nobody brings more.
 *
 * <p>Who is behind it may have the channel read all the same, and has it read less when it is its
 * turn: it sees that it does not read and asks again. So a little more may wait here than was read
 * at once.
 *
 * <p>Confined to the channel's loop.
 */
final class TollGate extends ChannelDuplexHandler {
    /** Among those that others set: any that nobody else has. */
    private static final int WRITABILITY = 7;

    private final Toll toll;
    private final ArrayDeque<Object> held = new ArrayDeque<>();
    private boolean shut;

    /** Whether it was read by itself when that was stopped here. */
    private boolean read;

    TollGate(Toll toll) {
        this.toll = toll;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        pay(context, message);
        if (shut) {
            held.add(message);
            stopReading(context);
        } else {
            super.channelRead(context, message);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
            throws Exception {
        pay(context, message);
        super.write(context, message, promise);
    }

    private void pay(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf bytes) {
            toll.owe(bytes.readableBytes());
        }
        if (!shut && !toll.isPaid()) {
            shut = true;
            writable(context, false);
            stopReading(context);
            later(context);
        }
    }

    private void stopReading(ChannelHandlerContext context) {
        if (context.channel().config().isAutoRead()) {
            read = true;
            context.channel().config().setAutoRead(false);
        }
    }

    private static void writable(ChannelHandlerContext context, boolean now) {
        var buffer = context.channel().unsafe().outboundBuffer();
        if (buffer != null) {
            buffer.setUserDefinedWritability(WRITABILITY, now);
        }
    }

    private void later(ChannelHandlerContext context) {
        EventLoop loop = context.channel().eventLoop();
        var _ = loop.schedule(() -> look(context), Toll.PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look(ChannelHandlerContext context) {
        if (!shut || context.isRemoved()) {
            return;
        }
        if (!toll.isPaid()) {
            later(context);
            return;
        }
        open(context);
    }

    private void open(ChannelHandlerContext context) {
        shut = false;
        writable(context, true);
        deliver(context);
        if (read && !shut) {
            read = false;
            context.channel().config().setAutoRead(true);
        }
    }

    private void deliver(ChannelHandlerContext context) {
        if (held.isEmpty()) {
            return;
        }
        for (Object message; (message = held.poll()) != null; ) {
            context.fireChannelRead(message);
        }
        context.fireChannelReadComplete();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        // The end of what is read comes behind what was.
        deliver(context);
        super.userEventTriggered(context, event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        deliver(context);
        super.channelInactive(context);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        for (Object message; (message = held.poll()) != null; ) {
            ReferenceCountUtil.release(message);
        }
    }
}
