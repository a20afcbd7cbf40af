package io.culvert.gateway.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Against real servers on loopback. */
class HealthCheckTest {
    private static final Duration PATIENT = Duration.ofSeconds(20);

    private final Groups groups = new Groups();
    private final AtomicInteger status = new AtomicInteger(200);
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private Loop loop;
    private HttpServer web;

    @BeforeEach
    void begin() throws IOException {
        loop = new Loop();
        web = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        web.createContext(
                "/",
                exchange -> {
                    asked.add(
                            exchange.getRequestURI()
                                    + " "
                                    + exchange.getRequestHeaders().getFirst("Host"));
                    exchange.sendResponseHeaders(status.get(), -1);
                    exchange.close();
                });
        web.start();
    }

    @AfterEach
    void end() {
        web.stop(0);
        loop.close();
    }

    private static HealthSettings health(String path, Duration timeout) {
        return new HealthSettings(
                Optional.ofNullable(path),
                HealthSettings.Statuses.DEFAULT,
                Duration.ofMillis(100),
                timeout,
                1,
                1);
    }

    private Group group(int port, Protocol protocol) {
        LinkSettings plain = LinkSettings.PLAIN;
        LinkSettings link =
                new LinkSettings(
                        protocol,
                        plain.tls(),
                        plain.proxyProtocol(),
                        plain.source(),
                        false,
                        plain.timeout());
        return groups.of(settings -> settings.link(link), "127.0.0.1:" + port);
    }

    private static ServerConnector connector() {
        return new ServerConnector(
                _ -> {
                    throw new AssertionError("nothing here has TLS");
                });
    }

    private String check(int port, Protocol protocol, HealthSettings how) throws Exception {
        ServerMember member = group(port, protocol).members().getFirst();
        return loop.begin(() -> HealthCheck.of(loop.loop(), connector(), member, how)).getNow();
    }

    @Test
    void asksForThePathAndLooksAtTheStatus() throws Exception {
        int port = web.getAddress().getPort();
        assertEquals("", check(port, Protocol.AUTO, health("/healthz?deep=1", PATIENT)));
        assertEquals(List.of("/healthz?deep=1 127.0.0.1:" + port), asked);
        status.set(500);
        assertEquals("status 500", check(port, Protocol.AUTO, health("/healthz", PATIENT)));
    }

    @Test
    void isContentWithAConnectionWhereNoPathIsGiven() throws Exception {
        assertEquals("", check(web.getAddress().getPort(), Protocol.AUTO, health(null, PATIENT)));
        assertEquals(List.of(), asked);
    }

    @Test
    void saysThatNobodyIsThere() throws Exception {
        int port = web.getAddress().getPort();
        web.stop(0);
        String problem = check(port, Protocol.AUTO, health(null, PATIENT));
        assertTrue(problem.contains("refused"), problem);
    }

    @Test
    void waitsNoLongerThanItMay() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            assertEquals(
                    "no answer within 100 ms",
                    check(
                            silent.getLocalPort(),
                            Protocol.AUTO,
                            health("/", Duration.ofMillis(100))));
        }
    }

    @Test
    void saysThatTheServerClosedWithoutAnAnswer() throws Exception {
        try (ServerSocket closing = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            Thread.ofVirtual()
                    .start(
                            () -> {
                                try {
                                    closing.accept().close();
                                } catch (IOException e) {
                                    // Then nobody came.
                                }
                            });
            assertEquals(
                    "it closed the connection without an answer",
                    check(closing.getLocalPort(), Protocol.AUTO, health("/", PATIENT)));
        }
    }

    @Test
    void asksInHttp2WhereThatIsSpoken() throws Exception {
        Channel server =
                new ServerBootstrap()
                        .group(loop.loop())
                        .channel(EpollServerSocketChannel.class)
                        .childHandler(new Http2Server())
                        .bind("127.0.0.1", 0)
                        .sync()
                        .channel();
        int port = ((InetSocketAddress) server.localAddress()).getPort();
        assertEquals("", check(port, Protocol.HTTP2, health("/healthz", PATIENT)));
        assertEquals(List.of("GET http /healthz 127.0.0.1:" + port), asked);
        status.set(503);
        assertEquals("status 503", check(port, Protocol.HTTP2, health("/healthz", PATIENT)));
        server.close().sync();
    }

    @Test
    void takesAServerOutAndBringsItBack() throws Exception {
        Group group = group(web.getAddress().getPort(), Protocol.AUTO);
        Checkups checkups = new Checkups(group, loop.loop(), connector());
        ServerMember member = group.members().getFirst();
        loop.loop().submit(() -> checkups.become(group.members(), health("/", PATIENT))).sync();
        Loop.eventually("it is asked twice", () -> asked.size() >= 2);
        status.set(500);
        Loop.eventually("it is down", () -> member.health().isDown());
        assertEquals("status 500", member.health().trouble());
        status.set(200);
        Loop.eventually("it is back", () -> !member.health().isDown());

        loop.loop().submit(() -> checkups.become(List.of(), null)).sync();
        assertTrue(group.counters().checks() >= 3);
        assertTrue(group.counters().failedChecks() >= 1);
    }

    /** Answers each request with the status. */
    private final class Http2Server extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline()
                    .addLast(
                            Http2FrameCodecBuilder.forServer().build(),
                            new SimpleChannelInboundHandler<Http2HeadersFrame>() {
                                @Override
                                protected void channelRead0(
                                        ChannelHandlerContext context, Http2HeadersFrame frame) {
                                    asked.add(
                                            "%s %s %s %s"
                                                    .formatted(
                                                            frame.headers().method(),
                                                            frame.headers().scheme(),
                                                            frame.headers().path(),
                                                            frame.headers().authority()));
                                    var unused =
                                            context.writeAndFlush(
                                                    new DefaultHttp2HeadersFrame(
                                                                    new DefaultHttp2Headers()
                                                                            .status(
                                                                                    Integer
                                                                                            .toString(
                                                                                                    status
                                                                                                            .get())),
                                                                    true)
                                                            .stream(frame.stream()));
                                }
                            });
        }
    }
}
