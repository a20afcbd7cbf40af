package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.DefaultHttp3Headers;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.Http3DataFrame;
import io.netty.handler.codec.http3.Http3ErrorCode;
import io.netty.handler.codec.http3.Http3Exception;
import io.netty.handler.codec.http3.Http3Headers;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.http3.Http3HeadersValidationException;
import io.netty.handler.codec.quic.QuicException;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.ReferenceCountUtil;

import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Map;

/**
 * A request's stream on a client's connection of HTTP/3.
 *
 * <p>While the server takes no more the stream is not read, so that its window stays shut; what had
 * been read by then waits here.
 *
 * <p>Confined to its loop.
 */
final class Http3InboundStream extends ChannelInboundHandlerAdapter implements InboundStream {
    /** RFC 9114 section 4.2.2: what a field counts besides its name and value. */
    private static final int FIELD_OVERHEAD = 32;

    private final Http3Inbound link;
    private final QuicStreamChannel channel;
    private final RequestHead head = new RequestHead();
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
    private final ChannelFutureListener written = this::written;

    /** Null before it begins, and once it is over. */
    private Exchange exchange;

    private ChannelFuture last;
    private boolean headed;
    private boolean begun;
    private boolean demand;
    private boolean ends;
    private boolean ended;
    private boolean sent;
    private boolean closed;
    private Fields trailers;

    Http3InboundStream(Http3Inbound link, QuicStreamChannel channel) {
        this.link = link;
        this.channel = channel;
        head.scheme = "https";
    }

    // What the client sends.

    @Override
    public void channelRead(ChannelHandlerContext context, Object frame) {
        switch (frame) {
            case Http3HeadersFrame fields when headed -> trailers(fields.headers());
            case Http3HeadersFrame fields -> head(fields.headers());
            case Http3DataFrame data -> data(data.content());
            default -> {
                ReferenceCountUtil.release(frame);
                link.controlFrame();
            }
        }
    }

    private void head(Http3Headers headers) {
        headed = true;
        exchange = new Exchange(link.proxy(), link.loop(), link.flow(), this, head);
        int limit = link.proxy().settings().headerCount();
        Reason wrong =
                size(headers) > link.proxy().settings().headerBytes()
                        ? Reason.HTTP_FIELDS_TOO_LONG
                        : Http2Heads.request(headers, false, head, limit);
        if (wrong == Reason.HTTP_FIELDS_TOO_LONG || wrong == Reason.HTTP_HOST) {
            // A request by HTTP/3's grammar, and so to be answered.
            begun = true;
            exchange.refuse(wrong);
        } else if (wrong != null) {
            broken(wrong);
        }
    }

    private static long size(Http3Headers headers) {
        long size = 0;
        for (Map.Entry<CharSequence, CharSequence> field : headers) {
            size += field.getKey().length() + field.getValue().length() + FIELD_OVERHEAD;
        }
        return size;
    }

    private void data(ByteBuf piece) {
        begin(false);
        if (exchange == null || !piece.isReadable()) {
            piece.release();
            return;
        }
        waiting.add(piece);
        deliver();
    }

