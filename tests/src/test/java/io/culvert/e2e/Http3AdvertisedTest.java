package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.CertificateFiles;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** Clients by TCP are told that HTTP/3 is there, too: where it is. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
@Timeout(120)
class Http3AdvertisedTest {
    private static final String NAME = "www.example.test";

    private static final String BOTH =
            "- { ports: 443, protocol: [tcp, udp], do: upgrade, handler: http, upstream: web }";

    @TempDir private Path directory;

    private CertificateFiles certificate;
    private String trusted;

    @BeforeEach
    void certificates() throws Exception {
        TestCertificates all = TestCertificates.in(directory.resolve("ca"), "Test web");
        try (Host host = Host.named("authority")) {
            certificate = all.issue(host, NAME);
        }
        trusted = all.trusted();
    }

    private String settings(Family family, String http, String rules) {
        return """
        http: { %s }
        tls: { certificates: [{ certificate: %s, key: %s }] }
        upstreams: [{ name: web, servers: ["%s:%d"] }]
        policy:
          rules:
        %s
        """
                .formatted(
                        http,
                        certificate.certificate(),
                        certificate.key(),
                        literal(family),
                        Nginx.PORT,
                        rules.indent(4));
    }

    private static String literal(Family family) {
        String server = family.server().getHostAddress();
        return family.isIpv6() ? "[" + server + "]" : server;
    }

    /** The field of an answer; empty where it has none. */
    private String told(Topology topology, Family family, String version) throws Exception {
        Tool.Result result =
                Tool.CURL.run(
                        topology.client(),
                        "-sSi",
                        version,
                        "--cacert",
                        trusted,
                        "--resolve",
                        NAME + ":443:" + literal(family),
                        "https://" + NAME + "/small");
        assertTrue(result.says("hello"), result::toString);
        return result.output().stream()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("alt-svc:"))
                .reduce("", String::concat);
    }

    private static final String ON = "experimental-http3: true, advertise-http3: true";

    @ParameterizedTest
    @EnumSource
    void clientsAreToldWhereItIs(Family family) throws Exception {
        try (Topology topology = Topology.open(settings(family, ON, BOTH), new FlowLog());
                Nginx _ = Nginx.on(topology.server(), directory)) {
            for (String version : List.of("--http1.1", "--http2")) {
                assertEquals(
                        "alt-svc: h3=\":443\"; ma=3600",
                        told(topology, family, version).toLowerCase(Locale.ROOT));
            }
        }
    }

    private static final String TCP =
            "- { ports: 443, protocol: tcp, do: upgrade, handler: http, upstream: web }\n";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "experimental-http3: true |",
                ON + "| - { ports: 443, protocol: udp, do: deny }",
                ON + "| - { ports: 443, protocol: udp, sni: www.example.test, do: deny }",
                ON + "| - { ports: 443, protocol: udp, do: upgrade, handler: http, tls: pass }",
            })
    void andNotWhereItIsNot(String http, String first) throws Exception {
        String rules =
                (first == null ? "" : first + "\n")
                        + TCP
                        + "- { protocol: udp, do: upgrade, handler: http, upstream: web }";
        try (Topology topology = Topology.open(settings(Family.IPV4, http, rules), new FlowLog());
                Nginx _ = Nginx.on(topology.server(), directory)) {
            assertEquals("", told(topology, Family.IPV4, "--http2"));
        }
    }

    /** A rule about a name or a path is asked with the request's. */
    @ParameterizedTest
    @EnumSource
    void rulesAboutNamesAndPathsAreAskedAsForQuic(Family family) throws Exception {
        String rules =
                "- { protocol: [tcp, udp], http: { path: /admin/ }, do: deny }\n"
                        + "- { protocol: udp, sni: other.example.test, do: deny }\n"
                        + "- { ports: 443, protocol: [tcp, udp], sni: "
                        + NAME
                        + ", do: upgrade, handler: http, upstream: web }";
        try (Topology topology = Topology.open(settings(family, ON, rules), new FlowLog());
                Nginx _ = Nginx.on(topology.server(), directory)) {
            assertEquals(
                    "alt-svc: h3=\":443\"; ma=3600",
                    told(topology, family, "--http2").toLowerCase(Locale.ROOT));
        }
    }

    /**
     * A browser asks by TCP, is told, and goes on by HTTP/3. It would not believe a server of QUIC
     * whose authority is the test's own; naming the host with a port that nobody asks for lets it.
     */
    @ParameterizedTest
    @EnumSource
    @Tag("abuse")
    void aBrowserGoesOnByHttp3(Family family) throws Exception {
        try (Topology topology = Topology.open(settings(family, ON, BOTH), new FlowLog());
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Files.writeString(
                    nginx.file("page.html"),
                    """
                    <body>waiting<script>
                    async function look() {
                      for (let i = 0; i < 200; i++) {
                        await (await fetch('small?' + i)).text();
                        const last = performance.getEntriesByType('resource').at(-1);
                        if (last.nextHopProtocol === 'h3') {
                          document.body.textContent = 'came by ' + last.nextHopProtocol;
                          return;
                        }
                        performance.clearResourceTimings();
                      }
                    }
                    look();
                    </script></body>
                    """);
            Tool.Result result =
                    Tool.CHROMIUM.run(
                            topology.client(),
                            "--headless",
                            "--no-sandbox",
                            "--disable-gpu",
                            "--no-first-run",
                            "--disable-background-networking",
                            "--disable-component-update",
                            "--disable-sync",
                            "--virtual-time-budget=20000",
                            "--user-data-dir=" + directory.resolve("browser"),
                            "--origin-to-force-quic-on=" + NAME + ":9",
                            "--host-resolver-rules=MAP %s %s".formatted(NAME, literal(family)),
                            "--ignore-certificate-errors-spki-list=" + fingerprint(),
                            "--dump-dom",
                            "https://" + NAME + "/page.html");
            assertTrue(result.says("came by h3"), result::toString);
            assertTrue(topology.gateway().http().requests(2, 2) >= 1, "first by TCP");
            assertTrue(topology.gateway().http().requests(3, 2) >= 1);
        }
    }

    /** Of the public key in the certificate. */
    private String fingerprint() throws Exception {
        try (InputStream file = Files.newInputStream(certificate.certificate())) {
            byte[] key =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(file)
                            .getPublicKey()
                            .getEncoded();
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-256").digest(key));
        }
    }
}
