package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.http.ExchangeFacts;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

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
        byte[] content = random(20 * MIB + 1);
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
}