    private void trailers(Http3Headers headers) {
        begin(false);
        Fields fields = new Fields();
        Reason wrong = Http2Heads.trailers(headers, fields, link.proxy().settings().headerCount());
        if (wrong != null) {
            broken(wrong);
            return;
        }
        trailers = fields.count() == 0 ? null : fields;
        end();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        // What comes with the head says whether there is a body.
        if (headed && (channel.isInputShutdown() || !isBodyUnlikely())) {
            begin(channel.isInputShutdown());
        }
        super.channelReadComplete(context);
        link.loop().flush();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof ChannelInputShutdownEvent) {
            if (headed) {
                begin(true);
                end();
            } else {
                reset(Http3ErrorCode.H3_REQUEST_INCOMPLETE);
            }
            link.loop().flush();
        }
        super.userEventTriggered(context, event);
    }

    /**
     * Whether the stream's end is likely to follow the head at once, in a packet of its own: a
     * server of HTTP/1 is better told that there is no body.
     */
    private boolean isBodyUnlikely() {
        return head.contentLength == RequestHead.UNKNOWN_LENGTH
                && (head.method.equals("GET") || head.method.equals("HEAD"))
                && head.upgrade == null;
    }

    private void begin(boolean whole) {
        if (begun) {
            return;
        }
        begun = true;
        if (exchange == null) {
            return;
        }
        if (whole && head.contentLength > 0) {
            broken(Reason.HTTP_LENGTH_INVALID);
            return;
        }
        if (whole) {
            head.contentLength = 0;
            ended = true;
        }
        demand(false);
        exchange.begin(whole);
    }

    private void end() {
        ends = true;
        deliver();
    }

    private void deliver() {
        while (demand && exchange != null && !waiting.isEmpty()) {
            exchange.requestBody(waiting.poll(), false);
        }
        if (demand && exchange != null && ends && !ended && waiting.isEmpty()) {
            ended = true;
            exchange.requestEnd(trailers);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) throws Exception {
        if (exchange != null) {
            exchange.clientWritable(channel.isWritable());
            link.loop().flush();
        }
        super.channelWritabilityChanged(context);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        gone();
        super.channelInactive(context);
        link.loop().flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        switch (cause) {
            case Http3Exception error when error.errorCode() == Http3ErrorCode.H3_MESSAGE_ERROR ->
                    broken(reason(error));
            case Http3Exception error -> {
                link.failed(error);
                gone();
            }
            case Http3HeadersValidationException error -> broken(reason(error));
            // Of several lengths.
            case IllegalArgumentException _ -> broken(Reason.HTTP_LENGTH_INVALID);
            case QuicException _ -> {
                link.brokenOff();
                gone();
            }
            default -> {
                Mishaps.log(cause);
                gone();
            }
        }
        link.loop().flush();
    }

    /** Netty looks at these before anybody else does. */
    private static Reason reason(Http3Exception error) {
        return says(error, "content-length")
                ? Reason.HTTP_LENGTH_INVALID
                : Reason.HTTP_CONNECTION_FIELD;
    }

    private static Reason reason(Http3HeadersValidationException error) {
        if (says(error, "conflicting")) {
            return Reason.HTTP_HOST;
        }
        return says(error, "pseudo") ? Reason.HTTP_PSEUDO_FIELD : Reason.HTTP_SYNTAX;
    }

    private static boolean says(Exception error, String word) {
        return String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT).contains(word);
    }

    private void written(ChannelFuture done) {
        if (!done.isSuccess()) {
            // The client takes no more of the answer (STOP_SENDING), or the connection is over.
            gone();
            link.loop().flush();
        }
    }

    /** RFC 9114 section 4.1.2: the request is not as it has to be. */
    private void broken(Reason reason) {
        Exchange live = exchange;
        exchange = null;
        if (live != null) {
            live.malformed(reason);
        } else if (!headed) {
            // Its head could not even be read.
            new Exchange(link.proxy(), link.loop(), link.flow(), this, head).malformed(reason);
        }
        headed = true;
        begun = true;
        reset(Http3ErrorCode.H3_MESSAGE_ERROR);
        link.brokenOff();
    }

    /** The client has given the request up, or is gone. */
    void gone() {
        Exchange live = exchange;
        exchange = null;
        if (live != null) {
            live.clientGone(Reason.HTTP_CLIENT_GONE);
        }
        reset(Http3ErrorCode.H3_REQUEST_CANCELLED);
    }

    void sweep(long nowNanos) {
        if (headed) {
            begin(false);
        }
        if (exchange != null) {
            exchange.sweep(nowNanos);
        }
    }

    // What the exchange tells.

    @Override
    public void informational(ResponseHead answer) {
        write(Http2Heads.of(answer, new DefaultHttp3Headers()));
    }

    @Override
    public void head(ResponseHead answer, boolean whole) {
        write(Http2Heads.of(answer, new DefaultHttp3Headers()));
        if (whole) {
            finish();
        }
    }

    @Override
    public void body(ByteBuf piece, boolean whole) {
        last = channel.write(new DefaultHttp3DataFrame(piece)).addListener(written);
        if (whole) {
            finish();
        }
    }

    @Override
    public void end(Fields fields) {
        if (fields != null) {
            write(Http2Heads.of(fields, new DefaultHttp3Headers()));
        }
        finish();
    }

    private void write(Http3Headers headers) {
        last = channel.write(new DefaultHttp3HeadersFrame(headers)).addListener(written);
    }

    /** The stream ends behind what was written, which may have to wait for a window. */
    private void finish() {
        sent = true;
        last.addListener(QuicStreamChannel.SHUTDOWN_OUTPUT);
    }

    @Override
    public boolean isWritable() {
        return channel.isWritable();
    }

    @Override
    public void demand(boolean on) {
        demand = on;
        channel.config().setAutoRead(on);
        deliver();
    }

    @Override
    public void abort(Reason reason) {
        exchange = null;
        reset(Http3ErrorCode.H3_INTERNAL_ERROR);
    }

    @Override
    public void over(boolean requestDone) {
        exchange = null;
        forget();
        if (!sent) {
            reset(Http3ErrorCode.H3_REQUEST_CANCELLED);
            return;
        }
        boolean whole = channel.isInputShutdown();
        if (!whole) {
            // RFC 9114 section 4.1: the rest of the request is not wanted, the answer is whole.
            ChannelFuture _ = channel.shutdownInput(Http3ErrorCode.H3_NO_ERROR.code());
        }
        last.addListener(
                _ -> {
                    if (!whole) {
                        // One that has ended both ways closes by itself.
                        ChannelFuture _ = channel.close();
                    }
                    link.over(this);
                });
    }

    @Override
    public int version() {
        return 3;
    }

    private void reset(Http3ErrorCode error) {
        forget();
        if (!closed) {
            closed = true;
            if (channel.isActive()) {
                ChannelFuture _ = channel.shutdown(error.code());
                ChannelFuture _ = channel.close();
            }
            link.over(this);
        }
    }

    /** Throws away what waits. */
    private void forget() {
        for (ByteBuf piece; (piece = waiting.poll()) != null; ) {
            piece.release();
        }
    }
}
