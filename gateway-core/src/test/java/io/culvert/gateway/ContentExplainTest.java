package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.explain.Stage;

import org.junit.jupiter.api.Test;

import java.util.List;

/** What is said of a flow whose rule asks what it says. */
class ContentExplainTest {
    private static final String YAML =
            """
            onramps:
              - { name: site, type: tun, tenant: acme, device: culv0, addresses: [10.0.0.1/24] }
            policy:
              rules:
                - { name: mail, ports: 25, do: deny }
                - { name: ads, sni: "*.ads.example", do: reject }
                - { name: pages, http: { path: /x/ }, do: deny }
                - { name: web, do: upgrade }
            """;

    private static Explanation explain(String target) {
        Loaded.Valid valid =
                assertInstanceOf(Loaded.Valid.class, ConfigurationFile.read("a.yaml", YAML));
        return new DryRun(valid.configuration())
                .explain(Question.parse("acme", "10.0.0.5", target, ""));
    }

    private static Stage stage(Explanation of, String name) {
        return of.stages().stream()
                .filter(stage -> stage.stage().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aConnectionIsMadeAndLookedAt() {
        Explanation explanation = explain("192.0.2.1:443/tcp");
        assertEquals("ads", explanation.rule());
        assertEquals("upgrade", explanation.outcome());
        assertEquals("auto", explanation.handler());
        assertEquals("ask", stage(explanation, "policy").verdict());
        assertEquals(
                new Stage(
                        "first bytes",
                        "look",
                        "the connection is made, and goes on by what its initiator says in 3 s",
                        List.of(
                                "may decide: rule \"ads\" { sni: *.ads.example, do: reject }",
                                "may decide: rule \"pages\" { http: { path: /x }, do: deny }",
                                "may decide: rule \"web\" { do: upgrade, via: socket }",
                                "else: default: deny")),
                stage(explanation, "first bytes"));
    }

    @Test
    void datagramsWait() {
        Stage stage = stage(explain("192.0.2.1:443/udp"), "first bytes");
        assertEquals("wait", stage.verdict());
        assertEquals(
                List.of(
                        "may decide: rule \"ads\" { sni: *.ads.example, do: reject }",
                        "may decide: rule \"web\" { do: upgrade, via: socket }",
                        "else: default: deny"),
                stage.notes());
    }

    @Test
    void whatSaysNothingIsNotAsked() {
        Explanation ping = explain("192.0.2.1/icmp");
        assertEquals("web", ping.rule());
        assertEquals("upgrade", stage(ping, "policy").verdict());
        assertEquals("mail", explain("192.0.2.1:25/tcp").rule());
    }
}
