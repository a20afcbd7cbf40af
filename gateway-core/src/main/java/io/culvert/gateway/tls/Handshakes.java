package io.culvert.gateway.tls;

import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.culvert.gateway.tls.TlsFigures.Side;
import io.netty.handler.ssl.SslHandler;

/** Counts what becomes of handshakes. */
final class Handshakes {
    private Handshakes() {}

    static void watch(
            SslHandler handler, Side side, TlsFigures figures, HelloHandler.Ending ending) {
        var _ =
                handler.handshakeFuture()
                        .addListener(
                                done -> {
                                    if (done.isSuccess()) {
                                        figures.count(side, version(handler));
                                    } else {
                                        figures.count(side, HandshakeFailure.of(done.cause()));
                                        ending.failed(done.cause());
                                    }
                                });
    }

    private static Handshake version(SslHandler handler) {
        return "TLSv1.3".equals(handler.engine().getSession().getProtocol())
                ? Handshake.TLS13
                : Handshake.TLS12;
    }
}
