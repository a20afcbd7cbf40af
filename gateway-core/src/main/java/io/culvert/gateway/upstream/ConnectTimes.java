package io.culvert.gateway.upstream;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;

/**
 * How long it took to connect to a server.
 *
 * @param dialNanos until the TCP connection was there, whichever address it was that answered
 * @param tlsNanos for the TLS handshake behind it; negative where there was none
 */
public record ConnectTimes(long dialNanos, long tlsNanos) {
    private static final AttributeKey<ConnectTimes> KEY =
            AttributeKey.valueOf(ConnectTimes.class, "times");

    /** Of a channel that a {@link Connector} has connected; null where nobody has said. */
    public static ConnectTimes of(Channel channel) {
        return channel.attr(KEY).get();
    }

    void note(Channel channel) {
        channel.attr(KEY).set(this);
    }
}
