package io.culvert.gateway.http;

import io.culvert.linux.TcpInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;

/**
 * Whether a client takes what is written for it. It is waited for as long as something is left that
 * the kernel has no room for, and what it takes is what its TCP has acknowledged: the kernel's own
 * buffer would hide a client that takes a few bytes now and then, or make much of them.
 *
 * <p>A connection that is none of TCP is the gateway's own, and is not looked at.
 *
 * <p>Confined to its loop.
 */
final class Uptake {
    private final Pace pace;
    private final TcpInfo info;

    /**
     * @param info for whoever asks on the same thread
     */
    Uptake(MinimumRate least, TcpInfo info) {
        pace = new Pace(least);
        this.info = info;
    }

    boolean isTooSlow(Channel client, long nowNanos) {
        ChannelOutboundBuffer unsent = client.unsafe().outboundBuffer();
        if (unsent == null || unsent.isEmpty() || !(client instanceof EpollSocketChannel tcp)) {
            pace.rest();
            return false;
        }
        return pace.isTooSlow(nowNanos, () -> acknowledged(tcp));
    }

    /** What is over is not slow. */
    private long acknowledged(EpollSocketChannel tcp) {
        return info.read(tcp.fd().intValue()) ? info.bytesAcked() : Long.MAX_VALUE / 2;
    }
}
