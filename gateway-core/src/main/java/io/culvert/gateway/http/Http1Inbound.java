package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;

/**
 * A client's connection that speaks HTTP/1, one request at a time: what it sends meanwhile waits,
 * in the kernel as soon as it is more than was read with the request.
 *
 * <p>Confined to its loop.
 */
final class Http1Inbound extends Http1Link implements InboundStream {
    private static final long NEVER = Long.MAX_VALUE;
    private static final byte[] PREFACE = {'P', 'R', 'I', ' '};

    private final HttpProxy proxy;
    private final HttpFlow flow;
    private final RequestHead head = new RequestHead();
    private final RequestReader reader;
    private final Uptake uptake;

    /** The one under way; null while a request is awaited. */
    private Exchange exchange;

    private boolean keepAlive;
    private boolean lingering;
    private boolean idle;
    private boolean fresh = true;
    private long deadline;

    Http1Inbound(HttpProxy proxy, HttpLoop loop, HttpFlow flow, String scheme) {
        super(loop);
        this.proxy = proxy;
        this.flow = flow;
        head.scheme = scheme;
        reader = new RequestReader(proxy.settings().headLimits(), head);
        reader.begin();
        uptake = new Uptake(proxy.settings().minimumRate(), loop.tcpInfo());
        deadline = loop.now() + proxy.settings().headerTimeout().toNanos();
    }

    @Override
    boolean isReady() {
        return lingering || exchange == null || (isDemanded() && !reader.isComplete());
    }

    @Override
    boolean isThirsty() {
        if (lingering || exchange == null) {
            return true;
        }
        // Behind a whole request it reads to learn that the client has gone.
        return reader.isComplete() ? !hasUnread() : isDemanded();
    }

    @Override
    boolean step(ByteBuf in) {
        if (lingering) {
            in.skipBytes(in.readableBytes());
            return false;
        }
        if (fresh && isPreface(in)) {
            return false;
        }
        switch (reader.next(in)) {
            case MORE -> {
                if (idle && (!reader.isAtStart() || in.isReadable())) {
                    idle = false;
                    deadline = loop().now() + proxy.settings().headerTimeout().toNanos();
                }
                return false;
            }
            case HEAD -> {
                deadline = NEVER;
                idle = false;
                begin(false);
                keepAlive = head.keepAlive;
                exchange = new Exchange(proxy, loop(), flow, this, head);
                exchange.begin(reader.isComplete());
            }
            case BODY -> exchange.requestBody(reader.body(), reader.isComplete());
            case END -> exchange.requestEnd(reader.trailers());
            case REFUSED -> refuse(reader.reason());
        }
        return true;
    }

    /**
     * RFC 9113 section 3.4: whoever knows that HTTP/2 is spoken here begins with {@code PRI}.
     *
     * @return whether it is that, or may be
     */
    private boolean isPreface(ByteBuf in) {
        int length = Math.min(in.readableBytes(), PREFACE.length);
        for (int i = 0; i < length; i++) {
            if (in.getByte(in.readerIndex() + i) != PREFACE[i]) {
                fresh = false;
                return false;
            }
        }
        if (length == PREFACE.length) {
            fresh = false;
            Channel channel = context().channel();
            ByteBuf all = in.readRetainedSlice(in.readableBytes());
            proxy.http2(channel, loop(), flow, head.scheme);
            ChannelHandlerContext here = context();
            here.fireChannelRead(all);
            here.fireChannelReadComplete();
            channel.pipeline().remove(this);
        }
        return true;
    }

    private void refuse(Reason reason) {
        keepAlive = false;
        if (exchange == null) {
            deadline = NEVER;
            exchange = new Exchange(proxy, loop(), flow, this, head);
            exchange.refuse(reason);
        } else {
            exchange.requestBroken(reason);
        }
    }

    // What the exchange tells.

    @Override
    public void informational(ResponseHead answer) {
        Http1Writer.informational(out(), answer);
    }

    @Override
    public void head(ResponseHead answer, boolean last) {
        boolean switched = answer.status == 101 || (head.isConnect() && answer.status / 100 == 2);
        if ((!reader.isComplete() && !switched) || loop().isDraining()) {
            // What is left of the request is not awaited.
            keepAlive = false;
        }
        framing(Http1Writer.response(out(), answer, head.minorVersion, keepAlive, switched));
        if (switched) {
            tunnel();
            reader.tunnel();
        } else if (answer.contentLength < 0 && !answer.bodiless && !isChunked()) {
            keepAlive = false;
        }
    }

    @Override
    public void abort(Reason reason) {
        exchange = null;
        BrokenOff.note(context().channel(), reason);
        closeHard();
    }

    @Override
    public void over(boolean requestDone) {
        exchange = null;
        if (isClosed()) {
            return;
        }
        if (isTunnel()) {
            closeGently();
        } else if (keepAlive && requestDone) {
            idle = true;
            reader.begin();
            deadline = loop().tick() + proxy.settings().idleTimeout().toNanos();
            take();
        } else if (requestDone && !hasUnread()) {
            closeGently();
        } else {
            linger();
        }
    }

    /**
     * RFC 9112 section 9.6: closed at once, the kernel would answer what the client still sends
     * with a reset, and that would take the answer from it.
     */
    private void linger() {
        lingering = true;
        deadline = loop().now() + Lingering.NANOS;
        context().channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        shutdownOutput();
        take();
    }

    @Override
    public boolean maySend() {
        return true;
    }

    @Override
    public int version() {
        return 1;
    }

    // What the network tells.

    @Override
    void ended() {
        if (lingering) {
            close();
        } else if (exchange == null) {
            closeGently();
        } else if (isTunnel()) {
            exchange.requestEnd(null);
        } else {
            Exchange gone = exchange;
            keepAlive = false;
            gone.clientGone(Reason.HTTP_CLIENT_GONE);
            close();
        }
    }

    @Override
    boolean outlastsEnd() {
        return exchange != null && isTunnel();
    }

    @Override
    void broken() {
        if (exchange != null && isTunnel()) {
            exchange.clientGone(Reason.HTTP_CLIENT_GONE);
        } else {
            ended();
        }
    }

    @Override
    void writable(boolean now) {
        if (exchange != null) {
            exchange.clientWritable(now);
        }
    }

    @Override
    public void sweep(long nowNanos) {
        if (uptake.isTooSlow(context().channel(), nowNanos)) {
            tooSlow();
        } else if (exchange != null) {
            exchange.sweep(nowNanos);
        } else if (nowNanos >= deadline) {
            if (lingering || idle || (reader.isAtStart() && !hasUnread())) {
                closeGently();
            } else {
                refuse(Reason.HTTP_TIMEOUT);
            }
        }
    }

    private void tooSlow() {
        if (exchange == null) {
            proxy.refused(Reason.HTTP_TOO_SLOW);
            abort(Reason.HTTP_TOO_SLOW);
        } else {
            exchange.tooSlow();
        }
    }

    @Override
    void leavesUnsent(Channel channel) {
        Farewell.watch(proxy, loop(), channel, uptake);
    }

    @Override
    public void drain() {
        if (exchange == null && reader.isAtStart() && !hasUnread()) {
            closeGently();
        } else {
            keepAlive = false;
        }
    }
}
