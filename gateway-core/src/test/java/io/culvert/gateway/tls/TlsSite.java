package io.culvert.gateway.tls;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A server on loopback whose connections begin with a handler of TLS, with autoRead off as the
 * gateway has it. It answers a line of text, {@code who}, with who the client has shown to be, and
 * everything else with an answer of HTTP that says the protocol, and remembers what happened.
 */
final class TlsSite implements AutoCloseable {
    final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());

    /** What handshakes failed of, or "done". */
    final Queue<String> handshakes = new ConcurrentLinkedQueue<>();

    final Queue<ServerTls.Passed> passed = new ConcurrentLinkedQueue<>();
    final Queue<byte[]> rawBytes = new ConcurrentLinkedQueue<>();
    private final Channel listener;

    TlsSite(Supplier<ChannelHandler> tls) throws InterruptedException {
        this("127.0.0.1", tls);
    }

    TlsSite(String address, Supplier<ChannelHandler> tls) throws InterruptedException {
        listener =
                new ServerBootstrap()
                        .group(loops)
                        .channel(NioServerSocketChannel.class)
                        .childOption(ChannelOption.AUTO_READ, false)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline().addLast(tls.get(), new Answers());
                                    }
                                })
                        .bind(address, 0)
                        .sync()
                        .channel();
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    int port() {
        return address().getPort();
    }

    private final class Answers extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.read();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.read();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent done) {
                handshakes.add(done.isSuccess() ? "done" : String.valueOf(done.cause()));
            } else if (event instanceof ServerTls.Passed one) {
                passed.add(one);
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
            SslHandler tls = context.pipeline().get(SslHandler.class);
            if (tls == null) {
                byte[] raw = new byte[bytes.readableBytes()];
                bytes.readBytes(raw);
                rawBytes.add(raw);
                return;
            }
            String text = bytes.toString(StandardCharsets.US_ASCII);
            String who =
                    ClientIdentity.of(tls.engine().getSession()).map(Object::toString).orElse("-");
            String body =
                    "protocol=%s alpn=%s client=%s\n"
                            .formatted(
                                    tls.engine().getSession().getProtocol(),
                                    tls.applicationProtocol(),
                                    who);
            if (text.startsWith("GET")) {
                String answer =
                        "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                                .formatted(body.length(), body);
                ChannelFuture _ =
                        context.writeAndFlush(
                                        Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII))
                                .addListener(ChannelFutureListener.CLOSE);
            } else {
                ChannelFuture _ =
                        context.writeAndFlush(
                                Unpooled.copiedBuffer(body, StandardCharsets.US_ASCII));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            ChannelFuture _ = context.close();
        }
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    static TlsSettings settings(CertificateFiles... certificates) {
        return settings(TlsSettings.Engine.AUTO, certificates);
    }

    static TlsSettings settings(TlsSettings.Engine engine, CertificateFiles... certificates) {
        TlsSettings none = TlsSettings.NONE;
        return new TlsSettings(
                List.of(certificates),
                none.clientAuthorities(),
                false,
                none.inspect(),
                none.handshakeTimeout(),
                none.expiryWarning(),
                engine);
    }

    /** The same, and clients show a certificate. */
    static TlsSettings mutual(TlsSettings of, Path authorities, boolean optional) {
        return new TlsSettings(
                of.certificates(),
                Optional.of(authorities),
                optional,
                of.inspect(),
                of.handshakeTimeout(),
                of.expiryWarning(),
                of.engine());
    }

    static TlsSettings timeout(TlsSettings of, Duration handshake) {
        return new TlsSettings(
                of.certificates(),
                of.clientAuthorities(),
                of.clientOptional(),
                of.inspect(),
                handshake,
                of.expiryWarning(),
                of.engine());
    }

    static TlsSettings inspecting(
            TlsSettings.Engine engine,
            CertificateFiles authority,
            ClientTlsSettings towards,
            String... pass) {
        TlsSettings none = settings(engine);
        return new TlsSettings(
                List.of(),
                Optional.empty(),
                false,
                Optional.of(new TlsSettings.Inspect(authority, List.of(pass), towards)),
                none.handshakeTimeout(),
                none.expiryWarning(),
                engine);
    }
}
