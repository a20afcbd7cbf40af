package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.Closeable;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * iperf3 while the configuration changes: it sees no interruption, and what the one end sent is
 * what the other received.
 */
@Tag("abuse")
@Timeout(180)
class ReloadIperfTest {
    private static final int SECONDS = 8;

    /** Room for the reloads beside it. */
    private static final int MEGABITS = 300;

    private static final int BLOCK = 128 * 1024;

    /** It ends when all of that is sent, and not by the clock, so both ends count the same. */
    private static final long BYTES = MEGABITS * 1_000_000L / 8 * SECONDS / BLOCK * BLOCK;

    @TempDir private Path directory;

    @ParameterizedTest
    @CsvSource({
        "IPV4, upgraded, up",
        "IPV4, upgraded, down",
        "IPV4, forwarded, up",
        "IPV4, forwarded, down",
        "IPV6, upgraded, up",
        "IPV6, upgraded, down",
        "IPV6, forwarded, up",
        "IPV6, forwarded, down"
    })
    void seesNoInterruption(Family family, String how, String direction) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                Host extra = Host.named("extra");
                Host branch = topology.addClient(Site.FAR)) {
            Site near = new Site(Site.NEAR, topology.client(), topology.gatewayHost(), directory);
            Site far = new Site(Site.FAR, branch, topology.gatewayHost(), directory);
            String staying =
                    "onramps:\n" + new TunSite().prepare(near) + new TunSite().prepare(far);
            topology.routeOffRamp();
            FlowLog log = new FlowLog();
            topology.start(configuration(staying, extra, false), log);
            boolean isUpgraded = how.equals("upgraded");
            Host at = isUpgraded ? topology.server() : branch;
            InetAddress address = isUpgraded ? family.server() : family.branch();
            try (Closeable one = new TunSite().join(near, topology.gateway());
                    Closeable two = new TunSite().join(far, topology.gateway());
                    CulvertProcess server = serve(at, address);
                    CulvertProcess client =
                            ask(topology.client(), address, direction.equals("down"))) {
                Eventually.holds("both of its connections", () -> log.openedFlows().size() == 2);
                int reloads = 0;
                while (client.isAlive()) {
                    String next = configuration(staying, extra, reloads % 2 == 0);
                    int closed =
                            topology.gateway()
                                    .apply(Topology.configuration(next), reloads % 3 == 0);
                    assertEquals(0, closed);
                    reloads++;
                }
                assertEquals(0, client.exitStatus(), () -> "" + client.output());
                check(String.join("\n", client.output()), reloads);
                assertTrue(one != null && two != null && server != null);
            }
            topology.everyPacketIsAccountedFor();
        }
    }

    private String configuration(String staying, Host extra, boolean more) {
        return ReloadedRamps.configuration(staying, extra, directory, more);
    }

    private static CulvertProcess serve(Host at, InetAddress address) throws Exception {
        CulvertProcess server =
                Tool.IPERF.start(at, "-s", "-1", "--forceflush", "-B", address.getHostAddress());
        Eventually.holds(
                "iperf3 listens",
                () -> server.output().stream().anyMatch(line -> line.contains("listening")));
        return server;
    }

    private static CulvertProcess ask(Host from, InetAddress address, boolean reverse)
            throws Exception {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "--json",
                                "-c",
                                address.getHostAddress(),
                                "-n",
                                "" + BYTES,
                                "-l",
                                "" + BLOCK,
                                "-b",
                                MEGABITS + "M"));
        if (reverse) {
            arguments.add("--reverse");
        }
        return Tool.IPERF.start(from, arguments.toArray(String[]::new));
    }

    private static void check(String json, int reloads) {
        JsonNode report = new ObjectMapper().readTree(json);
        assertTrue(reloads >= 10, () -> reloads + " reloads");
        assertEquals("", report.path("error").asString(""));
        assertTrue(report.path("intervals").size() >= SECONDS - 1, json);
        for (JsonNode interval : report.path("intervals")) {
            assertTrue(interval.path("sum").path("bytes").asLong() > 0, interval::toString);
        }
        long sent = report.path("end").path("sum_sent").path("bytes").asLong();
        long received = report.path("end").path("sum_received").path("bytes").asLong();
        assertEquals(BYTES, sent);
        assertEquals(sent, received);
    }
}
