package io.culvert.gateway;

import io.culvert.hook.Reason;
import io.culvert.upgrade.TakenDatagrams;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.netty.util.ReferenceCountUtil;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;

/**
 * A UDP flow's datagrams as a Netty channel on the worker's own loop, without a socket: what the
 * initiator sends is read as {@link DatagramPacket}s from it to the target, and what is written
 * goes to the initiator in the target's name, whatever address the packet says. A {@link
 * SegmentedDatagramPacket} leaves as one super-packet. The channel takes what is written at once.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class FlowChannel extends AbstractChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);

    private final ChannelConfig config = new DefaultChannelConfig(this);
    private final TakenDatagrams flow;
    private final InetSocketAddress initiator;
    private final InetSocketAddress target;
    private final ByteBuffer scratch;
    private boolean open = true;
    private boolean completing;

    /**
     * @param scratch direct, and nobody's between two calls
     */
    FlowChannel(
            TakenDatagrams flow,
            InetSocketAddress initiator,
            InetSocketAddress target,
            ByteBuffer scratch) {
        super(null);
        this.flow = flow;
        this.initiator = initiator;
        this.target = target;
        this.scratch = scratch;
    }

    /** Datagrams have come, each of so many bytes but for the last. */
    void datagrams(ByteBuffer bytes, int offset, int length, int segmentSize) {
        int step = Math.max(1, segmentSize);
        for (int at = 0; at < length && open; at += step) {
            int size = Math.min(step, length - at);
            ByteBuf copy = alloc().directBuffer(size);
            copy.writeBytes(bytes.slice(offset + at, size));
            pipeline().fireChannelRead(new DatagramPacket(copy, target, initiator));
        }
        // Those that come together are answered together.
        if (!completing && open) {
            completing = true;
            eventLoop().execute(this::readComplete);
        }
    }

    private void readComplete() {
        completing = false;
        pipeline().fireChannelReadComplete();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        for (Object message = out.current(); message != null; message = out.current()) {
            DatagramPacket packet = (DatagramPacket) message;
            ByteBuf content = packet.content();
            int length = content.readableBytes();
            content.getBytes(content.readerIndex(), scratch.clear().limit(length));
            int segment =
                    packet instanceof SegmentedDatagramPacket several
                            ? several.segmentSize()
                            : length;
            flow.send(scratch, 0, length, segment);
            out.remove();
        }
        flow.flush();
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof DatagramPacket packet
                && packet.content().readableBytes() <= scratch.capacity()) {
            return message;
        }
        ReferenceCountUtil.release(message);
        throw new UnsupportedOperationException("no datagram of a flow");
    }

    @Override
    protected void doClose() {
        open = false;
        flow.leave(Reason.FINISHED);
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new Unconnectable();
    }

    /** Nobody connects it: the flow is there. */
    private final class Unconnectable extends AbstractUnsafe {
        @Override
        public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("the flow is there"));
        }
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
    }

    @Override
    protected SocketAddress localAddress0() {
        return target;
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return initiator;
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("the flow has its address");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doBeginRead() {
        // What comes is given to the pipeline: datagrams wait for nobody.
    }
}
