package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** Certificates change while connections live. */
class TlsReloadTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    @TempDir Path directory;

    private TestAuthority authority;
    private CertificateFiles site;

    @BeforeEach
    void makeACertificate() throws Exception {
        authority = new TestAuthority(directory);
        site = authority.issue("site", "EC", "old.example");
    }

    /** A connection that stays. */
    private static SSLSocket connected(int port) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
                null,
                new TrustManager[] {
                    io.netty.handler.ssl.util.InsecureTrustManagerFactory.INSTANCE
                            .getTrustManagers()[0]
                },
                null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port);
        socket.startHandshake();
        return socket;
    }

    private static String asked(SSLSocket socket) throws IOException {
        socket.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));
        return new BufferedReader(
                        new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                .readLine();
    }

    private static String name(SSLSocket socket) throws Exception {
        X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
        return KeyedCertificate.names(shown).getFirst();
    }

    private void replace(CertificateFiles by) throws IOException {
        Files.move(by.certificate(), site.certificate(), StandardCopyOption.REPLACE_EXISTING);
        Files.move(by.key(), site.key(), StandardCopyOption.REPLACE_EXISTING);
    }

    /** A change counts when it is seen twice. */
    private static void look(Tls tls) {
        tls.look();
        tls.look();
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void showsTheNewCertificateAndLeavesConnectionsAlone(TlsSettings.Engine engine)
            throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, site));
                TlsSite server = new TlsSite(tls.server()::terminate);
                SSLSocket before = connected(server.port())) {
            assertEquals("old.example", name(before));
            replace(authority.issue("next", "EC", "new.example"));
            tls.look();
            try (SSLSocket between = connected(server.port())) {
                assertEquals("old.example", name(between));
            }
            tls.look();
            try (SSLSocket after = connected(server.port())) {
                assertEquals("new.example", name(after));
            }
            assertTrue(asked(before).startsWith("protocol=TLSv1.3"));
            assertEquals(1, tls.figures().reloads());
        }
    }

    @Test
    void keepsWhatThereIsWhereTheNewIsBroken() throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(site));
                TlsSite server = new TlsSite(tls.server()::terminate)) {
            String good = Files.readString(site.certificate());
            Files.writeString(site.certificate(), "-----BEGIN CERTIFICATE-----\nrubbish\n");
            look(tls);
            look(tls);
            assertEquals(1, tls.figures().failedReloads());
            Files.delete(site.certificate());
            look(tls);
            assertEquals(2, tls.figures().failedReloads());
            // The new certificate, and the old one's key yet.
            CertificateFiles next = authority.issue("next", "EC", "new.example");
            Files.move(next.certificate(), site.certificate());
            look(tls);
            assertEquals(3, tls.figures().failedReloads());
            try (SSLSocket after = connected(server.port())) {
                assertEquals("old.example", name(after));
            }
            Files.move(next.key(), site.key(), StandardCopyOption.REPLACE_EXISTING);
            look(tls);
            assertEquals(1, tls.figures().reloads());
            try (SSLSocket after = connected(server.port())) {
                assertEquals("new.example", name(after));
            }
            assertFalse(good.isEmpty());
        }
    }

    @Test
    void changesAllOrNothingByAnotherConfiguration() throws Exception {
        CertificateFiles other = authority.issue("other", "EC", "other.example");
        CertificateFiles absent =
                new CertificateFiles(directory.resolve("no.pem"), directory.resolve("no.key"));
        try (Tls tls = Tls.open(TlsSite.settings(site));
                TlsSite server = new TlsSite(tls.server()::terminate);
                SSLSocket before = connected(server.port())) {
            TlsException wrong =
                    assertThrows(
                            TlsException.class, () -> tls.prepare(TlsSite.settings(other, absent)));
            assertEquals(absent.certificate() + ": there is no such file", wrong.getMessage());
            tls.prepare(TlsSite.settings(other)).release();
            try (SSLSocket after = connected(server.port())) {
                assertEquals("old.example", name(after));
            }
            tls.prepare(TlsSite.settings(other)).commit();
            try (SSLSocket after = connected(server.port())) {
                assertEquals("other.example", name(after));
            }
            tls.prepare(TlsSettings.NONE).commit();
            assertThrows(IllegalStateException.class, tls.server()::terminate);
            assertTrue(asked(before).startsWith("protocol=TLSv1.3"));
        }
    }

    @Test
    void resumesSessionsAcrossReloadsAndOneRotationOfKeys() throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(TlsSettings.Engine.BORINGSSL, site));
                TlsSite server = new TlsSite(tls.server()::terminate)) {
            for (String version : new String[] {"-tls1_3", "-tls1_2"}) {
                Path session = directory.resolve("session");
                asked(server, version, "-sess_out", session);
                assertTrue(asked(server, version, "-sess_in", session).contains("Reused, TLSv1"));
                replace(authority.issue("next", "EC", "new.example"));
                look(tls);
                assertTrue(asked(server, version, "-sess_in", session).contains("Reused, TLSv1"));
                tls.rotateTicketKeys();
                assertTrue(asked(server, version, "-sess_in", session).contains("Reused, TLSv1"));
                tls.rotateTicketKeys();
                String over = asked(server, version, "-sess_in", session);
                assertTrue(over.contains("New, TLSv1"), over);
                assertTrue(over.contains("protocol="), over);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void resumesSessions(TlsSettings.Engine engine) throws Exception {
        try (Tls tls = Tls.open(TlsSite.settings(engine, site));
                TlsSite server = new TlsSite(tls.server()::terminate)) {
            for (String version : new String[] {"-tls1_3", "-tls1_2"}) {
                Path session = directory.resolve("session");
                asked(server, version, "-sess_out", session);
                String again = asked(server, version, "-sess_in", session);
                assertTrue(again.contains("Reused, TLSv1"), again);
            }
        }
    }

    private static String asked(TlsSite server, String version, String what, Path session)
            throws Exception {
        return Program.sClient(server.port(), GET, version, what, session.toString()).output();
    }

    @Test
    void tellsWhenCertificatesEnd() throws Exception {
        Instant end = Instant.now().plus(3, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
        CertificateFiles soon = authority.issue("soon", "EC", end, "soon.example");
        try (Tls tls = Tls.open(TlsSite.settings(site, soon))) {
            assertEquals(
                    end,
                    tls.certificates().stream()
                            .filter(one -> one.name().endsWith("soon.pem"))
                            .findFirst()
                            .orElseThrow()
                            .notAfter());
            assertEquals(2, tls.certificates().size());
        }
    }
}
