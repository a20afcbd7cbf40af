package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.control.ControlClient;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.ObjectMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * slowhttptest(1) with two thousand connections in each of its ways: heads, bodies and readers that
 * take for ever, and requests for too many ranges. Whoever else uses the gateway is answered, and
 * how soon, beside the time before, is printed.
 */
@Tag("abuse")
@Timeout(300)
class SlowHttpTest {
    private static final int CONNECTIONS = 2_000;
    private static final int SECONDS = 20;
    private static final int ANSWERS = 2_000;

    /** More than fits into the buffers on the way, so that readers can be slow. */
    private static final int PAGE = 1_000_000;

    /** Section 6 of the robustness table: what a client waits for beside an attack. */
    private static final int ROW = 12;

    @TempDir private Path directory;

    @ParameterizedTest
    @CsvSource({
        "IPV4, slow heads, -H, /small",
        "IPV4, slow bodies, -B, /stored",
        "IPV4, slow readers, -X, /big",
        "IPV4, ranges, -R, /big",
        "IPV6, slow heads, -H, /small"
    })
    void othersAreAnswered(Family family, String what, String mode, String path) throws Exception {
        Path configuration = directory.resolve("edge.yaml");
        Path control = directory.resolve("control.sock");
        try (Topology topology = Topology.withoutGateway();
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Host attacker = topology.addClient("attacker");
            Files.write(nginx.file("big"), new Content(1).bytes(PAGE));
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
                try (PacedRequests requests =
                        PacedRequests.start(topology.client(), family, family.server(Nginx.PORT))) {
                    requests.goesOn(ANSWERS);
                    requests.begin();
                    requests.goesOn(ANSWERS);
                    long before = requests.percentile99();
                    int most = 0;
                    requests.begin();
                    try (CulvertProcess attack = attack(attacker, family, mode, path)) {
                        while (attack.isAlive()) {
                            requests.goesOn(ANSWERS / 20);
                            most = Math.max(most, flows(control));
                        }
                        assertTrue(
                                String.join("\n", attack.output()).contains("Exit status"),
                                () -> "" + attack.output() + attack.errors());
                    }
                    long during = requests.percentile99();
                    Figures.print(
                            ROW,
                            "%s, %s: p99 %d us before, %d us during, %.2f times; %d flows at once",
                            what,
                            family,
                            before,
                            during,
                            (double) during / before,
                            most);
                    assertEquals(List.of(), requests.failures());
                }
                Eventually.equal(0, "flows", () -> flows(control));
                assertTrue(culvert.isAlive());
                assertEquals(
                        List.of(),
                        culvert.errors().stream().filter(l -> l.contains("ERROR")).toList());
            }
        }
    }

    private static CulvertProcess attack(Host from, Family family, String mode, String path)
            throws Exception {
        String server = family.server().getHostAddress();
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                mode,
                                "-c",
                                "" + CONNECTIONS,
                                "-r",
                                "" + CONNECTIONS / 2,
                                "-i",
                                "5",
                                "-l",
                                "" + SECONDS,
                                "-u",
                                "http://%s:%d%s"
                                        .formatted(
                                                family.isIpv6() ? "[" + server + "]" : server,
                                                Nginx.PORT,
                                                path)));
        if (mode.equals("-B")) {
            // Nginx reads all of it before it answers.
            arguments.addAll(List.of("-t", "PUT", "-s", "100000"));
        }
        return Tool.SLOW_HTTP.start(from, arguments.toArray(String[]::new));
    }

    private static int flows(Path control) throws Exception {
        return new ObjectMapper()
                .readTree(ControlClient.ask(control, "status").getFirst())
                .path("flows")
                .asInt();
    }
}
