package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.culvert.gateway.tls.TlsFigures.Side;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** TLS is ended as openssl, curl and a socket see it. */
class TerminationTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final Pattern NAME = Pattern.compile("(?m)^subject=.*CN = (\\S+)");

    @TempDir static Path directory;

    private static TestAuthority authority;
    private static CertificateFiles first;
    private static CertificateFiles exact;
    private static CertificateFiles star;
    private static CertificateFiles rsa;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = new TestAuthority(directory);
        first = authority.issue("first", "EC", "first.example");
        exact = authority.issue("exact", "EC", "www.example.org", "both.example.org");
        star = authority.issue("star", "EC", "*.example.org");
        rsa = authority.issue("rsa", "RSA", "both.example.org");
    }

    private static String asked(int port, String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(options));
        if (!all.contains("-servername")) {
            all.add("-noservername");
        }
        all.addAll(List.of("-CAfile", authority.file().toString()));
        return Program.sClient(port, GET, all.toArray(String[]::new)).output();
    }

    private static String shown(int port, String... options) throws Exception {
        String output = asked(port, options);
        Matcher name = NAME.matcher(output);
        assertTrue(name.find(), output);
        assertTrue(output.contains("Verify return code: 0 (ok)"), output);
        return name.group(1);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void choosesTheExactNameBeforeTheStarAndTheFirstForOthers(TlsSettings.Engine engine)
            throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, first, star, exact));
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            assertEquals("exact", shown(site.port(), "-servername", "www.example.org"));
            assertEquals("exact", shown(site.port(), "-servername", "WWW.Example.ORG"));
            assertEquals("star", shown(site.port(), "-servername", "shop.example.org"));
            assertEquals("first", shown(site.port(), "-servername", "a.shop.example.org"));
            assertEquals("first", shown(site.port(), "-servername", "example.org"));
            assertEquals("first", shown(site.port()));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void choosesTheKeyThatTheClientCanCheck(TlsSettings.Engine engine) throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, rsa, exact));
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            String[] name = {"-servername", "both.example.org"};
            assertEquals("exact", shown(site.port(), name));
            String[] onlyRsa = {name[0], name[1], "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"};
            assertEquals("rsa", shown(site.port(), onlyRsa));
            String[] oldRsa = {
                name[0], name[1], "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"
            };
            assertEquals("rsa", shown(site.port(), oldRsa));
            String[] oldElliptic = {
                name[0], name[1], "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"
            };
            assertEquals("exact", shown(site.port(), oldElliptic));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void speaksTheTwoVersionsThatAreSafeAndNoOther(TlsSettings.Engine engine) throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, rsa));
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            assertTrue(asked(site.port(), "-tls1_3").contains("protocol=TLSv1.3"));
            assertTrue(asked(site.port(), "-tls1_2").contains("protocol=TLSv1.2"));
            for (String old : List.of("-tls1_1", "-tls1")) {
                String output = asked(site.port(), old, "-cipher", "ALL:@SECLEVEL=0");
                assertFalse(output.contains("protocol="), output);
                assertTrue(output.contains("alert protocol version"), output);
            }
            String weak = asked(site.port(), "-tls1_2", "-cipher", "AES128-SHA:AES128-GCM-SHA256");
            // The JDK says so with an alert; with BoringSSL Netty closes the connection.
            assertFalse(weak.contains("protocol="), weak);
            assertTrue(weak.contains("Cipher is (NONE)"), weak);
            assertEquals(1, tls.figures().handshakes(Side.SERVER, Handshake.TLS13));
            assertEquals(1, tls.figures().handshakes(Side.SERVER, Handshake.TLS12));
            assertEquals(3, tls.figures().handshakes(Side.SERVER, Handshake.OTHER));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void agreesOnHttp2WhereTheClientKnowsIt(TlsSettings.Engine engine) throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, first));
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            assertTrue(asked(site.port(), "-alpn", "http/1.1,h2").contains("alpn=h2 "));
            assertTrue(asked(site.port(), "-alpn", "http/1.1").contains("alpn=http/1.1 "));
            assertTrue(asked(site.port(), "-alpn", "smtp").contains("alpn=null "));
            assertTrue(asked(site.port()).contains("alpn=null "));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void isWhatCurlBelieves(TlsSettings.Engine engine) throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, first));
                TlsSite site = new TlsSite(tls.server()::terminate);
                TlsSite six = new TlsSite("::1", tls.server()::terminate)) {
            for (String to : List.of("127.0.0.1:" + site.port(), "[::1]:" + six.port())) {
                Program curl =
                        Program.run(
                                "",
                                "curl",
                                "-sS",
                                "--cacert",
                                authority.file().toString(),
                                "--http1.1",
                                "--connect-to",
                                "first.example:443:" + to,
                                "https://first.example/");
                assertEquals(0, curl.status(), curl.output());
                assertEquals("protocol=TLSv1.3 alpn=http/1.1 client=-\n", curl.output());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void endsAHandshakeThatTakesTooLong(TlsSettings.Engine engine) throws Exception {
        TlsSettings settings =
                TlsSite.timeout(TlsSite.settings(engine, first), Duration.ofMillis(300));
        byte[] hello = {0x16, 3, 1, 0, (byte) 200, 1, 0, 0, (byte) 196, 3, 3};
        try (Tls tls = Tls.open(settings);
                TlsSite site = new TlsSite(tls.server()::terminate);
                Socket silent = new Socket(InetAddress.ofLiteral("127.0.0.1"), site.port());
                Socket slow = new Socket(InetAddress.ofLiteral("127.0.0.1"), site.port())) {
            slow.getOutputStream().write(hello);
            assertEquals(-1, silent.getInputStream().read());
            assertEquals(-1, slow.getInputStream().read());
            assertEquals(2, tls.figures().handshakes(Side.SERVER, Handshake.TIMEOUT));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void closesWhatIsNotTls(TlsSettings.Engine engine) throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, first));
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            for (String text :
                    List.of(GET, "\u0016\u0007\u0009\u0000\u0001\u0001\u0000", "SSH-2.0-x\r\n")) {
                assertEquals("", answerTo(site.port(), text), text);
            }
            assertEquals(3, site.handshakes.size());
            assertEquals(3, tls.figures().handshakes(Side.SERVER, Handshake.NOT_TLS));
        }
    }

    private static String answerTo(int port, String text) throws IOException {
        try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException reset) {
            return "";
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void knowsWhoHasShownACertificate(TlsSettings.Engine engine) throws Exception {
        CertificateFiles alice = authority.issue("alice", "EC", "alice.example", "192.0.2.7");
        TestAuthority other = new TestAuthority(directory, "Other");
        CertificateFiles mallory = other.issue("mallory", "EC", "alice.example");
        TlsSettings settings =
                TlsSite.mutual(TlsSite.settings(engine, first), authority.file(), false);
        String fingerprint =
                Program.run(
                                "",
                                "openssl",
                                "x509",
                                "-noout",
                                "-fingerprint",
                                "-sha256",
                                "-in",
                                alice.certificate().toString())
                        .output()
                        .replaceAll("(?s).*=|[:\\s]", "")
                        .toLowerCase(java.util.Locale.ROOT);
        try (Tls tls = Tls.open(settings);
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            for (String version : List.of("-tls1_3", "-tls1_2")) {
                String known = asked(site.port(), with(alice, version));
                assertTrue(
                        known.contains(
                                "client=ClientIdentity[subject=CN=alice,O=Acme,"
                                        + " names=[dns:alice.example, ip:192.0.2.7], fingerprint="
                                        + fingerprint),
                        known);
                assertFalse(asked(site.port(), version).contains("client="));
                assertFalse(asked(site.port(), with(mallory, version)).contains("client="));
            }
            assertEquals(4, tls.figures().handshakes(Side.SERVER, Handshake.CERTIFICATE));
        }
        settings = TlsSite.mutual(TlsSite.settings(engine, first), authority.file(), true);
        try (Tls tls = Tls.open(settings);
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            assertTrue(asked(site.port()).contains("client=-"));
            assertTrue(asked(site.port(), with(alice, "-tls1_3")).contains("client=Client"));
            assertFalse(asked(site.port(), with(mallory, "-tls1_3")).contains("client="));
        }
    }

    private static String[] with(CertificateFiles own, String version) {
        return new String[] {
            version, "-cert", own.certificate().toString(), "-key", own.key().toString()
        };
    }
}
