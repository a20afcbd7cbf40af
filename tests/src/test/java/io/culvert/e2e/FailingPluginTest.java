package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;
import java.util.Map;

/**
 * Under load, a plugin throws, hangs and overruns in one of every two requests, and fails for one
 * in five flows: each of those gets what is promised for it, and no other one notices.
 */
@Timeout(120)
class FailingPluginTest {
    private static final int PORT = 8_080;
    private static final int CLIENTS = 4;
    private static final int ROUNDS = 3;

    @TempDir private Path directory;

    private static boolean isPromised(int number, String outcome) {
        String expected =
                MischiefPlugin.Mischief.of(number)
                        .map(MischiefPlugin.Mischief::outcome)
                        .orElse("200");
        return outcome.equals((number % 2 == 0 ? "GET " : "POST ") + expected);
    }

    @ParameterizedTest
    @EnumSource
    void eachFailureCostsWhatIsPromisedAndNobodyElseAnything(Family family) throws Exception {
        String settings =
                """
                plugins: [ { jar: %s, deadline: 100ms } ]
                http: { upstream-idle-timeout: 1s }
                policy: { rules: [ { do: upgrade, handler: http } ] }
                """
                        .formatted(PluginJars.write(directory, MischiefPlugin.class));
        try (Topology topology = Topology.open(settings, FlowListener.NONE);
                HttpMember server = HttpMember.on(topology.server(), family.server(), PORT);
                Footing footing = Footing.of(topology)) {
            try (HttpLoad load =
                    HttpLoad.start(CLIENTS, topology.client(), family, server.address())) {
                load.promise(FailingPluginTest::isPromised);
                load.goesOn(ROUNDS * MischiefPlugin.ROUND);
                // A SYN that is dropped comes again, and is asked about again.
                Eventually.holds(
                        "flows have failed",
                        () ->
                                topology.dropped(Reason.HOOK_FAILED) >= 1
                                        && topology.dropped(Reason.HOOK_TIMEOUT) >= 1);
                Map<String, Long> outcomes = load.end();
                load.came(outcomes.keySet());
                for (MischiefPlugin.Mischief one : MischiefPlugin.Mischief.values()) {
                    assertTrue(
                            outcomes.keySet().stream().anyMatch(k -> k.endsWith(one.outcome())),
                            () -> one + " in " + outcomes);
                }
            }
            Eventually.equal(0L, "calls under way", () -> MischiefPlugin.running().get());
            footing.isAsBefore();
        }
    }
}
