package io.culvert.gateway.http;

import io.culvert.gateway.tls.QuicTls;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.netty.handler.codec.http3.Http3ErrorCode;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicChannelOption;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.SegmentedDatagramPacketAllocator;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A flow whose datagrams are QUIC (RFC 9000): each connection that comes by it is an {@link
 * Http3Inbound}.
 *
 * <p><b>Theory of operation.</b> Packets, streams, windows, loss and congestion are quiche's, by
 * Netty's codec. A flow is one pair of addresses and ports, and a connection stays on it: that is
 * said in the handshake (disable_active_migration, RFC 9000 section 18.2), and what comes from
 * elsewhere is another flow, which knows nothing of the connection. A client may have a few
 * connections by one flow, at once and one after another. A flow without any is let go after a
 * while, so that what is still under way of one that has ended (section 10.2) meets nobody.
 *
 * <p>Before a client has shown that it is where it says, it is sent three times what it sent
 * (section 8.1); and where many handshakes of the loop are under way, it has to show that first
 * ({@link RetryTokens}).
 *
 * <p>Confined to its loop.
 */
final class QuicLink extends ChannelInitializer<QuicChannel> implements Link {
    /** Connections by one flow at once. */
    private static final int MOST = 4;

    /** RFC 9114 section 6.2: a control stream, two of QPACK, and room for such as nobody knows. */
    private static final int UNIDIRECTIONAL_STREAMS = 8;

    private static final int UNIDIRECTIONAL_WINDOW = 16 * 1024;
    private static final int LONGEST_SUPER_PACKET = 65_000;

    /** Of a datagram that no path cuts (RFC 9000 section 14). */
    private static final int LEAST_PAYLOAD = 1200;

    private final HttpProxy proxy;
    private final HttpLoop loop;
    private final HttpFlow flow;
    private final QuicTls tls;
    private final Channel datagrams;
    private final List<Http3Inbound> live = new ArrayList<>(1);
    private long deadline;

    private QuicLink(
            HttpProxy proxy, HttpLoop loop, HttpFlow flow, QuicTls tls, Channel datagrams) {
        this.proxy = proxy;
        this.loop = loop;
        this.flow = flow;
        this.tls = tls;
        this.datagrams = datagrams;
        deadline = loop.now() + proxy.settings().headerTimeout().toNanos();
    }

    /**
     * Begins on a channel of datagrams, as its only handlers.
     *
     * @param payload the longest that a datagram may have
     */
    static void begin(
            HttpProxy proxy,
            HttpLoop loop,
            HttpFlow flow,
            QuicTls tls,
            Channel datagrams,
            int payload) {
        QuicLink link = new QuicLink(proxy, loop, flow, tls, datagrams);
        datagrams
                .pipeline()
                .addLast(link.codec(Math.max(LEAST_PAYLOAD, payload)), link.new Farewell());
        loop.add(link);
        datagrams.closeFuture().addListener(_ -> loop.remove(link));
    }

    private ChannelHandler codec(int payload) {
        HttpSettings settings = proxy.settings();
        return new QuicServerCodecBuilder()
                .sslEngineProvider(connection -> tls.engine(connection.alloc()))
                .tokenHandler(new RetryTokens(loop))
                .activeMigration(false)
                .maxIdleTimeout(settings.streamTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .maxSendUdpPayloadSize(payload)
                .discoverPmtu(true)
                .initialMaxData(settings.connectionWindow())
                .initialMaxStreamDataBidirectionalRemote(settings.streamWindow())
                .initialMaxStreamDataUnidirectional(UNIDIRECTIONAL_WINDOW)
                .initialMaxStreamsBidirectional(settings.streams())
                .initialMaxStreamsUnidirectional(UNIDIRECTIONAL_STREAMS)
                .option(
                        QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR,
                        new Segments(LONGEST_SUPER_PACKET / payload))
                .handler(this)
                .build();
    }

    /** Datagrams of one length leave together. */
    private record Segments(int most) implements SegmentedDatagramPacketAllocator {
        @Override
        public int maxNumSegments() {
            return most;
        }

        @Override
        public SegmentedDatagramPacket newPacket(
                ByteBuf content, int segmentSize, InetSocketAddress to) {
            return new SegmentedDatagramPacket(content, segmentSize, to);
        }
    }

    @Override
    protected void initChannel(QuicChannel connection) {
        if (live.size() >= MOST || loop.isDraining()) {
            ChannelFuture _ = connection.close();
            return;
        }
        Http3Inbound inbound = new Http3Inbound(proxy, loop, flow, connection);
        live.add(inbound);
        connection.closeFuture().addListener(_ -> ended(inbound));
        connection.pipeline().addLast(tls.counter());
        inbound.begin();
    }

    private void ended(Http3Inbound inbound) {
        live.remove(inbound);
        deadline = loop.now() + Lingering.NANOS;
        if (loop.isDraining()) {
            drain();
        }
    }

    /** Says goodbye on every connection before the channel goes. */
    private final class Farewell extends ChannelOutboundHandlerAdapter {
        @Override
        public void close(ChannelHandlerContext context, ChannelPromise promise) throws Exception {
            for (Http3Inbound each : List.copyOf(live)) {
                each.close(Http3ErrorCode.H3_NO_ERROR);
            }
            super.close(context, promise);
        }
    }

    @Override
    public void flushNow() {
        // What is written leaves at once.
    }

    @Override
    public void sweep(long nowNanos) {
        if (live.isEmpty() && nowNanos >= deadline) {
            ChannelFuture _ = datagrams.close();
        }
    }

    @Override
    public void drain() {
        if (live.isEmpty()) {
            ChannelFuture _ = datagrams.close();
        }
    }
}
