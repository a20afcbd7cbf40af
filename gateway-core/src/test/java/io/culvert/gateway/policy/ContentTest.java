package io.culvert.gateway.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.detect.RequestTarget;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Rules that ask what flows say. */
class ContentTest {
    private static final Facts SSH = facts(Application.SSH, "");

    private static Facts facts(Application application, String name, String... alpn) {
        return new Facts(application, name, List.of(alpn), 0, "", "", "");
    }

    private static Facts request(String host, String path) {
        return new Facts(Application.HTTP1, "", List.of(), 0x0101, "GET", host, path);
    }

    private static List<NamePattern> names(String... texts) {
        return List.of(texts).stream().map(NamePattern::parse).toList();
    }

    private static Content sni(String... names) {
        return new Content(names(names), List.of(), List.of(), List.of());
    }

    private static Content http(List<String> hosts, String... paths) {
        return new Content(
                List.of(),
                List.of(),
                names(hosts.toArray(String[]::new)),
                List.of(paths).stream().map(Content::path).toList());
    }

    private static Rule rule(String name, Action action, String handler, Content content) {
        return rule(name, action, handler, content, false, Proxying.USUAL);
    }

    private static Rule rule(
            String name,
            Action action,
            String handler,
            Content content,
            boolean audit,
            Proxying proxying) {
        return new Rule(
                name,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                action,
                handler,
                action.defaultOffRamp(),
                new Terms(Optional.empty(), Optional.empty(), false, audit, proxying, content),
                Origin.NONE);
    }

    private static Policy policy(Rule... rules) {
        return new Policy(Action.DENY, List.of(rules));
    }

    private static Policy.Question flow(int protocol) {
        return new Policy.Question(
                "acme", protocol, IpAddress.parse("10.0.0.1"), IpAddress.parse("192.0.2.1"), 443);
    }

