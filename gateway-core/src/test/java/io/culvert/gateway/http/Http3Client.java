package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.DefaultHttp3Headers;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3ClientConnectionHandler;
import io.netty.handler.codec.http3.Http3DataFrame;
import io.netty.handler.codec.http3.Http3GoAwayFrame;
import io.netty.handler.codec.http3.Http3Headers;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.util.ReferenceCountUtil;

import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLPeerUnverifiedException;

/** A client of HTTP/3, Netty's, over a socket of its own. */
final class Http3Client implements AutoCloseable {
    private static final int PATIENCE = 30;

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final CompletableFuture<Long> goAway = new CompletableFuture<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final QuicChannel connection;

    /**
     * @param window of each stream's answer
     */
    private Http3Client(InetSocketAddress server, Path authority, String name, int window)
            throws Exception {
        QuicSslContext tls =
                QuicSslContextBuilder.forClient()
                        .trustManager(authority.toFile())
                        .applicationProtocols("h3")
                        .build();
        NioDatagramChannel socket = new NioDatagramChannel();
        socket.pipeline()
                .addLast(
                        Http3.newQuicClientCodecBuilder()
                                .sslEngineProvider(
                                        quic -> tls.newEngine(quic.alloc(), name, server.getPort()))
                                .maxIdleTimeout(PATIENCE, TimeUnit.SECONDS)
                                .initialMaxData(16L * window)
                                .initialMaxStreamDataBidirectionalLocal(window)
                                .build());
        group.register(socket).sync();
        socket.bind(new InetSocketAddress(server.getAddress(), 0)).sync();
        try {
            connection =
                    QuicChannel.newBootstrap(socket)
                            .handler(new Connection())
                            .remoteAddress(server)
                            .connect()
                            .get(PATIENCE, TimeUnit.SECONDS);
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    static Http3Client connect(InetSocketAddress server, Path authority, String name)
            throws Exception {
        return new Http3Client(server, authority, name, 1024 * 1024);
    }

    static Http3Client withWindow(InetSocketAddress server, Path authority, String name, int window)
            throws Exception {
        return new Http3Client(server, authority, name, window);
    }

    private final class Connection extends ChannelInitializer<QuicChannel> {
        @Override
        protected void initChannel(QuicChannel channel) {
            channel.pipeline()
                    .addLast(
                            new Http3ClientConnectionHandler(new Control(), null, null, null, true),
                            new Ends());
        }
    }

    private final class Control extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object frame) {
            if (frame instanceof Http3GoAwayFrame away) {
                goAway.complete(away.id());
            }
            ReferenceCountUtil.release(frame);
        }
    }

    private final class Ends extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof QuicConnectionCloseEvent close) {
                closed.complete(close.error());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            closed.complete(-1);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // Seen by its consequences.
        }
    }

    /** The first request that the gateway will not look at. */
    long goAway() throws Exception {
        return goAway.get(PATIENCE, TimeUnit.SECONDS);
    }

    /** The error that the gateway has closed the connection with; -1 where there was none. */
    int closed() throws Exception {
        return closed.get(PATIENCE, TimeUnit.SECONDS);
    }

    /** What the gateway has shown. */
    X509Certificate certificate() throws SSLPeerUnverifiedException {
        return (X509Certificate) connection.sslEngine().getSession().getPeerCertificates()[0];
    }

    /**
     * A request without a body.
     *
     * @param fields divided by bars, each a name and a value
     */
    Call ask(String fields) throws Exception {
        return begin(fields).end();
    }

    /** Asks for something, and gives it up at once; does nothing once the connection has ended. */
    void cancel(String fields) throws Exception {
        try {
            begin(fields).reset();
        } catch (ExecutionException e) {
            closed();
        }
    }

    boolean isClosed() {
        return closed.isDone();
    }

    /** A request whose stream stays open. */
    Call begin(String fields) throws Exception {
        Call call = new Call();
        call.stream = Http3.newRequestStream(connection, call).get(PATIENCE, TimeUnit.SECONDS);
        Http3Headers headers = new DefaultHttp3Headers(false);
        for (String field : fields.split("\\|", -1)) {
            int space = field.indexOf(' ');
            headers.add(field.substring(0, space), field.substring(space + 1));
        }
        call.last = call.stream.writeAndFlush(new DefaultHttp3HeadersFrame(headers));
        return call;
    }

    /** A request and its answer. */
    static final class Call extends ChannelInboundHandlerAdapter {
        private final List<String> heads = Collections.synchronizedList(new ArrayList<>());
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private final CompletableFuture<String> end = new CompletableFuture<>();
        private final CompletableFuture<Void> first = new CompletableFuture<>();
        private QuicStreamChannel stream;
        private ChannelFuture last;

        Call data(byte[] bytes) {
            last = stream.writeAndFlush(new DefaultHttp3DataFrame(Unpooled.wrappedBuffer(bytes)));
            return this;
        }

        Call trailers(String name, String value) {
            Http3Headers fields = new DefaultHttp3Headers(false);
            fields.add(name, value);
            last = stream.writeAndFlush(new DefaultHttp3HeadersFrame(fields));
            return this;
        }

        Call end() {
            last.addListener(QuicStreamChannel.SHUTDOWN_OUTPUT);
            return this;
        }

        /** What was written last has left, or can never. */
        ChannelFuture written() {
            return last;
        }

        Call reset() {
            stream.shutdown(0x10c, stream.newPromise()).syncUninterruptibly();
            return this;
        }

        /** Takes no more of the answer for now, or does again. */
        Call reads(boolean on) {
            stream.config().setAutoRead(on);
            return this;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object frame) {
            if (frame instanceof Http3HeadersFrame head) {
                StringBuilder text = new StringBuilder();
                for (Map.Entry<CharSequence, CharSequence> field : head.headers()) {
                    text.append(field.getKey()).append('=').append(field.getValue()).append('\n');
                }
                heads.add(text.toString());
                first.complete(null);
            } else if (frame instanceof Http3DataFrame data) {
                synchronized (body) {
                    ByteBuf piece = data.content();
                    byte[] bytes = new byte[piece.readableBytes()];
                    piece.getBytes(piece.readerIndex(), bytes);
                    body.writeBytes(bytes);
                }
            }
            ReferenceCountUtil.release(frame);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                over("end");
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof QuicStreamResetException reset) {
                over("reset %#x".formatted(reset.applicationProtocolCode()));
            } else {
                over(cause.toString());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            over("inactive");
        }

        private void over(String how) {
            end.complete(how);
            first.complete(null);
        }

        /** How the answer ends: {@code end}, or {@code reset} and the error. */
        String ends() throws Exception {
            return end.get(PATIENCE, TimeUnit.SECONDS);
        }

        /** The first head, once it is there. */
        String head() throws Exception {
            first.get(PATIENCE, TimeUnit.SECONDS);
            return heads.isEmpty() ? "none, but " + ends() : heads.getFirst();
        }

        /** Every head and the trailers, once the answer is whole. */
        List<String> heads() throws Exception {
            String how = ends();
            if (!how.equals("end")) {
                throw new AssertionError(how);
            }
            return List.copyOf(heads);
        }

        byte[] body() throws Exception {
            heads();
            synchronized (body) {
                return body.toByteArray();
            }
        }

        String text() throws Exception {
            return new String(body(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        if (connection != null) {
            connection.close().syncUninterruptibly();
            connection.parent().close().syncUninterruptibly();
        }
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
