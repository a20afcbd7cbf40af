package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Failure;
import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.nio.channels.ClosedChannelException;

/**
 * A connection to a server that speaks HTTP/1: one request at a time, and kept for the next.
 *
 * <p>Confined to the loop that has it.
 */
final class Http1Outbound extends Http1Link implements OutboundStream {
    private static final long NEVER = Long.MAX_VALUE;

    private final UpstreamPool pool;
    private final Object place;
    private final ResponseHead head = new ResponseHead();
    private final ResponseReader reader;

    /** Null while it is kept. */
    private Exchange exchange;

    /** Of a WebSocket whose client speaks HTTP/2 and has none. */
    private String key;

    private boolean toHead;
    private boolean requestDone;
    private boolean answered;
    private long idleDeadline = NEVER;
    private ReceiveBuffer buffer;

    Http1Outbound(UpstreamPool pool, Object place, HttpLoop loop, HeadLimits limits) {
        super(loop);
        this.pool = pool;
        this.place = place;
        reader = new ResponseReader(limits, head);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        super.handlerAdded(ctx);
        buffer = ReceiveBuffer.of(ctx.channel());
    }

    Object key() {
        return place;
    }

    /** It is the exchange's from now on. */
    void serve(Exchange user) {
        exchange = user;
        idleDeadline = NEVER;
    }

    /** Has the connection, which nobody else can take any more, moved to another loop. */
    Future<Http1Outbound> moveTo(HttpLoop to) {
        Promise<Http1Outbound> result = to.eventLoop().newPromise();
        loop().eventLoop()
                .execute(
                        () -> {
                            pool.left(this);
                            if (!isUsable() || hasUnread()) {
                                close();
                                result.tryFailure(new ClosedChannelException());
                                return;
                            }
                            idleDeadline = NEVER;
                            loop().remove(this);
                            Channel channel = context().channel();
                            channel.deregister().addListener(_ -> arrive(channel, to, result));
                        });
        return result;
    }

    private void arrive(Channel channel, HttpLoop to, Promise<Http1Outbound> result) {
        loop(to);
        to.eventLoop()
                .register(channel)
                .addListener(
                        done -> {
                            if (done.isSuccess() && isUsable()) {
                                to.add(this);
                                result.trySuccess(this);
                            } else {
                                ChannelFuture _ = channel.close();
                                result.tryFailure(new ClosedChannelException());
                            }
                        });
    }

    boolean isUsable() {
        return !isClosed() && context().channel().isActive();
    }

    // What the exchange tells.

    @Override
    public void request(RequestHead request, boolean last) {
        if (request.isConnect()) {
            connected();
            return;
        }
        toHead = request.isHead();
        answered = false;
        begin(true);
        requestDone = last || request.upgrade != null;
        reader.begin(toHead);
        buffer.begin();
        key = null;
        if (request.upgrade != null
                && request.fields.find(FieldKind.SEC_WEBSOCKET_KEY, 0) < 0
                && request.upgrade.equalsIgnoreCase("websocket")) {
            key = WebSocketKey.fresh();
        }
        framing(Http1Writer.request(out(), request, key));
        thirst();
    }

    /** RFC 9110 section 9.3.6: connected; from now on bytes are passed on as they are. */
    private void connected() {
        tunnel();
        answered = true;
        begin(true);
        reader.begin();
        reader.tunnel();
        head.clear();
        head.status = 200;
        head.phrase = "Connection established";
        exchange.response(head, false);
        thirst();
    }

    @Override
    public void body(ByteBuf piece, boolean last) {
        super.body(piece, last);
        requestDone |= last;
    }

    @Override
    public void end(Fields trailers) {
        super.end(trailers);
        requestDone = true;
    }

    @Override
    public void cancel() {
        exchange = null;
        if (isTunnel()) {
            // What breaks off at one end must not look whole at the other.
            closeHard();
        } else {
            close();
        }
    }

    // What the network tells.

    @Override
    boolean isReady() {
        return exchange == null || isDemanded();
    }

    @Override
    boolean isThirsty() {
        return exchange == null || isDemanded();
    }

    @Override
    boolean step(ByteBuf in) {
        if (exchange == null) {
            if (!in.isReadable()) {
                return false;
            }
            // Nobody asked.
            pool.discard(this);
            close();
            return false;
        }
        switch (reader.next(in)) {
            case MORE -> {
                return false;
            }
            case HEAD -> head();
            case BODY -> {
                ByteBuf piece = reader.body();
                buffer.passed(piece.readableBytes());
                boolean last = reader.isComplete();
                Exchange user = exchange;
                if (last) {
                    release();
                }
                user.responseBody(piece, last);
            }
            case END -> {
                Exchange user = exchange;
                release();
                user.responseEnd(reader.trailers());
            }
            case REFUSED -> fail(Failure.PROTOCOL, Reason.UPSTREAM_PROTOCOL, false);
        }
        return true;
    }

    private void head() {
        if (head.isInformational()) {
            exchange.informational(head);
            reader.begin(toHead);
            return;
        }
        answered = true;
        if (head.status == 101 && !isAgreed()) {
            fail(Failure.PROTOCOL, Reason.UPSTREAM_PROTOCOL, false);
            return;
        }
        if (head.status == 101) {
            requestDone = false;
            tunnel();
        }
        boolean last = reader.isComplete();
        Exchange user = exchange;
        if (last) {
            release();
        }
        user.response(head, last);
    }

    /** Whether the server has switched to what it was asked to. */
    private boolean isAgreed() {
        String wanted = exchange.request().upgrade;
        if (wanted == null || head.upgrade == null) {
            return false;
        }
        return key == null
                || WebSocketKey.accept(key)
                        .equals(head.fields.value(FieldKind.SEC_WEBSOCKET_ACCEPT.text()));
    }

    /** The answer is whole: what becomes of the connection. */
    private void release() {
        if (isTunnel()) {
            return;
        }
        exchange = null;
        if (requestDone && head.keepAlive && isUsable() && !hasMore()) {
            idleDeadline = loop().tick() + pool.idleNanos();
            pool.put(loop(), this);
        } else {
            closeGently();
        }
    }

    /** Whether the server has said more than it was asked. */
    private boolean hasMore() {
        return hasUnread();
    }

    private void fail(Failure failure, Reason reason, boolean untouched) {
        Exchange user = exchange;
        exchange = null;
        close();
        if (user != null) {
            user.serverFailed(failure, reason, untouched);
        }
    }

    @Override
    void ended() {
        if (exchange == null) {
            pool.discard(this);
            close();
            return;
        }
        if (answered && reader.close() == MessageReader.Event.END) {
            Exchange user = exchange;
            if (!isTunnel()) {
                exchange = null;
                close();
            }
            user.responseEnd(null);
        } else {
            fail(Failure.CLOSED, Reason.UPSTREAM_CLOSED, false);
        }
    }

    @Override
    boolean outlastsEnd() {
        return exchange != null;
    }

    @Override
    void broken() {
        if (exchange == null) {
            ended();
        } else {
            fail(Failure.CLOSED, Reason.UPSTREAM_CLOSED, false);
        }
    }

    @Override
    void writable(boolean now) {
        if (exchange != null) {
            exchange.serverWritable(now);
        }
    }

    @Override
    public void sweep(long nowNanos) {
        if (exchange == null && nowNanos >= idleDeadline) {
            pool.discard(this);
            closeGently();
        }
    }

    @Override
    public void drain() {
        if (exchange == null) {
            pool.discard(this);
            closeGently();
        }
    }
}
