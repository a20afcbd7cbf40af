package io.culvert.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollSocketChannel;

/**
 * How much of an answer waits for a client that takes it slowly, or not at all. What the kernel has
 * sent and awaits the acknowledgment of does not count, so that a long way is filled as ever.
 */
final class Backlog {
    /**
     * Bytes that the kernel has not sent yet (TCP_NOTSENT_LOWAT, tcp(7)). Its send buffer would
     * grow to megabytes, which are the whole machine's: with two thousand slow readers the kernel
     * came to the limit of its memory for TCP, and everybody's connections stood still.
     */
    private static final int KERNEL = 32 * 1024;

    private Backlog() {}

    static void bound(Channel client) {
        if (client instanceof EpollSocketChannel tcp) {
            tcp.config().setTcpNotSentLowAt(KERNEL);
        }
    }
}
