package io.culvert.gateway.tls;

import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.culvert.gateway.tls.TlsFigures.Side;
import io.netty.handler.ssl.SslHandler;

/** Counts what becomes of handshakes. */
final class Handshakes {
    private Handshakes() {}

    /** Of one that the gateway begins. */
    static void watchClient(SslHandler handler, TlsFigures figures) {
        var _ =
                handler.handshakeFuture()
                        .addListener(
                                done ->
                                        figures.count(
                                                Side.CLIENT,
                                                done.isSuccess()
                                                        ? version(handler)
                                                        : HandshakeFailure.of(done.cause())));
    }

    /**
     * Of one that a client begins.
     *
     * @param alert in front of the handler
     */
    static void watchServer(
            SslHandler handler, PlainAlert alert, TlsFigures figures, HelloHandler.Ending ending) {
        var _ =
                handler.handshakeFuture()
                        .addListener(
                                done -> {
                                    if (done.isSuccess()) {
                                        figures.count(Side.SERVER, version(handler));
                                    } else {
                                        failed(done.cause(), alert, figures, ending);
                                    }
                                });
    }

    private static void failed(
            Throwable cause, PlainAlert alert, TlsFigures figures, HelloHandler.Ending ending) {
        HandshakeFailure.alert(cause)
                .or(alert::name)
                .ifPresentOrElse(
                        said -> {
                            figures.count(Side.SERVER, Handshake.ALERT);
                            ending.refused(said);
                        },
                        () -> figures.count(Side.SERVER, HandshakeFailure.of(cause)));
    }

    private static Handshake version(SslHandler handler) {
        return "TLSv1.3".equals(handler.engine().getSession().getProtocol())
                ? Handshake.TLS13
                : Handshake.TLS12;
    }
}
