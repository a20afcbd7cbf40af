package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;

/**
 * A connection that speaks HTTP/1: what was read and is not understood yet, what was written and
 * not flushed yet, and how the body that goes out is framed.
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
    private boolean tunnel;

    /** The other end has ended what it sends, and not all of that was taken. */
    private boolean ending;

    /** There is no connection any more. */
    private boolean gone;

    private Http1Writer.Body body = Http1Writer.Body.NONE;

    /** Whether the exchange takes more of the body that comes in. */
    private boolean demand;

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

    /** Whether HTTP has ended, and bytes are passed on as they are. */
    final boolean isTunnel() {
        return tunnel;
    }

    /** HTTP ends, and each side by itself. */
    final void tunnel() {
        tunnel = true;
        body = Http1Writer.Body.PLAIN;
        context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }

    // Reading.

    /** Whether the next event of what was read may be taken now. */
    abstract boolean isReady();

    /** Takes one event; whether there was one. */
    abstract boolean step(ByteBuf in);

    /** Whether more is to be read from the network now. */
    abstract boolean isThirsty();

    /** The other end has closed its side, or all; what it sent before was taken. */
    abstract void ended();

    /** Whether what was read is of use though its end has come. */
    abstract boolean outlastsEnd();

    /** The connection is no more, and what was coming has no end. */
    abstract void broken();

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
        if (closed || !hasUnread()) {
            releaseUnread();
        }
        if (ending && unread == null) {
            ending = false;
            end();
        }
        thirst();
    }

    private void releaseUnread() {
        if (unread != null) {
            unread.release();
            unread = null;
        }
    }

    /** Nothing more comes: that is told behind what has come. */
    private void end() {
        if (closed) {
            return;
        }
        if (hasUnread() && outlastsEnd()) {
            ending = true;
            return;
        }
        ended();
        if (gone) {
            close();
        }
    }

    final void thirst() {
        if (!closed && !reading && !gone) {
            boolean now = isThirsty();
            if (context.channel().config().isAutoRead() != now) {
                context.channel().config().setAutoRead(now);
            }
        }
    }

    final boolean isDemanded() {
        return demand;
    }

    /** A message begins; nothing of it is looked at before something else has it be. */
    final void begin(boolean wanted) {
        demand = wanted;
    }

    public final void demand(boolean on) {
        if (demand != on) {
            demand = on;
            if (on) {
                take();
            } else {
                thirst();
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
            end();
            loop.flush();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        gone = true;
        end();
        loop.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Mishaps.log(cause);
        if (!closed) {
            broken();
            close();
        }
        loop.flush();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        gone = true;
        if (!ending) {
            closed = true;
            loop.remove(this);
            if (!reading) {
                releaseUnread();
            }
        }
        if (unwritten != null) {
            unwritten.release();
            unwritten = null;
        }
    }

    // Writing.

    /** A head was written, whose body is framed so. */
    final void framing(Http1Writer.Body framing) {
        body = framing;
    }

    final boolean isChunked() {
        return body == Http1Writer.Body.CHUNKED;
    }

    /**
     * @param piece becomes the connection's to release
     */
    public void body(ByteBuf piece, boolean last) {
        if (closed || body == Http1Writer.Body.NONE) {
            piece.release();
        } else if (body == Http1Writer.Body.PLAIN) {
            write(piece);
        } else {
            chunk(piece, last);
        }
    }

    private void chunk(ByteBuf piece, boolean last) {
        if (piece.isReadable()) {
            Http1Writer.chunk(out(), piece.readableBytes());
            write(piece);
            Http1Writer.chunkEnd(out());
        } else {
            piece.release();
        }
        if (last) {
            Http1Writer.lastChunk(out(), null);
        }
    }

    /** The body ends, with trailers or null; a tunnel does so for this direction alone. */
    public void end(Fields trailers) {
        if (closed) {
            return;
        }
        if (tunnel) {
            shutdownOutput();
        } else if (body == Http1Writer.Body.CHUNKED) {
            Http1Writer.lastChunk(out(), trailers);
        }
    }

    /** Nothing more is sent. */
    final void shutdownOutput() {
        flushNow();
        HalfClose.of(context.channel());
    }

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
            // Behind that: what was passed may have filled the channel, and everybody been flushed.
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

    public final boolean isWritable() {
        return !closed && context.channel().isWritable();
    }

    /** Closes when what was written is sent. */
    final void closeGently() {
        if (!closed) {
            pass();
            closed = true;
            loop.remove(this);
            ChannelFuture sent = context.writeAndFlush(context.alloc().buffer(0));
            sent.addListener(ChannelFutureListener.CLOSE);
            if (!sent.isDone()) {
                leavesUnsent(context.channel());
            }
        }
    }

    /** The other end has yet to take the rest. */
    void leavesUnsent(Channel channel) {}

    /** Closes at once. */
    final void close() {
        if (!closed) {
            closed = true;
            loop.remove(this);
            if (gone && !reading) {
                releaseUnread();
            }
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
