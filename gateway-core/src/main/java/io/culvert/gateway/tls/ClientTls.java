package io.culvert.gateway.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;

import java.util.List;

/**
 * Begins TLS towards a server and, unless it was configured not to, believes only a certificate
 * that a trusted authority signed for the server's name.
 *
 * <p>Threading: any; a handler is for one channel, whose loop it does not block.
 */
public interface ClientTls {
    /**
     * A handler for the front of a connected channel's pipeline. It begins the handshake as soon as
     * it is there; {@link SslHandler#handshakeFuture} tells what came of it.
     *
     * @param host the name or address that was dialed: the name in the ClientHello and the one that
     *     is verified, unless the configuration has another
     * @param port that was dialed; with the host the key of sessions that may be resumed
     * @param alpn protocols in order of preference, such as {@code h2}; empty for none
     */
    SslHandler newHandler(ByteBufAllocator allocator, String host, int port, List<String> alpn);
}
