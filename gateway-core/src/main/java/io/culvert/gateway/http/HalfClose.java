package io.culvert.gateway.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DuplexChannel;

/** Ends one direction of a connection behind all that was written to it. */
final class HalfClose {
    private HalfClose() {}

    /** Flushes, and has the other end read the end once it has read the rest. */
    static void of(Channel channel) {
        // At once, it would be instead of what the socket had no room for yet.
        ChannelFuture _ =
                channel.writeAndFlush(Unpooled.EMPTY_BUFFER)
                        .addListener(
                                _ -> {
                                    ChannelFuture _ = ((DuplexChannel) channel).shutdownOutput();
                                });
    }
}
