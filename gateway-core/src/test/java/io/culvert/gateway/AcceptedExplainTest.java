package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.explain.Stage;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;

/** What is said of connections that an on-ramp would accept. */
class AcceptedExplainTest {
    private static final String TUNNEL =
            "  - { name: lan, type: tun, tenant: acme, device: culv0, addresses: [10.0.0.1/24] }\n";

    private static final String FORWARD =
            "    - { name: packets, ports: 90, source: 10.0.0.0/24, do: forward }\n";

    private static Explanation explain(String more, String onRamp, String target) {
        String yaml =
                """
                onramps:
                  - { name: web, type: tcp, tenant: acme, listen: "0.0.0.0:443" }
                  - { name: mail, type: tcp, tenant: umbrella, listen: "0.0.0.0:25" }
                %spolicy:
                  rules:
                %s    - { name: web, do: upgrade }
                """
                        // Without a tunnel, check objects to such a rule.
                        .formatted(more, more.isEmpty() ? "" : FORWARD);
        Loaded.Valid valid =
                assertInstanceOf(Loaded.Valid.class, ConfigurationFile.read("a.yaml", yaml));
        return new DryRun(valid.configuration())
                .explain(Question.parse("acme", "10.0.0.5", target, onRamp));
    }

    @Test
    void aConnectionIsUpgraded() {
        Explanation explanation = explain(TUNNEL, "web", "192.0.2.1:80/tcp");
        assertEquals("web", explanation.onRamp());
        assertEquals("upgrade", explanation.outcome());
        assertEquals(
                new Stage(
                        "on-ramp", "web", "tenant acme; the host's kernel accepts the connection"),
                explanation.stages().getFirst());
        assertEquals(
                "It is upgraded and leaves by socket; it stands already, and is reset where it"
                        + " cannot go on.",
                explanation.result());
    }

    @Test
    void onlyARuleThatUpgradesCarriesIt() {
        Explanation explanation = explain(TUNNEL, "web", "192.0.2.1:90/tcp");
        assertEquals(Reason.NO_PACKETS.name(), explanation.reason());
        assertEquals("packets", explanation.rule());
    }

    @Test
    void aTargetThatIsTheGatewayItselfIsALoop() {
        assertEquals(Reason.LOOP.name(), explain(TUNNEL, "web", "127.0.0.1:443/tcp").reason());
    }

    @Test
    void whereNothingIsSaidATunnelIsTheLikeliest() {
        assertEquals("lan", explain(TUNNEL, "", "192.0.2.1:80/tcp").onRamp());
        assertEquals("web", explain("", "", "192.0.2.1:80/tcp").onRamp());
    }

    @Test
    void anythingElseThanTcpIsNoConnection() {
        IllegalArgumentException failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> explain(TUNNEL, "web", "192.0.2.1:80/udp"));
        assertEquals("the on-ramp \"web\" accepts TCP connections alone", failure.getMessage());
        assertThrows(
                IllegalArgumentException.class, () -> explain(TUNNEL, "mail", "192.0.2.1:80/tcp"));
    }
}
