package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.explain.Stage;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of UDP flows that may be QUIC. */
class Http3ExplainTest {
    private static final String INSPECT =
            "  inspect: { certificate: inspect.pem, key: inspect.key }\n";

    private static Explanation explain(boolean http3, String rule, String source, String target) {
        String yaml =
                """
                onramps:
                  - { name: site, type: tun, tenant: acme, device: culv0, addresses: [10.0.0.1/24, "fd00::1/64"] }
                http: { experimental-http3: %s }
                tls:
                  certificates: [{ certificate: www.pem, key: www.key }]
                %spolicy:
                  rules:
                    - { name: web, protocol: udp, do: upgrade, %s }
                """
                        .formatted(http3, rule.contains("inspect") ? INSPECT : "", rule);
        Loaded.Valid valid =
                assertInstanceOf(Loaded.Valid.class, ConfigurationFile.read("a.yaml", yaml));
        return new DryRun(valid.configuration())
                .explain(Question.parse("acme", source, target, ""));
    }

    private static Explanation explain(boolean http3, String rule) {
        return explain(http3, rule, "10.0.0.5", "192.0.2.1:443/udp");
    }

    private static Stage handler(Explanation of) {
        return of.stages().stream()
                .filter(stage -> stage.stage().equals("handler"))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.5, 192.0.2.1:443/udp",
        "fd00::5, [2001:db8::1]:443/udp",
    })
    void quicEndsHere(String source, String target) {
        Explanation explanation = explain(true, "handler: http", source, target);
        assertEquals("upgrade", explanation.outcome());
        assertEquals("http", explanation.handler());
        assertEquals("QUIC ends here, as HTTP/3 (experimental)", handler(explanation).text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"handler: http, tls: inspect"})
    void whatIsToBeInspectedIsRefused(String rule) {
        Explanation explanation = explain(true, rule);
        assertEquals("refuse", explanation.outcome());
        assertEquals("PROTOCOL_NOT_UPGRADABLE", explanation.reason());
        assertTrue(
                explanation.stages().stream()
                        .anyMatch(stage -> stage.text().contains("QUIC cannot be inspected")),
                explanation::toString);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "handler: auto | QUIC ends here, as HTTP/3 (experimental); other datagrams are"
                        + " relayed",
                "handler: auto, tls: pass | datagrams are relayed as they are",
                "handler: http, tls: pass | datagrams are relayed as they are",
                "handler: auto, tls: inspect | QUIC is refused, since it cannot be inspected;"
                        + " clients that hear of it use TCP; other datagrams are relayed",
            })
    void othersAreRelayed(String rule, String text) {
        Explanation explanation = explain(true, rule);
        assertEquals("upgrade", explanation.outcome());
        assertEquals(text, handler(explanation).text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"handler: http", "handler: http, tls: inspect"})
    void withoutTheSwitchTheHandlerTakesNone(String rule) {
        Explanation explanation = explain(false, rule);
        assertEquals("refuse", explanation.outcome());
        assertEquals("PROTOCOL_NOT_UPGRADABLE", explanation.reason());
        assertTrue(
                explanation.stages().stream()
                        .anyMatch(stage -> stage.text().contains("experimental-http3: true")),
                explanation::toString);
    }
}
