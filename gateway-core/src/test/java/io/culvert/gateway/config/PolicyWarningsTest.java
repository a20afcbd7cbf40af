package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import org.junit.jupiter.api.Test;

import java.util.List;

class PolicyWarningsTest {
    private static Loaded.Valid load(String... rules) {
        StringBuilder text = new StringBuilder("policy:\n  rules:\n");
        for (String rule : rules) {
            text.append("    - { ").append(rule).append(" }\n");
        }
        Loaded loaded = ConfigurationFile.read("f", text.toString());
        return assertInstanceOf(Loaded.Valid.class, loaded, loaded::toString);
    }

    private static List<String> warnings(String... rules) {
        return load(rules).warnings().stream()
                .map(each -> each.line() + ": " + each.message())
                .toList();
    }

    @Test
    void saysWhereARuleCanNeverMatchForAnEarlierOne() {
        assertEquals(
                """
                f:4:7: warning: rule "b" can never match: rule "a" on line 3 matches all of it first
                    - { name: b, source: [10.1.0.0/16, 10.2.3.4], protocol: tcp, ports: 80, do: deny }
                      ^
                """,
                load(
                                "name: a, source: 10.0.0.0/8, protocol: [tcp, udp], do: upgrade",
                                "name: b, source: [10.1.0.0/16, 10.2.3.4], protocol: tcp,"
                                        + " ports: 80, do: deny")
                        .text());
    }

    @Test
    void findsTheCoverInEveryDimension() {
        assertEquals(
                List.of(
                        "4: rule \"b\" can never match: rule \"a\" on line 3 matches all of it"
                                + " first"),
                warnings(
                        "name: a, destination: [10.0.0.0/9, 10.128.0.0/9], do: forward",
                        "name: b, destination: 10.0.0.0/8, do: forward"));
        assertEquals(
                List.of(
                        "4: rule \"b\" can never match: rule \"a\" on line 3 matches all of it"
                                + " first"),
                warnings(
                        "name: a, protocol: [tcp, udp, sctp], ports: [1-999, 1000-65535], do: deny",
                        "name: b, ports: 443, do: upgrade"));
        assertEquals(
                List.of(
                        "4: rule \"b\" can never match: rule \"rule 1\" on line 3 matches all of it"
                                + " first"),
                warnings("do: deny", "name: b, source: \"fd00::/8\", do: upgrade"));
    }

    @Test
    void saysNothingWhereALittleIsLeftOfARule() {
        assertEquals(
                List.of(),
                warnings(
                        "name: a, source: [0.0.0.0/1, 128.0.0.0/2, \"::/0\"], do: deny",
                        "name: b, do: upgrade"));
        assertEquals(
                List.of(),
                warnings(
                        "name: a, protocol: tcp, ports: 1-65534, do: deny",
                        "protocol: tcp, do: upgrade"));
    }

    @Test
    void letsNoRuleOfSomeHoursOrInAuditModeCoverAnother() {
        assertEquals(
                List.of(),
                warnings(
                        "name: a, do: deny, when: { time: \"08:00-18:00\" }",
                        "name: b, do: deny, audit: true",
                        "name: c, do: upgrade"));
        assertEquals(
                List.of(
                        "4: rule \"b\" can never match: rule \"a\" on line 3 matches all of it"
                                + " first"),
                warnings(
                        "name: a, do: deny, when: { time: \"08:00-18:00\" }",
                        "name: b, do: upgrade, protocol: tcp, when: { time: \"08:00-18:00\" }"));
    }

    @Test
    void saysWhereNoFlowCanBeMeant() {
        assertEquals(
                List.of(
                        "3: rule \"a\" can never match: no flow has a source and a destination of"
                                + " two families of addresses"),
                warnings("name: a, source: 10.0.0.0/8, destination: \"fd00::/8\", do: deny"));
    }

    @Test
    void namesTheEntriesThatAContraryRuleTakes() {
        assertEquals(
                List.of(
                        "4: rule \"web\" never matches ports 80, ports 8080: rule \"plain\" on line"
                                + " 3 refuses that first"),
                warnings(
                        "name: plain, protocol: tcp, ports: [80, 8000-8100], do: reject",
                        "name: web, protocol: tcp, ports: [80, 443, 8080], do: upgrade"));
        assertEquals(
                List.of(),
                warnings(
                        "name: plain, protocol: tcp, ports: [80, 8000-8100], do: upgrade",
                        "name: web, protocol: tcp, ports: [80, 443, 8080], do: upgrade"));
    }

    @Test
    void knowsThatNoFlowIsOfTwoFamilies() {
        assertEquals(
                List.of(
                        "4: rule \"b\" never matches destination 10.0.0.0/8: rule \"a\" on line 3"
                                + " refuses that first"),
                warnings(
                        "name: a, source: 0.0.0.0/0, do: deny",
                        "name: b, destination: [10.0.0.0/8, \"fd00::/8\"], do: upgrade"));
    }

    @Test
    void saysOnlyTheFirstOfManyAndHowManyMore() {
        String[] rules = new String[101];
        java.util.Arrays.fill(rules, "do: deny");
        List<String> said = warnings(rules);
        assertEquals(21, said.size());
        assertEquals("24: 80 more such rules from here on", said.getLast());
    }

    private static List<String> ofRates(String onRamp, String rule) {
        Loaded loaded =
                ConfigurationFile.read(
                        "f",
                        """
                        onramps:
                          - { name: web, type: tcp, tenant: acme, listen: "0.0.0.0:80" }
                        %s
                        plugins: [{ jar: a.jar }]
                        policy: { rules: [{ name: a, do: upgrade, protocol: tcp, %s }] }
                        """
                                .formatted(onRamp, rule));
        return assertInstanceOf(Loaded.Valid.class, loaded, loaded::toString).warnings().stream()
                .map(each -> each.message().substring(0, 40))
                .toList();
    }

    @Test
    void saysWhatOfARateCountsNothingOfConnectionsWithoutPackets() {
        String both = "rate: { per: rule, packets-per-second: 5, bytes-per-second: 1MiB }";
        assertEquals(List.of("connections that on-ramps of type tcp ac"), ofRates("", both));
        assertEquals(
                List.of("what a plugin's handler reads and writes"),
                ofRates(
                        "",
                        "handler: mine, rate: { per: rule, bytes-per-second: 1MiB, flows: 3 }"));
        assertEquals(
                List.of(),
                ofRates("", "handler: http, rate: { per: rule, bytes-per-second: 1MiB }"));
        assertEquals(
                List.of(),
                ofRates("  - { name: tun, type: tun, tenant: acme, device: culv0 }", both));
    }
}
