package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;

/**
 * A client's connection that ends as soon as the client has taken the rest, which it may do too
 * slowly as well.
 *
 * <p>Confined to its loop.
 */
final class Farewell implements Link {
    private final HttpProxy proxy;
    private final Channel client;
    private final Uptake uptake;

    private Farewell(HttpProxy proxy, Channel client, Uptake uptake) {
        this.proxy = proxy;
        this.client = client;
        this.uptake = uptake;
    }

    /** Looks after a channel until that is closed. */
    static void watch(HttpProxy proxy, HttpLoop loop, Channel client, Uptake uptake) {
        Farewell farewell = new Farewell(proxy, client, uptake);
        loop.add(farewell);
        client.closeFuture().addListener(_ -> loop.remove(farewell));
    }

    @Override
    public void flushNow() {}

    @Override
    public void sweep(long nowNanos) {
        if (uptake.isTooSlow(client, nowNanos)) {
            end(proxy, client);
        }
    }

    /** Ends a connection whose client is too slow, between two requests. */
    static void end(HttpProxy proxy, Channel client) {
        proxy.refused(Reason.HTTP_TOO_SLOW);
        BrokenOff.note(client, Reason.HTTP_TOO_SLOW);
        client.config().setOption(ChannelOption.SO_LINGER, 0);
        ChannelFuture _ = client.close();
    }

    @Override
    public void drain() {}
}
