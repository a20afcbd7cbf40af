package io.culvert.gateway.upstream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.ClientTls;
import io.culvert.gateway.tls.ClientTlsSettings;
import io.culvert.hook.Reason;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.concurrent.Future;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Over real sockets on loopback. */
class ServerConnectorTest {
    private static final Duration PATIENT = Duration.ofSeconds(30);
    private static final ClientFacts FACTS =
            new ClientFacts(
                    "acme",
                    new InetSocketAddress("10.50.0.2", 40_000),
                    new InetSocketAddress("192.0.2.10", 80),
                    Optional.empty());

    private final Groups groups = new Groups();
    private Loop loop;
    private ServerSocket server;

    @BeforeEach
    void begin() throws Exception {
        loop = new Loop();
        server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    }

    @AfterEach
    void end() throws Exception {
        server.close();
        loop.close();
    }

    private static LinkSettings link(
            Optional<ClientTlsSettings> tls,
            Optional<ProxyProtocol> proxy,
            Optional<InetAddress> source,
            Duration timeout) {
        return new LinkSettings(Protocol.HTTP1, tls, proxy, source, false, timeout);
    }

    private ServerMember member(LinkSettings link, int connections) {
        return groups.of(
                        settings -> settings.link(link).connections(connections),
                        "127.0.0.1:" + server.getLocalPort())
                .members()
                .getFirst();
    }

    private Future<Channel> connect(ServerConnector connector, Member member, ClientFacts facts)
            throws Exception {
        return loop.begin(() -> connector.connect(loop.loop(), member, facts));
    }

    private static ServerConnector plain() {
        return new ServerConnector(
                _ -> {
                    throw new AssertionError("nothing here has TLS");
                });
    }

    private static NotConnectedException failure(Future<Channel> done) {
        return assertInstanceOf(NotConnectedException.class, done.cause());
    }

    @Test
    void connectsAndDoesNotReadByItself() throws Exception {
        Channel channel = connect(plain(), member(LinkSettings.PLAIN, 10), FACTS).getNow();
        assertTrue(channel.isActive());
        assertFalse(channel.config().isAutoRead());
        assertTrue(ConnectTimes.of(channel).dialNanos() > 0);
        assertTrue(ConnectTimes.of(channel).tlsNanos() < 0, "none was begun");
        channel.close().sync();
    }

