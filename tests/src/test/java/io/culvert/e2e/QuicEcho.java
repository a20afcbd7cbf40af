package io.culvert.e2e;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.InsecureQuicTokenHandler;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicCodecBuilder;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A QUIC server that sends back what comes on a stream, and a client of it; Netty's (quiche). */
final class QuicEcho implements AutoCloseable {
    private static final int MIB = 1024 * 1024;

    private final AtomicInteger streams = new AtomicInteger();
    private final List<Channel> channels = new ArrayList<>();
    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    /**
     * @param at bound on the server's host
     */
    static QuicEcho serve(DatagramChannel at, File key, File certificate) throws Exception {
        QuicEcho echo = new QuicEcho();
        QuicSslContext tls =
                QuicSslContextBuilder.forServer(key, null, certificate)
                        .applicationProtocols("h3")
                        .build();
        ChannelHandler codec =
                limits(new QuicServerCodecBuilder())
                        .sslContext(tls)
                        .tokenHandler(InsecureQuicTokenHandler.INSTANCE)
                        .handler(new Shared())
                        .streamHandler(new Echo(echo.streams))
                        .build();
        echo.register(at, codec);
        return echo;
    }

    private static <B extends QuicCodecBuilder<B>> B limits(B builder) {
        return builder.maxIdleTimeout(3, TimeUnit.SECONDS)
                .initialMaxData(MIB)
                .initialMaxStreamDataBidirectionalLocal(MIB)
                .initialMaxStreamDataBidirectionalRemote(MIB)
                .initialMaxStreamsBidirectional(10);
    }

    private Channel register(DatagramChannel socket, ChannelHandler codec) throws Exception {
        NioDatagramChannel channel = new NioDatagramChannel(socket);
        channels.add(channel);
        channel.pipeline().addLast(codec);
        group.register(channel).sync();
        return channel;
    }

    /**
     * What comes back of a text that is sent by a new connection.
     *
     * @param from bound on the client's host
     * @param name that the client asks for
     * @param alpn of which the server takes h3
     * @throws IOException where no connection comes about
     */
    static String ask(
            DatagramChannel from, InetSocketAddress to, String name, String[] alpn, String text)
            throws Exception {
        try (QuicEcho client = new QuicEcho()) {
            QuicSslContext tls =
                    QuicSslContextBuilder.forClient()
                            .trustManager(InsecureTrustManagerFactory.INSTANCE)
                            .applicationProtocols(alpn)
                            .build();
            ChannelHandler codec =
                    limits(new QuicClientCodecBuilder())
                            .sslEngineProvider(
                                    quic -> tls.newEngine(quic.alloc(), name, to.getPort()))
                            .build();
            Channel socket = client.register(from, codec);
            QuicChannel connection =
                    QuicChannel.newBootstrap(socket)
                            .handler(new Shared())
                            .streamHandler(new Shared())
                            .remoteAddress(to)
                            .connect()
                            .get();
            BlockingQueue<String> answers = new LinkedBlockingQueue<>();
            QuicStreamChannel stream =
                    connection
                            .createStream(QuicStreamType.BIDIRECTIONAL, new Answers(answers))
                            .sync()
                            .getNow();
            stream.writeAndFlush(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII)).sync();
            StringBuilder all = new StringBuilder();
            while (all.length() < text.length()) {
                all.append(answers.take());
            }
            connection.close().sync();
            return all.toString();
        }
    }

    @ChannelHandler.Sharable
    private static final class Shared extends ChannelInboundHandlerAdapter {}

    @ChannelHandler.Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final AtomicInteger streams;

        Echo(AtomicInteger streams) {
            this.streams = streams;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            streams.incrementAndGet();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ChannelFuture unused = context.writeAndFlush(message);
        }
    }

    private static final class Answers extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<String> answers;

        Answers(BlockingQueue<String> answers) {
            this.answers = answers;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            answers.add(bytes.toString(StandardCharsets.US_ASCII));
            bytes.release();
        }
    }

    /** Streams that a server was sent. */
    int streams() {
        return streams.get();
    }

    @Override
    public void close() {
        for (Channel channel : channels) {
            channel.close().syncUninterruptibly();
        }
        // The codec's memory is given back by a task that comes after the close.
        group.submit(() -> {}).syncUninterruptibly();
        group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
