package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;

/**
 * A connection that speaks HTTP/1: what was read and is not understood yet, what was written and
 * not flushed yet.
 *
 * <p>Confined to its loop.
 */
abstract class Http1Link extends ChannelInboundHandlerAdapter implements Link {
    /** Shorter pieces are copied behind what is there, instead of being written by themselves. */
    private static final int COPIED = 4096;

    private static final int BUFFER = 4096;
    private static final int FULL = 32 * 1024;

    private HttpLoop loop;
    private ChannelHandlerContext context;
    private ByteBuf unread;
    private ByteBuf unwritten;
    private boolean reading;
    private boolean written;
    private boolean closed;

    Http1Link(HttpLoop loop) {
        this.loop = loop;
    }

    final HttpLoop loop() {
        return loop;
    }

    /** The connection was moved. */
    final void loop(HttpLoop other) {
        loop = other;
    }

    final ChannelHandlerContext context() {
        return context;
    }

    final boolean isClosed() {
        return closed;
    }

    /** Whether something was read that nobody has taken. */
    final boolean hasUnread() {
        return unread != null && unread.isReadable();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        loop.add(this);
    }

    // Reading.

    /** Whether the next event of what was read may be taken now. */
    abstract boolean isReady();

    /** Takes one event; whether there was one. */
    abstract boolean step(ByteBuf in);

    /** Whether more is to be read from the network now. */
    abstract boolean isThirsty();

    /** The other end has closed its side, or all. */
    abstract void ended();

    /** Whether more may be written now has changed. */
    abstract void writable(boolean now);

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (closed) {
            in.release();
            return;
        }
        unread =
                unread == null
                        ? in
                        : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), unread, in);
        take();
    }

    /** Takes what may be taken of what was read, and reads on or does not. */
    final void take() {
        if (reading) {
            return;
        }
        reading = true;
        try {
            while (unread != null && !closed && isReady() && step(unread)) {
                // Each step is its own reason to go on.
            }
        } finally {
            reading = false;
        }
        if (unread != null && (closed || !unread.isReadable())) {
            unread.release();
            unread = null;
        }
        thirst();
    }

    final void thirst() {
        if (!closed && !reading) {
            boolean now = isThirsty();
            if (context.channel().config().isAutoRead() != now) {
                context.channel().config().setAutoRead(now);
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        loop.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        writable(ctx.channel().isWritable());
        loop.flush();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            ended();
            loop.flush();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!closed) {
            ended();
            close();
        }
        loop.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Mishaps.log(cause);
        if (!closed) {
            ended();
            close();
        }
        loop.flush();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        closed = true;
        loop.remove(this);
        if (unread != null && !reading) {
            unread.release();
            unread = null;
        }
        if (unwritten != null) {
            unwritten.release();
            unwritten = null;
        }
    }

    // Writing.

    /** Where something small is to be written to. */
    final ByteBuf out() {
        if (unwritten == null) {
            unwritten = context.alloc().directBuffer(BUFFER);
        }
        mark();
        return unwritten;
    }

    private void mark() {
        if (!written) {
            written = true;
            loop.written(this);
        }
    }

    /** Behind what {@link #out} got. */
    final void write(ByteBuf piece) {
        if (closed) {
            piece.release();
        } else if (piece.readableBytes() <= COPIED) {
            out().writeBytes(piece);
            piece.release();
            if (unwritten.readableBytes() >= FULL) {
                pass();
            }
        } else {
            pass();
            // Passing may have had everybody flush, for which this is too late.
            mark();
            ChannelFuture _ = context.write(piece, context.voidPromise());
        }
    }

    private void pass() {
        if (unwritten != null && unwritten.isReadable()) {
            ByteBuf out = unwritten;
            unwritten = null;
            ChannelFuture _ = context.write(out, context.voidPromise());
        }
    }

    @Override
    public void flushNow() {
        written = false;
        if (!closed) {
            pass();
            context.flush();
        }
    }

    final boolean isChannelWritable() {
        return !closed && context.channel().isWritable();
    }

    /** Closes when what was written is sent. */
    final void closeGently() {
        if (!closed) {
            pass();
            closed = true;
            loop.remove(this);
            ChannelFuture _ =
                    context.writeAndFlush(context.alloc().buffer(0))
                            .addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Closes at once. */
    final void close() {
        if (!closed) {
            closed = true;
            loop.remove(this);
            ChannelFuture _ = context.close();
        }
    }

    /** Closes so that the other end sees that not all was sent: with a reset. */
    final void closeHard() {
        if (!closed) {
            context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            close();
        }
    }
}