    @Test
    void beginsWithTheProxyHeader() throws Exception {
        ServerMember member =
                member(
                        link(
                                Optional.empty(),
                                Optional.of(ProxyProtocol.V1),
                                Optional.empty(),
                                PATIENT),
                        10);
        Channel channel = connect(plain(), member, FACTS).getNow();
        channel.writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII)).sync();
        try (Socket accepted = server.accept()) {
            byte[] expected =
                    "PROXY TCP4 10.50.0.2 192.0.2.10 40000 80\r\nhello"
                            .getBytes(StandardCharsets.US_ASCII);
            assertArrayEquals(expected, accepted.getInputStream().readNBytes(expected.length));
        }
        channel.close().sync();
    }

    @Test
    void comesFromTheAddressThatIsWanted() throws Exception {
        ServerMember member =
                member(
                        link(
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(InetAddress.ofLiteral("127.0.0.7")),
                                PATIENT),
                        10);
        Channel ofGroup = connect(plain(), member, FACTS).getNow();
        try (Socket accepted = server.accept()) {
            assertEquals("127.0.0.7", accepted.getInetAddress().getHostAddress());
        }
        ClientFacts chosen =
                new ClientFacts(
                        FACTS.tenant(),
                        FACTS.client(),
                        FACTS.target(),
                        Optional.of(InetAddress.ofLiteral("127.0.0.8")));
        Channel ofRule = connect(plain(), member, chosen).getNow();
        try (Socket accepted = server.accept()) {
            assertEquals("127.0.0.8", accepted.getInetAddress().getHostAddress());
        }
        ofGroup.close().sync();
        ofRule.close().sync();
    }

    @Test
    void makesNoMoreConnectionsThanTheServerMayHave() throws Exception {
        ServerMember member = member(LinkSettings.PLAIN, 1);
        ServerConnector connector = plain();
        Channel first = connect(connector, member, FACTS).getNow();
        NotConnectedException second = failure(connect(connector, member, FACTS));
        assertEquals(Reason.UPSTREAM_LIMIT, second.reason());
        assertNull(second.failure(), "nothing is held against the server");
        assertEquals(1, member.connections());

        first.close().sync();
        Loop.eventually("it is given back", () -> member.connections() == 0);
        connect(connector, member, FACTS).getNow().close().sync();
    }

    @Test
    void saysThatItWasRefused() throws Exception {
        ServerMember member = member(LinkSettings.PLAIN, 1);
        server.close();
        for (int i = 0; i < 3; i++) {
            NotConnectedException refused = failure(connect(plain(), member, FACTS));
            assertEquals(Reason.DIAL_REFUSED, refused.reason(), refused.getMessage());
            assertEquals(Failure.CONNECT, refused.failure());
        }
        assertEquals(0, member.connections());
    }

    @Test
    void findsTheAddressThatAnswersAmongThoseOfOneServer() throws Exception {
        Group group = groups.of();
        ServerSettings name = new ServerSettings("api.internal", server.getLocalPort(), 1);
        group.become(
                new GroupSettings("api", List.of(name)),
                List.of(
                        new Group.Located(
                                name,
                                "",
                                List.of(
                                        new InetSocketAddress(
                                                InetAddress.ofLiteral("::1"),
                                                server.getLocalPort()),
                                        new InetSocketAddress(
                                                InetAddress.ofLiteral("127.0.0.1"),
                                                server.getLocalPort())))));
        Channel channel = connect(plain(), group.members().getFirst(), FACTS).getNow();
        assertEquals(server.getLocalSocketAddress(), channel.remoteAddress());
        channel.close().sync();
    }

    @Test
    void handsTheConnectionOverWithTlsBegun() throws Exception {
        try (TlsEcho echo = TlsEcho.open("api.internal")) {
            ServerMember member = tlsMember(echo.port(), PATIENT);
            SslContext context =
                    SslContextBuilder.forClient()
                            .trustManager(InsecureTrustManagerFactory.INSTANCE)
                            .endpointIdentificationAlgorithm("")
                            .build();
            ClientTls tls = (allocator, host, port, _) -> context.newHandler(allocator, host, port);
            Channel channel = connect(new ServerConnector(_ -> tls), member, FACTS).getNow();
            assertTrue(channel.pipeline().first().toString().contains("Ssl"));
            assertTrue(ConnectTimes.of(channel).dialNanos() > 0);
            assertTrue(ConnectTimes.of(channel).tlsNanos() > 0);
            channel.close().sync();
        }
    }

    @Test
    void saysThatTlsFailed() throws Exception {
        try (TlsEcho echo = TlsEcho.open("api.internal")) {
            SslContext suspicious = SslContextBuilder.forClient().build();
            ClientTls tls =
                    (allocator, host, port, _) -> suspicious.newHandler(allocator, host, port);
            ServerMember member = tlsMember(echo.port(), PATIENT);
            NotConnectedException failed =
                    failure(connect(new ServerConnector(_ -> tls), member, FACTS));
            assertEquals(Reason.UPSTREAM_TLS, failed.reason());
            assertEquals(Failure.TLS, failed.failure());
            Loop.eventually("the connection is given back", () -> member.connections() == 0);
        }
    }

    @Test
    void givesAServerUpThatDoesNotFinishTheHandshake() throws Exception {
        SslContext context = SslContextBuilder.forClient().build();
        ClientTls tls = (allocator, host, port, _) -> context.newHandler(allocator, host, port);
        ServerMember member = tlsMember(server.getLocalPort(), Duration.ofMillis(100));
        NotConnectedException failed =
                failure(connect(new ServerConnector(_ -> tls), member, FACTS));
        assertEquals(Reason.UPSTREAM_TLS, failed.reason(), failed.getMessage());
        Loop.eventually("the connection is given back", () -> member.connections() == 0);
    }

    private ServerMember tlsMember(int port, Duration timeout) {
        LinkSettings link =
                link(
                        Optional.of(ClientTlsSettings.DEFAULT),
                        Optional.empty(),
                        Optional.empty(),
                        timeout);
        return groups.of(settings -> settings.link(link), "127.0.0.1:" + port).members().getFirst();
    }
}
