package io.culvert.gateway.upstream;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

/**
 * Connects to servers.
 *
 * <p>Threading: to be called on the loop that is to have the connection.
 */
@FunctionalInterface
public interface Connector {
    /**
     * Connects.
     *
     * @return completes on that loop: a connected channel that does not read by itself yet ({@code
     *     autoRead} is off), with the PROXY protocol's header sent and the TLS handshake done where
     *     the member has them; what ALPN chose is in its {@code SslHandler}. Fails with a {@link
     *     NotConnectedException}. May be cancelled
     */
    Future<Channel> connect(EventLoop loop, Member member, ClientFacts facts);

    /** The same for what HTTP/1 alone can be asked: no other is offered by ALPN. */
    default Future<Channel> connectHttp1(EventLoop loop, Member member, ClientFacts facts) {
        return connect(loop, member, facts);
    }
}
