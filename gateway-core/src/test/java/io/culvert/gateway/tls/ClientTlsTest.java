package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.culvert.gateway.tls.TlsFigures.Side;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** TLS is begun with openssl's server, which is believed or not. */
class ClientTlsTest {
    private static final MultiThreadIoEventLoopGroup LOOPS =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    @TempDir static Path directory;

    private static TestAuthority authority;
    private static CertificateFiles site;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = new TestAuthority(directory);
        site = authority.issue("site", "RSA", "a.example", "*.b.example", "127.0.0.1", "::1");
    }

    @AfterAll
    static void stop() {
        LOOPS.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    /** {@code openssl s_server}, which ends with the test. */
    private record Origin(Process process, int port) implements AutoCloseable {
        static Origin start(CertificateFiles certificate, String... options) throws IOException {
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            List<String> command =
                    new ArrayList<>(
                            List.of(
                                    "openssl",
                                    "s_server",
                                    "-accept",
                                    "127.0.0.1:" + port,
                                    "-cert",
                                    certificate.certificate().toString(),
                                    "-key",
                                    certificate.key().toString(),
                                    "-www"));
            command.addAll(List.of(options));
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            Waiting.until(
                    () -> {
                        try (Socket _ = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
                            return true;
                        } catch (IOException notYet) {
                            return false;
                        }
                    });
            return new Origin(process, port);
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    /** "done" and what was agreed, or why not. */
    private static String handshake(ClientTls tls, int port, String host, String... alpn)
            throws InterruptedException {
        SslHandler[] handler = new SslHandler[1];
        Channel channel =
                new Bootstrap()
                        .group(LOOPS)
                        .channel(NioSocketChannel.class)
                        .option(ChannelOption.AUTO_READ, false)
                        .handler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        handler[0] =
                                                tls.newHandler(
                                                        channel.alloc(), host, port, List.of(alpn));
                                        channel.pipeline().addLast(handler[0]);
                                    }
                                })
                        .connect("127.0.0.1", port)
                        .sync()
                        .channel();
        try {
            assertTrue(handler[0].handshakeFuture().await(15, TimeUnit.SECONDS));
            return handler[0].handshakeFuture().isSuccess()
                    ? "done " + handler[0].applicationProtocol()
                    : "failed " + HandshakeFailure.of(handler[0].handshakeFuture().cause());
        } finally {
            channel.close().sync();
        }
    }

    private static Tls open(TlsSettings.Engine engine) throws TlsException {
        return Tls.open(TlsSite.settings(engine));
    }

    private static ClientTlsSettings trusting(Path authorities) {
        return new ClientTlsSettings(
                Optional.empty(), Optional.of(authorities), true, Optional.empty());
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void believesACertificateForTheNameOfATrustedAuthority(TlsSettings.Engine engine)
            throws Exception {
        try (Tls tls = open(engine);
                Origin origin = Origin.start(site)) {
            ClientTls client = tls.client(trusting(authority.file()));
            for (String name : List.of("a.example", "A.example", "x.b.example", "127.0.0.1")) {
                assertEquals("done null", handshake(client, origin.port(), name), name);
            }
            for (String name : List.of("b.example", "x.y.b.example", "127.0.0.2", "c.example")) {
                assertEquals("failed CERTIFICATE", handshake(client, origin.port(), name), name);
            }
            assertEquals(4, tls.figures().handshakes(Side.CLIENT, Handshake.CERTIFICATE));
            assertEquals(4, tls.figures().handshakes(Side.CLIENT, Handshake.TLS13));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void believesNobodyElse(TlsSettings.Engine engine) throws Exception {
        TestAuthority other = new TestAuthority(directory, "Other");
        CertificateFiles ended =
                authority.issue(
                        "ended", "EC", java.time.Instant.now().minusSeconds(60), "a.example");
        try (Tls tls = open(engine);
                Origin origin = Origin.start(site);
                Origin late = Origin.start(ended)) {
            ClientTls strict = tls.client(trusting(other.file()));
            assertEquals("failed CERTIFICATE", handshake(strict, origin.port(), "a.example"));
            ClientTls system = tls.client(ClientTlsSettings.DEFAULT);
            assertEquals("failed CERTIFICATE", handshake(system, origin.port(), "a.example"));
            ClientTls trusting = tls.client(trusting(authority.file()));
            assertEquals("failed CERTIFICATE", handshake(trusting, late.port(), "a.example"));
            ClientTls careless =
                    tls.client(
                            new ClientTlsSettings(
                                    Optional.empty(), Optional.empty(), false, Optional.empty()));
            assertEquals("done null", handshake(careless, origin.port(), "z.example"));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void asksForAnotherNameThanWasDialedAndAgreesOnAProtocol(TlsSettings.Engine engine)
            throws Exception {
        try (Tls tls = open(engine);
                Origin origin = Origin.start(site, "-alpn", "h2,http/1.1")) {
            ClientTls client =
                    tls.client(
                            new ClientTlsSettings(
                                    Optional.of("a.example"),
                                    Optional.of(authority.file()),
                                    true,
                                    Optional.empty()));
            assertEquals("done h2", handshake(client, origin.port(), "10.1.2.3", "h2", "http/1.1"));
            assertEquals("done http/1.1", handshake(client, origin.port(), "x", "http/1.1"));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void showsItsOwnCertificateToWhoAsks(TlsSettings.Engine engine) throws Exception {
        CertificateFiles own = authority.issue("own", "EC", "gateway.example");
        String[] asking = {
            "-Verify",
            "1",
            "-verify_return_error",
            "-CAfile",
            authority.file().toString(),
            "-tls1_2"
        };
        try (Tls tls = open(engine);
                Origin origin = Origin.start(site, asking)) {
            assertEquals(
                    "failed ALERT",
                    handshake(tls.client(trusting(authority.file())), origin.port(), "a.example"));
            ClientTls known =
                    tls.client(
                            new ClientTlsSettings(
                                    Optional.empty(),
                                    Optional.of(authority.file()),
                                    true,
                                    Optional.of(own)));
            assertEquals("done null", handshake(known, origin.port(), "a.example"));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void readsItsAuthoritiesAgain(TlsSettings.Engine engine) throws Exception {
        TestAuthority other = new TestAuthority(directory, "Elsewhere");
        Path trusted = directory.resolve("trusted-" + engine + ".pem");
        Files.copy(other.file(), trusted, StandardCopyOption.REPLACE_EXISTING);
        try (Tls tls = open(engine);
                Origin origin = Origin.start(site)) {
            ClientTls client = tls.client(trusting(trusted));
            assertEquals("failed CERTIFICATE", handshake(client, origin.port(), "a.example"));
            Files.copy(authority.file(), trusted, StandardCopyOption.REPLACE_EXISTING);
            tls.look();
            tls.look();
            assertEquals("done null", handshake(client, origin.port(), "a.example"));
        }
    }
}
