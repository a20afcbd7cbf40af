package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Flows that the gateway speaks HTTP with, between curl and nginx. */
@Timeout(40)
class HttpHandlerTest {
    private static final int MIB = 1024 * 1024;
    private static final String HTTP =
            "policy: { rules: [ { do: upgrade, handler: http, protocol: tcp } ] }\n";

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    private static String url(Family family, String path) {
        String host = family.server().getHostAddress();
        return "http://%s:%d%s"
                .formatted(family.isIpv6() ? "[" + host + "]" : host, Nginx.PORT, path);
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
        try (Topology topology = Topology.open(HTTP, log);
                Nginx _ = Nginx.on(topology.server(), directory)) {
            Tool.Result result =
                    Tool.CURL.run(topology.client(), "-sS", "-g", url(family, "/small"));

            assertEquals(0, result.status(), result::toString);
            assertEquals(List.of("hello"), result.output());
            FlowLog.Ended ended = log.ended(Nginx.PORT);
            assertEquals(Reason.FINISHED, ended.reason());
            assertTrue(ended.flow().relayFigures().bytesUp() > 50);
            assertTrue(ended.flow().relayFigures().bytesDown() > 100);
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void largeBodiesPassBothWaysByteForByte(Family family) throws Exception {
        byte[] content = random(100 * MIB + 1);
        Path upload = directory.resolve("upload");
        Path download = directory.resolve("download");
        Files.write(upload, content);
        try (Topology topology = Topology.open(HTTP, log);
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Files.write(nginx.file("big"), content);

            Tool.CURL.succeeds(
                    topology.client(), "-sSgf", "-o", download.toString(), url(family, "/big"));
            Tool.CURL.succeeds(
                    topology.client(), "-sSgf", "-T", upload.toString(), url(family, "/stored"));

            assertEquals(-1, Files.mismatch(upload, download));
            assertEquals(-1, Files.mismatch(upload, nginx.file("stored")));
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyClientsShareTheConnectionsToAServer(Family family) throws Exception {
        try (Topology topology = Topology.open(HTTP, log);
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            for (int i = 0; i < 20; i++) {
                Tool.CURL.succeeds(topology.client(), "-sSgf", url(family, "/small"));
            }

            assertTrue(nginx.connections("/small") <= 2, () -> "connections to the server");
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aServerThatRefusesIsABadGateway(Family family) throws Exception {
        try (Topology topology = Topology.open(HTTP, log)) {
            Tool.Result result =
                    Tool.CURL.run(
                            topology.client(),
                            "-svSg",
                            "--max-time",
                            "10",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code}",
                            url(family, "/"));

            assertEquals(List.of("502"), result.output(), () -> String.join("\n", result.errors()));
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theGatewaysEndLeavesNoDescriptor(Family family) throws Exception {
        try (Topology topology = Topology.open(HTTP, log);
                Nginx _ = Nginx.on(topology.server(), directory)) {
            long before = topology.descriptors();
            Tool.CURL.succeeds(topology.client(), "-sSgf", url(family, "/small"));
            leavesNothing(topology);
            // The kept connection to the server is all that may be there besides.
            assertTrue(topology.descriptors() - before <= 1, () -> "descriptors");
        }
    }
}
