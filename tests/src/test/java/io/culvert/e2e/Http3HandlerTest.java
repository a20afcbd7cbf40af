package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.http.ExchangeFacts;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** UDP flows whose QUIC ends in the gateway, between ngtcp2's client and nginx. */
@Timeout(60)
class Http3HandlerTest {
    private static final int MIB = 1024 * 1024;
    private static final int PORT = 443;
    private static final String NAME = "www.example.org";

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    /** A certificate for the name, and one for another. */
    @BeforeEach
    void certificates() throws Exception {
        try (Host host = Host.named("authority")) {
            for (String name : List.of("other.example.org", NAME)) {
                Tool.OPENSSL.succeeds(
                        host,
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:P-256",
                        "-nodes",
                        "-subj",
                        "/CN=" + name,
                        "-addext",
                        "subjectAltName=DNS:" + name,
                        "-keyout",
                        directory.resolve(name + ".key").toString(),
                        "-out",
                        directory.resolve(name + ".pem").toString());
            }
        }
    }

    private String settings(Family family, String rules) {
        String server = family.server().getHostAddress();
        return """
        http: { experimental-http3: true }
        tls:
          certificates:
            - { certificate: %1$s/other.example.org.pem, key: %1$s/other.example.org.key }
            - { certificate: %1$s/%2$s.pem, key: %1$s/%2$s.key }
        upstreams:
          - { name: web, servers: ["%3$s:%4$d"] }
        policy:
          rules:
        %5$s
        """
                .formatted(
                        directory,
                        NAME,
                        family.isIpv6() ? "[" + server + "]" : server,
                        Nginx.PORT,
                        rules.indent(4));
    }

    private static final String WEB =
            "- { name: web, protocol: udp, ports: 443, do: upgrade, handler: http, upstream: web }";

    private static String url(String path) {
        return "https://" + NAME + path;
    }

