package io.culvert.gateway.tls;

import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.culvert.gateway.tls.TlsFigures.Side;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicSslEngine;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;

import java.util.Optional;

/**
 * Ends the TLS of QUIC connections (RFC 9001) with the operator's certificates: those in force when
 * one begins. {@code h3} is offered and nothing else.
 *
 * <p>Signatures are made by the library, on the connection's loop.
 *
 * <p>Threading: any.
 */
public final class QuicTls {
    private final LiveServerTls server;
    private final TlsFigures figures;

    QuicTls(LiveServerTls server, TlsFigures figures) {
        this.server = server;
        this.figures = figures;
    }

    /**
     * Why QUIC cannot be spoken on this machine; empty where it can. Loads the library the first
     * time.
     */
    public static Optional<String> obstacle() {
        return Quic.isAvailable()
                ? Optional.empty()
                : Optional.of(String.valueOf(Quic.unavailabilityCause().getMessage()));
    }

    /**
     * For one connection.
     *
     * @throws IllegalStateException if there is no certificate any more
     */
    public QuicSslEngine engine(ByteBufAllocator allocator) {
        return server.generation().quic().engine(allocator);
    }

    /** Counts the handshake of one connection, to whose pipeline it is added. */
    public ChannelHandler counter() {
        return new Counter();
    }

    private final class Counter extends ChannelInboundHandlerAdapter {
        private boolean counted;

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event)
                throws Exception {
            if (event instanceof SslHandshakeCompletionEvent done) {
                count(done.isSuccess() ? Handshake.TLS13 : HandshakeFailure.of(done.cause()));
            }
            super.userEventTriggered(context, event);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) throws Exception {
            count(Handshake.CLOSED);
            super.channelInactive(context);
        }

        private void count(Handshake outcome) {
            if (!counted) {
                counted = true;
                figures.count(Side.SERVER, outcome);
            }
        }
    }
}
