package io.culvert.gateway;

import io.culvert.hook.Reason;
import io.culvert.upgrade.DatagramTakeover;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.TakenDatagrams;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;

import java.nio.ByteBuffer;

/**
 * Gives a UDP flow's datagrams to the HTTP proxy, as QUIC.
 *
 * <p>Confined to the worker that owns the flow, but for {@link #state}.
 */
final class Http3Takeover implements DatagramTakeover {
    private final WebHandlers handlers;
    private final WebHandlers.WebFlow flow;
    private final Poller poller;
    private final ByteBuffer scratch;
    private FlowChannel channel;

    /**
     * @param scratch of the worker's
     */
    Http3Takeover(
            WebHandlers handlers, WebHandlers.WebFlow flow, Poller poller, ByteBuffer scratch) {
        this.handlers = handlers;
        this.flow = flow;
        this.poller = poller;
        this.scratch = scratch;
    }

    @Override
    public void take(TakenDatagrams taken) {
        channel =
                new FlowChannel(
                        taken,
                        WebAccess.address(flow.info().initiator()),
                        WebAccess.address(flow.info().target()),
                        scratch);
        EventLoop loop = poller.loop();
        if (loop.register(channel).isSuccess()) {
            handlers.accept(channel, flow, taken.largestPayload());
        } else {
            taken.leave(Reason.HANDLER_FAILED);
        }
    }

    @Override
    public void datagrams(ByteBuffer bytes, int offset, int length, int segmentSize) {
        channel.datagrams(bytes, offset, length, segmentSize);
    }

    @Override
    public void ended() {
        ChannelFuture _ = channel.close();
    }

    @Override
    public String state() {
        return "http";
    }
}
