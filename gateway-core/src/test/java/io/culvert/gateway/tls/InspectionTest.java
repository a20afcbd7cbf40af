package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.TlsSettings.Engine;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** Certificates are minted for whatever a client asks for, and look like the originals. */
class InspectionTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    @TempDir Path directory;

    private CertificateFiles authority;
    private TestAuthority web;
    private ClientTlsSettings towards;

    @BeforeEach
    void makeAuthorities() throws Exception {
        authority =
                NewAuthority.make(
                        directory.resolve("inspection"), "Acme inspection", Duration.ofDays(365));
        web = new TestAuthority(directory);
        towards =
                new ClientTlsSettings(
                        Optional.empty(), Optional.of(web.file()), true, Optional.empty());
    }

    /** Counts how often it is asked. */
    private static final class Target implements InspectTarget {
        final AtomicInteger asked = new AtomicInteger();
        private final InetSocketAddress address;

        Target(InetSocketAddress address) {
            this.address = address;
        }

        @Override
        public InetSocketAddress address() {
            return address;
        }

        @Override
        public Future<Channel> connect(EventLoop loop) {
            asked.incrementAndGet();
            Promise<Channel> connected = loop.newPromise();
            new Bootstrap()
                    .group(loop)
                    .channel(NioSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, false)
                    .handler(
                            new ChannelInboundHandlerAdapter() {
                                @Override
                                public void exceptionCaught(
                                        ChannelHandlerContext context, Throwable cause) {
                                    ChannelFuture _ = context.close();
                                }
                            })
                    .connect(address)
                    .addListener(
                            (ChannelFuture done) -> {
                                if (done.isSuccess()) {
                                    connected.setSuccess(done.channel());
                                } else {
                                    connected.setFailure(done.cause());
                                }
                            });
            return connected;
        }
    }

    /** Nobody is there. */
    private static Target nobody() throws IOException {
        try (var unused = new ServerSocket(0)) {
            return new Target(
                    new InetSocketAddress(
                            InetAddress.ofLiteral("127.0.0.1"), unused.getLocalPort()));
        }
    }

    private X509Certificate minted(int port, String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(options));
        if (!all.contains("-servername")) {
            all.add("-noservername");
        }
        all.addAll(List.of("-CAfile", authority.certificate().toString()));
        String output = Program.sClient(port, GET, all.toArray(String[]::new)).output();
        assertTrue(output.contains("Verify return code: 0 (ok)"), output);
        assertTrue(output.contains("protocol=TLSv1."), output);
        String pem =
                output.substring(
                        output.indexOf("-----BEGIN CERT"),
                        output.indexOf("-----END CERTIFICATE-----") + 26);
        return (X509Certificate)
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    }

    private static Set<String> names(X509Certificate of) throws Exception {
        Set<String> names = new HashSet<>();
        of.getSubjectAlternativeNames().forEach(one -> names.add(one.get(1).toString()));
        return names;
    }

    private Tls inspecting(Engine engine, String... pass) throws TlsException {
        return Tls.open(TlsSite.inspecting(engine, authority, towards, pass));
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void hasTheNamesAndTheEndOfTheOriginal(Engine engine) throws Exception {
        Instant end = Instant.now().plus(3, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
        CertificateFiles original =
                web.issue("original", "EC", end, "a.example", "b.example", "192.0.2.9");
        try (Tls real = Tls.open(TlsSite.settings(engine, original));
                TlsSite origin = new TlsSite(real.server()::terminate);
                Tls tls = inspecting(engine)) {
            Target target = new Target(origin.address());
            try (TlsSite site = new TlsSite(() -> tls.server().inspect(target))) {
                X509Certificate first = minted(site.port(), "-servername", "a.example");
                assertEquals(Set.of("a.example", "b.example", "192.0.2.9"), names(first));
                assertEquals(end, first.getNotAfter().toInstant());
                assertTrue(first.getNotBefore().toInstant().isBefore(Instant.now()));
                assertEquals("EC", first.getPublicKey().getAlgorithm());
                assertEquals(-1, first.getBasicConstraints());
                assertEquals(128, first.getSerialNumber().bitLength());

                X509Certificate again = minted(site.port(), "-servername", "a.example");
                assertEquals(first, again);
                assertEquals(1, target.asked.get());
                X509Certificate other = minted(site.port(), "-servername", "b.example");
                assertFalse(first.getSerialNumber().equals(other.getSerialNumber()));
                assertEquals(2, tls.figures().minted());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void hasAKeyOfRsaForWhoCanCheckNothingElse(Engine engine) throws Exception {
        Target target = nobody();
        try (Tls tls = inspecting(engine);
                TlsSite site = new TlsSite(() -> tls.server().inspect(target))) {
            X509Certificate rsa =
                    minted(
                            site.port(),
                            "-servername",
                            "a.example",
                            "-tls1_2",
                            "-cipher",
                            "ECDHE-RSA-AES128-GCM-SHA256");
            assertEquals("RSA", rsa.getPublicKey().getAlgorithm());
            X509Certificate elliptic = minted(site.port(), "-servername", "a.example");
            assertEquals("EC", elliptic.getPublicKey().getAlgorithm());
        }
    }

    @Test
    void isForTheClientsWordAloneWhereTheTargetIsNotBelieved() throws Exception {
        TestAuthority strange = new TestAuthority(directory, "Strange");
        CertificateFiles ofAnother = strange.issue("strange", "EC", "a.example", "evil.example");
        CertificateFiles ofAnotherName = web.issue("named", "EC", "evil.example");
        for (CertificateFiles original : List.of(ofAnother, ofAnotherName)) {
            try (Tls real = Tls.open(TlsSite.settings(original));
                    TlsSite origin = new TlsSite(real.server()::terminate);
                    Tls tls = inspecting(Engine.AUTO)) {
                Target target = new Target(origin.address());
                try (TlsSite site = new TlsSite(() -> tls.server().inspect(target))) {
                    assertEquals(
                            Set.of("a.example"),
                            names(minted(site.port(), "-servername", "a.example")));
                }
            }
        }
    }

    @Test
    void isForTheTargetsAddressWhereTheClientNamesNothing() throws Exception {
        Target four = nobody();
        // No such network is routed here: the attempt to ask fails.
        Target six = new Target(new InetSocketAddress("2001:db8::7", 9));
        try (Tls tls = inspecting(Engine.AUTO);
                TlsSite site = new TlsSite(() -> tls.server().inspect(four));
                TlsSite other = new TlsSite(() -> tls.server().inspect(six))) {
            assertEquals(Set.of("127.0.0.1"), names(minted(site.port())));
            assertEquals(Set.of("2001:db8:0:0:0:0:0:7"), names(minted(other.port())));
        }
    }

    @Test
    void letsNamesPassAsTheyCame() throws Exception {
        Target target = nobody();
        try (Tls tls = inspecting(Engine.AUTO, "*.bank.example");
                TlsSite site = new TlsSite(() -> tls.server().inspect(target))) {
            assertTrue(tls.server().passes("www.bank.example"));
            assertFalse(tls.server().passes("bank.example"));
            Program curl =
                    Program.run(
                            "",
                            "curl",
                            "-sS",
                            "--max-time",
                            "1",
                            "--connect-to",
                            "www.bank.example:443:127.0.0.1:" + site.port(),
                            "https://www.bank.example/");
            assertEquals(28, curl.status(), curl.output());
            assertEquals("www.bank.example", site.passed.remove().serverName());
            byte[] hello = site.rawBytes.remove();
            assertEquals(0x16, hello[0]);
            assertTrue(new String(hello, StandardCharsets.ISO_8859_1).contains("www.bank.example"));
            assertEquals(1, tls.figures().passed());
            assertEquals(0, tls.figures().minted());
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void noticesClientsThatDoNotBelieveIt(Engine engine) throws Exception {
        Target target = nobody();
        try (Tls tls = inspecting(engine);
                TlsSite site = new TlsSite(() -> tls.server().inspect(target))) {
            for (String version : List.of("1.2", "1.3")) {
                Program curl =
                        Program.run(
                                "",
                                "curl",
                                "-sS",
                                "--tls-max",
                                version,
                                "--connect-to",
                                "a.example:443:127.0.0.1:" + site.port(),
                                "https://a.example/");
                assertEquals(60, curl.status(), curl.output());
            }
            Waiting.until(() -> site.handshakes.size() == 2);
            assertEquals(2, tls.figures().refused(), site.handshakes::toString);
            assertEquals(1, tls.figures().minted());
        }
    }
}