    @ParameterizedTest
    @CsvSource({
        "a.example, a.example, true",
        "a.example, b.a.example, false",
        "*.a.example, b.a.example, true",
        "*.a.example, c.b.a.example, true",
        "*.a.example, a.example, false",
        "*.a.example, xa.example, false",
        "A.Example., a.example, true",
        "192.0.2.1, 192.0.2.1, true",
        "[::1], ::1, true",
        "a.example, '', false",
        "*.a.example, '', false"
    })
    void aStarStandsForAllThatIsUnderAName(String pattern, String name, boolean matches) {
        assertEquals(matches, NamePattern.parse(pattern).matches(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "*", "*.", "a b", "a.*.example", "*.*.a", "a.example:443", "a/b"})
    void otherTextsAreNoNames(String text) {
        assertThrows(IllegalArgumentException.class, () -> NamePattern.parse(text));
    }

    @ParameterizedTest
    @CsvSource({
        "/api/, /api, YES",
        "/api/, /api/, YES",
        "/api, /api/x/y, YES",
        "/api/, /apis, NO",
        "/api/, /, NO",
        "/, /x, YES",
        "/a, '', NO"
    })
    void aPathHasAllThatIsBelowIt(String path, String requested, Content.Match match) {
        assertEquals(match, http(List.of(), path).of(request("a.example", requested)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "api", "/a/../b", "/%61", "/x?y", "/x#y", "*"})
    void otherTextsAreNoPaths(String text) {
        assertThrows(IllegalArgumentException.class, () -> Content.path(text));
    }

    @Test
    void everyListIsAskedAndAnyOfItsEntriesWillDo() {
        Content both =
                new Content(
                        names("a.example", "b.example"), List.of("h2", "h3"), List.of(), List.of());
        assertEquals(Content.Match.YES, both.of(facts(Application.TLS, "b.example", "x", "h3")));
        assertEquals(Content.Match.NO, both.of(facts(Application.TLS, "c.example", "h3")));
        assertEquals(Content.Match.NO, both.of(facts(Application.TLS, "a.example", "x")));
        assertEquals(Content.Match.NO, both.of(facts(Application.TLS, "a.example")));
        assertEquals(Content.Match.NO, both.of(Facts.NONE));
    }

    @Test
    void requestsThatAreNotThereYetAreAskedLater() {
        Content host = http(List.of("a.example"));
        assertEquals(Content.Match.YES, host.of(request("a.example", "/")));
        assertEquals(Content.Match.NO, host.of(request("", "/")));
        assertEquals(Content.Match.LATER, host.of(facts(Application.TLS, "a.example")));
        assertEquals(Content.Match.LATER, host.of(facts(Application.HTTP2, "")));
        assertEquals(Content.Match.NO, host.of(SSH));
        assertEquals(Content.Match.NO, host.of(Facts.NONE));
    }

    @Test
    void nothingIsDecidedBeforeTheFlowHasSpoken() {
        Policy policy =
                policy(
                        rule("no", Action.REJECT, "", sni("a.example")),
                        rule("rest", Action.UPGRADE, Policy.RELAY, Content.ANY));
        Ruling before = policy.decide(flow(6));
        assertTrue(before.asks());
        assertEquals("no", before.name());
        assertEquals(new FlowDecision.Upgrade("no", Policy.AUTO, "socket"), before.decision());
        assertSame(before, policy.decide(flow(6)), "asking makes nothing");

        Ruling named = policy.decide(flow(6), facts(Application.TLS, "a.example"));
        assertEquals("no", named.name());
        assertFalse(named.asks());
        assertTrue(named.decision() instanceof FlowDecision.Refuse);
        assertEquals("rest", policy.decide(flow(6), facts(Application.TLS, "b.")).name());
        assertEquals("rest", policy.decide(flow(6), SSH).name());
    }

    @Test
    void protocolsThatSayNothingAreNotAsked() {
        Policy policy =
                policy(
                        rule("name", Action.DENY, "", sni("a.example")),
                        rule("request", Action.DENY, "", http(List.of("a.example"))),
                        rule("rest", Action.UPGRADE, Policy.RELAY, Content.ANY));
        assertEquals("rest", policy.decide(flow(1)).name());
        assertEquals("name", policy.decide(flow(17)).name());
        assertEquals("rest", policy.decide(flow(17), facts(Application.QUIC, "b.example")).name());
        assertEquals("name", policy.decide(flow(17), facts(Application.QUIC, "a.example")).name());
    }

    @Test
    void whoSpeaksHttpAnswersBeforeAnybodyIsDialed() {
        Policy policy =
                policy(
                        rule("no", Action.REJECT, "", sni("a.example")),
                        rule("site", Action.UPGRADE, Policy.HTTP, http(List.of("b.example"))));
        assertEquals(
                new FlowDecision.Upgrade("no", Policy.HTTP, "socket"),
                policy.decide(flow(6)).decision());
    }

    @Test
    void aRequestInTlsIsAskedAboutWhereItIsDecrypted() {
        Facts tls = facts(Application.TLS, "a.example");
        for (Proxying.Tls use : Proxying.Tls.values()) {
            Policy policy =
                    policy(
                            rule("deny", Action.DENY, "", http(List.of("bad.example"))),
                            rule(
                                    "site",
                                    Action.UPGRADE,
                                    Policy.HTTP,
                                    http(List.of("good.example")),
                                    false,
                                    new Proxying(Optional.empty(), Optional.of(use))),
                            rule("rest", Action.UPGRADE, Policy.RELAY, Content.ANY));
            boolean decrypted = use != Proxying.Tls.PASS;
            assertEquals(decrypted ? "site" : "rest", policy.decide(flow(6), tls).name());
            assertEquals("site", policy.decide(flow(6), facts(Application.HTTP2, "")).name());

            RequestRules requests = new RequestRules(policy, flow(6), tls);
            assertTrue(requests.ask());
            assertEquals("deny", decided(requests, "bad.example"));
            assertEquals("site", decided(requests, "good.example"));
            assertEquals("rest", decided(requests, "other.example"));
        }
    }

    @Test
    void aRequestInQuicIsAskedAboutWhereHttp3IsSpoken() {
        Facts quic = facts(Application.QUIC, "a.example");
        for (boolean http3 : new boolean[] {true, false}) {
            Content bad = new Content(List.of(), List.of(), names("bad.example"), List.of(), http3);
            Content good =
                    new Content(List.of(), List.of(), names("good.example"), List.of(), http3);
            Proxying ended = new Proxying(Optional.empty(), Optional.of(Proxying.Tls.TERMINATE));
            Policy policy =
                    policy(
                            rule("deny", Action.DENY, "", bad),
                            rule("site", Action.UPGRADE, Policy.HTTP, good, false, ended),
                            rule("rest", Action.UPGRADE, Policy.RELAY, Content.ANY));
            assertEquals(http3, policy.decide(flow(17)).asks());
            assertEquals(http3 ? "site" : "rest", policy.decide(flow(17), quic).name());
            RequestRules requests = new RequestRules(policy, flow(17), quic);
            assertEquals(http3 ? "deny" : "rest", decided(requests, "bad.example"));
            assertEquals(http3 ? "site" : "rest", decided(requests, "good.example"));
        }
    }

    private static String decided(RequestRules requests, String host) {
        return requests.decide("GET", RequestTarget.of("GET", "/", host)).name();
    }

    @Test
    void aRuleInAuditModeIsAskedOnceAllIsKnown() {
        Policy policy =
                policy(
                        rule("would", Action.DENY, "", sni("a.example"), true, Proxying.USUAL),
                        rule("rest", Action.UPGRADE, Policy.RELAY, Content.ANY));
        assertTrue(policy.decide(flow(6)).asks());
        Ruling ruling = policy.decide(flow(6), facts(Application.TLS, "a.example"));
        assertEquals("rest", ruling.name());
        assertEquals("would", ruling.audited().name());
        assertEquals(null, policy.decide(flow(6), SSH).audited());
    }

    private static List<String> late(Action last, Rule... rules) {
        List<String> problems = new ArrayList<>();
        LateRules.find(
                new Policy(last, List.of(rules)), (i, problem) -> problems.add(i + " " + problem));
        return problems;
    }

    @Test
    void rulesThatComeTooLateAreFound() {
        Rule asks = rule("asks", Action.DENY, "", sni("a.example"));
        Rule relays = rule("relays", Action.UPGRADE, Policy.RELAY, Content.ANY);
        Rule forwards = rule("forwards", Action.FORWARD, "", Content.ANY);
        Rule plugin = rule("plugin", Action.UPGRADE, "copy", Content.ANY);
        assertEquals(List.of(), late(Action.DENY, asks, relays, forwards));
        assertEquals(List.of(), late(Action.UPGRADE, asks));
        assertEquals(
                List.of(
                        "0 the policy's default cannot forward TCP connections of which rule"
                                + " \"asks\" asks what they say first: they are upgraded by then"),
                late(Action.FORWARD, asks));
        assertEquals(
                List.of(
                        "1 rule \"forwards\" cannot forward TCP connections of which rule"
                                + " \"asks\" asks what they say first: they are upgraded by then"),
                late(Action.DENY, asks, forwards));
        assertEquals(1, late(Action.DENY, asks, plugin).size());
        assertEquals(List.of(), late(Action.FORWARD, plugin, forwards, asks, relays));
    }
}
