package io.culvert.gateway.tls;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

import java.net.InetSocketAddress;

/**
 * Where an inspected connection goes. It is asked for its certificate once in a while, so that the
 * minted one has the same names and ends no later.
 *
 * <p>Threading: called on the loop of the client's channel.
 */
public interface InspectTarget {
    InetSocketAddress address();

    /**
     * Opens a connection to it, the way that the flow would take, for a handshake and nothing else;
     * it is closed right after.
     *
     * @return a connected channel of that loop, without autoRead and without TLS; a failure where
     *     there is none to be had, and the certificate is then minted for the client's word alone
     */
    Future<Channel> connect(EventLoop loop);
}
