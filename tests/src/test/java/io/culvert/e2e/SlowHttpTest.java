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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    /** Section 6 of the robustness table: what a client waits for beside an attack. */
    private static final int ROW = 12;

    private static final Pattern CONNECTED = Pattern.compile("connected:\\D*(\\d+)");

    @TempDir private Path directory;

    @ParameterizedTest
    @CsvSource({
        "IPV4, slow heads, -H, /small",
        "IPV4, slow bodies, -B, /small",
        "IPV4, slow readers, -X, /big",
        "IPV4, ranges, -R, /big",
        "IPV6, slow heads, -H, /small"
    })
    void othersAreAnswered(Family family, String what, String mode, String path)
            throws Exception {
        Path configuration = directory.resolve("edge.yaml");
        Path control = directory.resolve("control.sock");
        try (Topology topology = Topology.withoutGateway();
                Nginx nginx = Nginx.on(topology.server(), directory)) {
            Host attacker = topology.addClient("attacker");
            Files.write(nginx.file("big"), new Content(1).bytes(4_000_000));
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
                        PacedRequests.start(
                                topology.client(), family, family.server(Nginx.PORT))) {
                    long warm = requests.percentile99(ANSWERS);
                    long before = requests.percentile99(ANSWERS);
                    assertTrue(warm > 0);
                    try (CulvertProcess attack = attack(attacker, family, mode, path)) {
                        Eventually.holds(
                                "connections, " + attack.output(),
                                Eventually.PATIENCE.multipliedBy(2),
                                () -> flows(control) >= CONNECTIONS / 2);
                        int most = flows(control);
                        long during = requests.percentile99(ANSWERS);
                        most = Math.max(most, flows(control));
                        Figures.print(
                                ROW,
                                "%s, %s: p99 %d us before, %d us beside %d connections: %.2f times",
                                what,
                                family,
                                before,
                                during,
                                most,
                                (double) during / before);
                        int _ = attack.exitStatus(Eventually.PATIENCE.multipliedBy(4));
                        assertTrue(connected(attack) > 0, () -> "" + attack.output());
                    }
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
            arguments.addAll(List.of("-s", "100000"));
        }
        return Tool.SLOW_HTTP.start(from, arguments.toArray(String[]::new));
    }

    /** Connections that it had at once. */
    private static int connected(CulvertProcess attack) {
        int most = 0;
        Matcher status = CONNECTED.matcher(String.join("\n", attack.output()));
        while (status.find()) {
            most = Math.max(most, Integer.parseInt(status.group(1)));
        }
        return most;
    }

    private static int flows(Path control) throws Exception {
        return new ObjectMapper()
                .readTree(ControlClient.ask(control, "status").getFirst())
                .path("flows")
                .asInt();
    }
}
