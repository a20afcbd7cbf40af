package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.control.ControlClient;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import tools.jackson.databind.ObjectMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * slowhttptest(1) with two thousand connections in each of its ways: heads, bodies and readers that
 * take for ever, and requests for too many ranges; straight at nginx, and then through a gateway.
 * Whoever else is there is answered, and how soon, beside the time before, is printed: while the
 * connections open and while they are held, half of the answers and 99 in a hundred.
 */
@Tag("abuse")
@Timeout(300)
class SlowHttpTest {
    private static final int ANSWERS = 1_000;

    /** Attacks before the one that is measured, so that it does not meet a gateway just started. */
    private static final int WARM_UPS = 3;

    /** More than fits into the buffers on the way, so that readers can be slow. */
    private static final int PAGE = 1_000_000;

    /** Section 6 of the robustness table: slow clients of an HTTP handler. */
    private static final int ROW = 23;

    @TempDir private Path directory;

    static Stream<Arguments> attacks() {
        return Arrays.stream(SlowAttack.values())
                .flatMap(
                        attack ->
                                Arrays.stream(Family.values())
                                        .map(family -> Arguments.of(attack, family)));
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void othersAreAnswered(SlowAttack attack, Family family) throws Exception {
        Path configuration = directory.resolve("edge.yaml");
        Path control = directory.resolve("control.sock");
        try (Topology topology = Topology.withoutGateway();
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Host attacker = topology.addClient("attacker");
            Files.write(nginx.file("big"), new Content(1).bytes(PAGE));
            Host neighbour = topology.gatewayHost();
            attacked(
                    "straight at nginx",
                    attack,
                    family,
                    neighbour,
                    neighbour,
                    List.of(nginx.handle()));
            Files.writeString(
                    configuration,
                    topology.onRamps(1500, "acme", "umbrella")
                            + "policy: { rules: [ { do: upgrade, handler: http } ] }\n");
            try (CulvertProcess culvert =
                    CulvertProcess.start(
                            topology.gatewayHost(),
                            "run",
                            "--control",
                            control.toString(),
                            configuration.toString())) {
                culvert.awaitReady();
                topology.routeClients();
                attacked(
                        "through Culvert",
                        attack,
                        family,
                        topology.client(),
                        attacker,
                        List.of(nginx.handle(), culvert.handle()));
                Eventually.equal(0, "flows", () -> flows(control));
                assertTrue(culvert.isAlive());
                assertEquals(
                        List.of(),
                        culvert.errors().stream().filter(l -> l.contains("ERROR")).toList());
            }
        }
    }

    /**
     * Attacks, and prints what others have of it.
     *
     * @param servers whose processor time is looked at
     */
    private static void attacked(
            String where,
            SlowAttack attack,
            Family family,
            Host client,
            Host attacker,
            List<ProcessHandle> servers)
            throws Exception {
        try (PacedRequests requests =
                PacedRequests.start(client, family, family.server(Nginx.PORT))) {
            for (int i = 0; i < WARM_UPS; i++) {
                try (CulvertProcess attacking =
                        attack.start(attacker, family, SlowAttack.WARM_SECONDS)) {
                    while (attacking.isAlive()) {
                        requests.goesOn(10);
                    }
                }
            }
            requests.goesOn(ANSWERS);
            requests.begin();
            requests.goesOn(ANSWERS);
            Latency before = Latency.of(requests);
            requests.begin();
            int most = 0;
            int megabytes = 0;
            Latency opening = null;
            List<Integer> openingShares = List.of();
            Duration[] at = processorTime(servers);
            long since = System.nanoTime();
            try (CulvertProcess attacking = attack.start(attacker, family, SlowAttack.SECONDS)) {
                while (attacking.isAlive()) {
                    int sockets = SlowAttack.sockets(attacker, family);
                    most = Math.max(most, sockets);
                    megabytes = Math.max(megabytes, SlowAttack.kernelMegabytes(attacker));
                    if (opening == null && sockets >= SlowAttack.CONNECTIONS) {
                        opening = Latency.of(requests);
                        openingShares = shares(at, since, servers);
                        requests.begin();
                        at = processorTime(servers);
                        since = System.nanoTime();
                    }
                    requests.goesOn(10);
                }
                assertTrue(
                        String.join("\n", attacking.output()).contains("Exit status"),
                        () -> "" + attacking.output() + attacking.errors());
            }
            Latency held = Latency.of(requests);
            Figures.print(
                    ROW,
                    "%s, %s, %s: us before %s; opening %s%s, processors %s; held %s%s,"
                            + " processors %s; %d sockets, %d MB in the kernel",
                    attack,
                    family,
                    where,
                    before,
                    opening,
                    opening == null ? "" : opening.times(before),
                    openingShares,
                    held,
                    held.times(before),
                    shares(at, since, servers),
                    most,
                    megabytes);
            assertEquals(List.of(), requests.failures());
        }
    }

    /** Microseconds of requests, of half of them and of 99 in a hundred. */
    private record Latency(long median, long percentile99) {
        static Latency of(PacedRequests requests) {
            return new Latency(requests.percentile(50), requests.percentile(99));
        }

        String times(Latency other) {
            return " (%.2f/%.2f)"
                    .formatted(
                            (double) median / other.median,
                            (double) percentile99 / other.percentile99);
        }

        @Override
        public String toString() {
            return median + "/" + percentile99;
        }
    }

    private static Duration[] processorTime(List<ProcessHandle> processes) {
        return processes.stream()
                .map(each -> each.info().totalCpuDuration().orElseThrow())
                .toArray(Duration[]::new);
    }

    /** What each has used of one processor since then, in percent. */
    private static List<Integer> shares(
            Duration[] before, long since, List<ProcessHandle> processes) {
        Duration[] now = processorTime(processes);
        long nanos = System.nanoTime() - since;
        return IntStream.range(0, now.length)
                .map(i -> (int) (100 * now[i].minus(before[i]).toNanos() / nanos))
                .boxed()
                .toList();
    }

    private static int flows(Path control) throws Exception {
        return new ObjectMapper()
                .readTree(ControlClient.ask(control, "status").getFirst())
                .path("flows")
                .asInt();
    }
}
