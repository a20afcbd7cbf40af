package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.CertificateFiles;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Clients of HTTP/3 show certificates, as those by TCP do. */
@Timeout(60)
class Http3ClientCertificateTest {
    private static final String NAME = "www.example.test";

    @TempDir private Path directory;

    private CertificateFiles server;
    private CertificateFiles client;
    private CertificateFiles stranger;
    private String authorities;

    @BeforeEach
    void certificates() throws Exception {
        TestCertificates web = TestCertificates.in(directory.resolve("web"), "Test web");
        TestCertificates clients = TestCertificates.in(directory.resolve("own"), "Test clients");
        // Of the same name, since clients show none of an authority that is not asked for.
        TestCertificates others = TestCertificates.in(directory.resolve("others"), "Test clients");
        try (Host host = Host.named("authority")) {
            server = web.issue(host, NAME);
            client = clients.issue(host, "alice.example.test");
            stranger = others.issue(host, "mallory.example.test");
        }
        authorities = clients.trusted();
    }

    private Topology open(Family family, String certificates) throws Exception {
        String target = family.server().getHostAddress();
        return Topology.open(
                """
                http: { experimental-http3: true }
                tls:
                  certificates: [{ certificate: %s, key: %s }]
                  client-authorities: %s
                  client-certificates: %s
                upstreams: [{ name: web, servers: ["%s:%d"] }]
                policy:
                  rules:
                    - { protocol: udp, ports: 443, do: upgrade, handler: http, upstream: web }
                """
                        .formatted(
                                server.certificate(),
                                server.key(),
                                authorities,
                                certificates,
                                family.isIpv6() ? "[" + target + "]" : target,
                                Nginx.PORT),
                new FlowLog());
    }

    private static Tool.Result ask(
            Topology topology, Family family, CertificateFiles shown, String... more)
            throws Exception {
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--sni=" + NAME,
                                "--no-quic-dump",
                                "--exit-on-all-streams-close",
                                "--timeout=20s"));
        if (shown != null) {
            all.add("--cert=" + shown.certificate());
            all.add("--key=" + shown.key());
        }
        all.addAll(List.of(more));
        all.addAll(List.of(family.server().getHostAddress(), "443", "https://" + NAME + "/small"));
        return Tool.HTTP3_CLIENT.run(topology.client(), all.toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource
    void whoShowsOneOfTheAuthoritysIsLetIn(Family family) throws Exception {
        try (Topology topology = open(family, "required");
                Nginx _ = Nginx.on(topology.server(), directory)) {
            Tool.Result result = ask(topology, family, client);
            assertTrue(result.says("hello"), result::toString);
            assertEquals(1, topology.gateway().http().requests(3, 2));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoShowsNoneOrAnothersIsNot(Family family) throws Exception {
        try (Topology topology = open(family, "required");
                Nginx _ = Nginx.on(topology.server(), directory)) {
            for (CertificateFiles shown : new CertificateFiles[] {null, stranger}) {
                Tool.Result result = ask(topology, family, shown);
                assertFalse(result.says("hello"), result::toString);
            }
            assertEquals(0, topology.gateway().http().requests(3, 2));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whereItIsOptionalWhoShowsNoneIsLetInAndWhoShowsAnothersIsNot(Family family)
            throws Exception {
        try (Topology topology = open(family, "optional");
                Nginx _ = Nginx.on(topology.server(), directory)) {
            Tool.Result result = ask(topology, family, null);
            assertTrue(result.says("hello"), result::toString);
            result = ask(topology, family, stranger);
            assertFalse(result.says("hello"), result::toString);
        }
    }

    /** A session that began with a certificate is not gone on with without one. */
    @ParameterizedTest
    @EnumSource
    void itIsShownOnEachConnection(Family family) throws Exception {
        Path session = directory.resolve("session");
        String[] remembered = {
            "--session-file=" + session,
            "--tp-file=" + directory.resolve("parameters"),
            "--disable-early-data"
        };
        try (Topology topology = open(family, "required");
                Nginx _ = Nginx.on(topology.server(), directory)) {
            Tool.Result first = ask(topology, family, client, remembered);
            assertTrue(first.says("hello"), first::toString);
            Tool.Result second = ask(topology, family, null, remembered);
            assertFalse(second.says("hello"), second::toString);
            Tool.Result third = ask(topology, family, client, remembered);
            assertTrue(third.says("hello"), third::toString);
        }
    }
}
