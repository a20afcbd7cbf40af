package io.culvert.gateway.tls;

import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.culvert.gateway.tls.TlsFigures.Side;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslClientHelloHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.util.concurrent.Future;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Reads a ClientHello, and gives way to what is right for it.
 *
 * <p>Threading: its channel's loop.
 */
final class HelloHandler extends SslClientHelloHandler<HelloHandler.Choice> {
    /** What is in the pipeline afterwards is found by that name. */
    static final String NAME = "tls";

    /** Longer than any of a browser, with keys that withstand quantum computers. */
    private static final int LONGEST = 64 << 10;

    private final Choosing choosing;
    private final Terms terms;
    private Future<?> timeout;
    private long begunNanos;
    private boolean counted;

    /** What is right for a client. */
    sealed interface Choice {
        /**
         * TLS ends here.
         *
         * @param context held for whoever is given the choice
         */
        record End(SharedContext context, Ending ending) implements Choice {}

        /** It does not. */
        record Pass(String serverName) implements Choice {}
    }

    /** Chooses. */
    @FunctionalInterface
    interface Choosing {
        Future<Choice> choose(ChannelHandlerContext context, ClientOffer offer);
    }

    /** Told of a handshake that went by a choice, and that the client did not want to end. */
    @FunctionalInterface
    interface Ending {
        /** Nobody needs to be told more than the figures. */
        Ending NONE = alert -> {};

        /**
         * It has sent an alert.
         *
         * @param alert as RFC 8446, section 6, names it
         */
        void refused(String alert);
    }

    /**
     * What holds for every handshake.
     *
     * @param tasks runs what would take a loop too long
     */
    record Terms(Duration timeout, Executor tasks, TlsFigures figures) {}

    HelloHandler(Choosing choosing, Terms terms) {
        super(LONGEST);
        this.choosing = choosing;
        this.terms = terms;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        if (context.channel().isActive()) {
            begin(context);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) throws Exception {
        begin(context);
        super.channelActive(context);
    }

    private void begin(ChannelHandlerContext context) {
        if (timeout != null) {
            return;
        }
        begunNanos = context.executor().ticker().nanoTime();
        timeout =
                context.executor()
                        .schedule(
                                () -> tooLate(context),
                                terms.timeout().toNanos(),
                                TimeUnit.NANOSECONDS);
    }

    private void tooLate(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
            fail(
                    context,
                    new SslHandshakeTimeoutException(
                            "no whole ClientHello came within "
                                    + terms.timeout().toMillis()
                                    + " ms"));
        }
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) throws Exception {
        if (timeout != null) {
            timeout.cancel(false);
        }
        super.handlerRemoved0(context);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        if (timeout != null) {
            timeout.cancel(false);
        }
        count(Handshake.CLOSED);
        super.channelInactive(context);
    }

    /** Of one connection once. */
    private void count(Handshake outcome) {
        if (!counted) {
            counted = true;
            terms.figures().count(Side.SERVER, outcome);
        }
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
            throws Exception {
        try {
            super.decode(context, in, out);
        } catch (NotSslRecordException | TooLongFrameException wrong) {
            // It has told the pipeline and closed the channel.
            count(HandshakeFailure.of(wrong));
            throw wrong;
        }
    }

    @Override
    protected Future<Choice> lookup(ChannelHandlerContext context, ByteBuf hello) {
        ClientOffer offer = hello == null ? ClientOffer.UNKNOWN : ClientOffer.of(hello);
        return choosing.choose(context, offer);
    }

    @Override
    protected void onLookupComplete(ChannelHandlerContext context, Future<Choice> chosen) {
        if (!chosen.isSuccess()) {
            fail(context, chosen.cause());
            return;
        }
        switch (chosen.getNow()) {
            case Choice.Pass(String serverName) -> {
                if (!context.isRemoved()) {
                    terms.figures().letPass();
                    context.fireUserEventTriggered(new ServerTls.Passed(serverName));
                    context.pipeline().remove(this);
                }
            }
            case Choice.End end -> {
                try {
                    if (!context.isRemoved() && context.channel().isActive()) {
                        install(context, end);
                    }
                } finally {
                    end.context().release();
                }
            }
        }
    }

    private void install(ChannelHandlerContext context, Choice.End end) {
        SslHandler handler = end.context().newHandler(context.alloc(), terms.tasks());
        long spent = context.executor().ticker().nanoTime() - begunNanos;
        long left = terms.timeout().toNanos() - spent;
        handler.setHandshakeTimeoutMillis(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
        PlainAlert alert = new PlainAlert();
        Handshakes.watchServer(handler, alert, terms.figures(), end.ending());
        ChannelPipeline pipeline = context.pipeline();
        handler.handshakeFuture()
                .addListener(
                        _ -> {
                            if (pipeline.context(alert) != null) {
                                pipeline.remove(alert);
                            }
                        });
        pipeline.addBefore(context.name(), null, alert);
        pipeline.replace(this, NAME, handler);
    }

    private void fail(ChannelHandlerContext context, Throwable cause) {
        count(HandshakeFailure.of(cause));
        context.fireUserEventTriggered(new SslHandshakeCompletionEvent(cause));
        var _ = context.close();
    }
}