    private static Tool.Result ask(Topology topology, Family family, String... arguments)
            throws Exception {
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--sni=" + NAME,
                                "--no-quic-dump",
                                "--exit-on-all-streams-close",
                                "--timeout=20s"));
        List<String> options = List.of(arguments);
        int urls = options.indexOf("--");
        all.addAll(options.subList(0, urls));
        all.add(family.server().getHostAddress());
        all.add(Integer.toString(PORT));
        all.addAll(options.subList(urls + 1, options.size()));
        return Tool.HTTP3_CLIENT.run(topology.client(), all.toArray(String[]::new));
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static void leavesNothing(Topology topology) throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        topology.everyPacketIsAccountedFor();
    }

    @ParameterizedTest
    @EnumSource
    void aPageComesAsTheServerHasIt(Family family) throws Exception {
        List<ExchangeFacts> requests = new CopyOnWriteArrayList<>();
        try (Topology topology = Topology.open(settings(family, WEB), log);
                Nginx _ = Nginx.on(topology.server(), directory)) {
            topology.gateway().http().listener(requests::add);
            Tool.Result result = ask(topology, family, "--", url("/small"));

            assertTrue(result.says("[:status: 200]"), result::toString);
            assertTrue(result.says("hello"), result::toString);
            assertEquals(1, topology.gateway().http().requests(3, 2));
            assertEquals(3, requests.getFirst().clientVersion());
            FlowLog.Ended ended = log.ended(PORT);
            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals("web", ended.flow().decision().decidedBy());
            assertEquals(requests.getFirst().flow().id(), Long.toString(ended.flow().id()));
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void largeBodiesPassBothWaysByteForByte(Family family) throws Exception {
        byte[] content = random(10 * MIB + 1);
        Path upload = Files.write(directory.resolve("upload"), content);
        Path download = Files.createDirectory(directory.resolve("download"));
        try (Topology topology = Topology.open(settings(family, WEB), log);
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            for (int i = 0; i < 3; i++) {
                Files.write(nginx.file("big" + i), content);
            }

            ask(
                    topology,
                    family,
                    "-q",
                    "--download=" + download,
                    "--",
                    url("/big0"),
                    url("/big1"),
                    url("/big2"));
            ask(topology, family, "-q", "-m", "PUT", "-d", upload.toString(), "--", url("/stored"));

            for (int i = 0; i < 3; i++) {
                assertEquals(-1, Files.mismatch(upload, download.resolve("big" + i)));
            }
            assertEquals(-1, Files.mismatch(upload, nginx.file("stored")));
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachRequestOfAConnectionIsAskedAbout(Family family) throws Exception {
        String rules = "- { name: admin, http: { path: /stored }, do: deny }\n" + WEB;
        try (Topology topology = Topology.open(settings(family, rules), log);
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Tool.Result result = ask(topology, family, "--", url("/stored"), url("/small"));

            assertTrue(result.says("[:status: 403]"), result::toString);
            assertTrue(result.says("[culvert-reason: POLICY_RULE]"), result::toString);
            assertTrue(result.says("hello"), result::toString);
            assertEquals(1, log.openedFlows().size());
            assertEquals(0, nginx.connections("/stored"));
            assertEquals(
                    Application.QUIC,
                    ((Facts) log.openedFlows().getFirst().content()).application());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** Without an upstream, requests go where the client wanted to go, by TLS. */
    @ParameterizedTest
    @EnumSource
    void aTargetThatDoesNotListenIsABadGateway(Family family) throws Exception {
        String rules = "- { protocol: udp, ports: 443, do: upgrade, handler: http }";
        try (Topology topology = Topology.open(settings(family, rules), log)) {
            Tool.Result result = ask(topology, family, "--", url("/"));
            assertTrue(result.says("[:status: 502]"), result::toString);
            assertTrue(result.says("[culvert-reason: DIAL_REFUSED]"), result::toString);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void autoEndsQuicAndRelaysOtherDatagrams(Family family) throws Exception {
        String rules = "- { name: any, do: upgrade, handler: auto, upstream: web }";
        try (Topology topology = Topology.open(settings(family, rules), log);
                Nginx _ = Nginx.on(topology.server(), directory);
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            assertTrue(ask(topology, family, "--", url("/small")).says("hello"));
            assertEquals(1, topology.gateway().http().requests(3, 2));

            client.connect(server.address());
            client.write(ByteBuffer.wrap(new byte[20]));
            assertEquals(20, client.read(ByteBuffer.allocate(100)));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void quicThatIsToPassIsRelayed(Family family) throws Exception {
        String rules = "- { protocol: udp, do: upgrade, handler: http, tls: pass }";
        try (Topology topology = Topology.open(settings(family, rules), log);
                UdpEcho server = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.connect(server.address());
            client.write(ByteBuffer.wrap(new byte[1200]));
            assertEquals(1200, client.read(ByteBuffer.allocate(2000)));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** It cannot be, and may not pass unseen: the client is told at once, and can use TCP. */
    @ParameterizedTest
    @EnumSource
    void quicThatIsToBeInspectedIsRefused(Family family) throws Exception {
        String authority =
                "  inspect: { certificate: %1$s/other.example.org.pem, key: %1$s/other.example.org.key }"
                        .formatted(directory);
        String rules = "- { protocol: udp, do: upgrade, handler: http, tls: inspect }";
        String settings = settings(family, rules).replace("upstreams:", authority + "\nupstreams:");
        refused(family, settings);
    }

    @ParameterizedTest
    @EnumSource
    void withoutTheSwitchItIsRefused(Family family) throws Exception {
        refused(family, settings(family, WEB).replace("experimental-http3: true", ""));
    }

    private void refused(Family family, String settings) throws Exception {
        try (Topology topology = Topology.open(settings, log);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            client.connect(new InetSocketAddress(family.server(), PORT));
            client.write(ByteBuffer.wrap(new byte[1200]));
            assertThrows(IOException.class, () -> client.read(ByteBuffer.allocate(100)));
            assertEquals(1, log.closed(Reason.PROTOCOL_NOT_UPGRADABLE));
            leavesNothing(topology);
        }
    }

    /** A page and what it has in it, by a browser. */
    @ParameterizedTest
    @EnumSource
    @Tag("abuse")
    void aBrowserShowsAPage(Family family) throws Exception {
        try (Topology topology = Topology.open(settings(family, WEB), log);
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Files.writeString(
                    nginx.file("page.html"),
                    "<body><script src=a.js></script><script src=b.js></script></body>");
            for (String name : List.of("a", "b")) {
                Files.writeString(
                        nginx.file(name + ".js"), "document.write('" + name + " is here;')");
            }
            String server = family.server().getHostAddress();
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
                            "--user-data-dir=" + directory.resolve("browser"),
                            "--origin-to-force-quic-on=" + NAME + ":443",
                            "--host-resolver-rules=MAP %s %s"
                                    .formatted(NAME, family.isIpv6() ? "[" + server + "]" : server),
                            "--ignore-certificate-errors-spki-list=" + fingerprint(),
                            "--dump-dom",
                            url("/page.html"));

            assertTrue(result.says("a is here;"), result::toString);
            assertTrue(result.says("b is here;"), result::toString);
            assertTrue(topology.gateway().http().requests(3, 2) >= 3);
            assertEquals(0, topology.gateway().http().requests(1, 2));
        }
    }

    /** Of the public key in the name's certificate. */
    private String fingerprint() throws Exception {
        try (InputStream file = Files.newInputStream(directory.resolve(NAME + ".pem"))) {
            byte[] key =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(file)
                            .getPublicKey()
                            .getEncoded();
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-256").digest(key));
        }
    }

    /** A connection that lives is told that the gateway ends. */
    @ParameterizedTest
    @EnumSource
    void theGatewaysEndEndsConnections(Family family) throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        // Nothing is on the way when the gateway ends, and so nothing of the end is lost.
        try (Topology topology = Topology.open(settings(family, WEB), log);
                TcpServer _ =
                        TcpServer.on(
                                topology.server(),
                                family,
                                family.server(),
                                Nginx.PORT,
                                origin -> {
                                    FrontDoor.read(origin, 1);
                                    FrontDoor.write(
                                            origin,
                                            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                                    answered.countDown();
                                    FrontDoor.read(origin, MIB);
                                });
                CulvertProcess client =
                        Tool.HTTP3_CLIENT.start(
                                topology.client(),
                                "--sni=" + NAME,
                                "--no-quic-dump",
                                "--no-http-dump",
                                "--timeout=20s",
                                family.server().getHostAddress(),
                                Integer.toString(PORT),
                                url("/half"))) {
            assertTrue(answered.await(20, TimeUnit.SECONDS));
            topology.gateway().close();
            assertEquals(0, client.exitStatus(Duration.ofSeconds(10)));
        }
    }
}
