package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;

import java.util.ArrayDeque;

/**
 * A stream of HTTP/2, on whichever side: what comes on it waits until it is wanted, and its window
 * opens only as it is taken, so that a stream has no more in the gateway than its window.
 *
 * <p>Confined to its loop.
 */
abstract class Http2Half {
    private final Http2Link link;
    private final Http2Stream stream;
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
    private boolean demand;
    private boolean ends;
    private boolean ended;
    private Fields trailers;
    private long sent;

    Http2Half(Http2Link link, Http2Stream stream) {
        this.link = link;
        this.stream = stream;
    }

    final int id() {
        return stream.id();
    }

    final Http2Stream stream() {
        return stream;
    }

    /** So many bytes of a body have gone out. */
    final void sent(int bytes) {
        sent += bytes;
    }

    /** Bytes of a body that have gone out. */
    final long sent() {
        return sent;
    }

    /** Whether the other end's windows hold back what was written. */
    final boolean isHeldBack() {
        return link.isHeldBack(stream);
    }

    /** Whether all that the other end sends has come. */
    final boolean hasAll() {
        return ends;
    }

    /** Whether all that the other end sends has been passed on. */
    final boolean isEnded() {
        return ended;
    }

    /** A piece of the body, which becomes the receiver's to release. */
    abstract void deliver(ByteBuf piece, boolean last);

    abstract void deliverEnd(Fields end);

    /** More, or no more, may be written. */
    abstract void writable(boolean now);

    /** The stream is no more. */
    abstract void closed();

    final int data(ByteBuf data, int padding, boolean last) {
        int length = data.readableBytes();
        ends = last;
        if (demand && waiting.isEmpty()) {
            ended = last;
            if (length > 0 || last) {
                deliver(data.readRetainedSlice(length), last);
            }
            return length + padding;
        }
        if (length > 0) {
            waiting.add(data.readRetainedSlice(length));
        } else if (last && demand) {
            drain();
        }
        return padding;
    }

    /** The stream ends with trailers, or without any. */
    final void finish(Fields fields) {
        ends = true;
        trailers = fields;
        if (demand) {
            drain();
        }
    }

    public final void demand(boolean on) {
        demand = on;
        if (on) {
            drain();
        }
    }

    private void drain() {
        int taken = 0;
        while (demand && !waiting.isEmpty()) {
            ByteBuf piece = waiting.poll();
            taken += piece.readableBytes();
            boolean last = ends && waiting.isEmpty() && trailers == null;
            ended |= last;
            deliver(piece, last);
        }
        consume(taken);
        if (demand && ends && !ended) {
            ended = true;
            deliverEnd(trailers);
        }
    }

    private void consume(int bytes) {
        if (bytes == 0) {
            return;
        }
        try {
            if (link.codec().connection().local().flowController().consumeBytes(stream, bytes)) {
                link.written();
            }
        } catch (Http2Exception e) {
            // The stream was closed meanwhile; its bytes were given back then.
        }
    }

    /** Throws away what waits. */
    final void forget() {
        int left = 0;
        for (ByteBuf piece; (piece = waiting.poll()) != null; ) {
            left += piece.readableBytes();
            piece.release();
        }
        consume(left);
    }

    public final boolean isWritable() {
        return link.isWritable(stream);
    }

    final void writeHeaders(Http2Headers headers, boolean last) {
        ChannelFuture _ =
                link.codec()
                        .encoder()
                        .writeHeaders(
                                link.context(),
                                id(),
                                headers,
                                0,
                                last,
                                link.context().newPromise());
        link.written();
    }

    final void writeData(ByteBuf piece, boolean last) {
        ChannelFuture _ =
                link.codec()
                        .encoder()
                        .writeData(
                                link.context(), id(), piece, 0, last, link.context().newPromise());
        link.written();
    }

    final void writeEnd(Fields fields) {
        if (fields == null) {
            writeData(Unpooled.EMPTY_BUFFER, true);
        } else {
            writeHeaders(Http2Heads.of(fields), true);
        }
    }
}
