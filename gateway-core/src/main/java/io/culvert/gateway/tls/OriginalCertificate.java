package io.culvert.gateway.tls;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Asks an inspected connection's target for its certificate. One that is not believed is none: what
 * is minted is for every client of that name, and a target that only says so must not decide which
 * names those are.
 *
 * <p>Threading: the loop of the connection.
 */
final class OriginalCertificate {
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final Promise<Optional<X509Certificate>> found;

    private OriginalCertificate(EventLoop loop) {
        found = loop.newPromise();
    }

    /** The certificate, or empty; never a failure. */
    static Future<Optional<X509Certificate>> ask(
            InspectTarget target, Optional<String> serverName, ClientTls tls, EventLoop loop) {
        OriginalCertificate asked = new OriginalCertificate(loop);
        ScheduledFuture<?> patience =
                loop.schedule(asked::nothing, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        asked.found.addListener(_ -> patience.cancel(false));
        String host = serverName.orElse(target.address().getAddress().getHostAddress());
        try {
            var _ =
                    target.connect(loop)
                            .addListener(
                                    (Future<Channel> connected) -> {
                                        if (connected.isSuccess()) {
                                            asked.handshake(
                                                    connected.getNow(),
                                                    host,
                                                    target.address().getPort(),
                                                    tls);
                                        } else {
                                            asked.nothing();
                                        }
                                    });
        } catch (RuntimeException e) {
            asked.nothing();
        }
        return asked.found;
    }

    private void nothing() {
        found.trySuccess(Optional.empty());
    }

    private void handshake(Channel channel, String host, int port, ClientTls tls) {
        found.addListener(
                _ -> {
                    var _ = channel.close();
                });
        channel.closeFuture().addListener(_ -> nothing());
        if (found.isDone()) {
            return;
        }
        SslHandler handler = tls.newHandler(channel.alloc(), host, port, List.of());
        channel.pipeline().addFirst(handler).addLast(new Unheard());
        handler.handshakeFuture()
                .addListener(
                        done -> {
                            if (done.isSuccess()) {
                                found.trySuccess(
                                        PeerCertificate.of(handler.engine().getSession())
                                                .map(PeerCertificate::certificate));
                            } else {
                                nothing();
                            }
                        });
        channel.read();
    }

    /** Wants nothing of the target but its certificate. */
    private static final class Unheard extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // The handshake's future says it.
            var _ = context.close();
        }
    }
}
