package io.culvert.gateway.config;

import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.detect.HostName;
import io.culvert.gateway.detect.RequestTarget;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Protocol;
import io.culvert.gateway.policy.Rule;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpAddress;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The operator's own tests of the policy: a flow each, and what is to become of it. One that fails
 * is an error of the configuration.
 */
final class PolicyTests {
    private final Policy policy;
    private final boolean sound;

    /**
     * @param sound whether the policy is as the operator wrote it; else the tests are only read
     */
    PolicyTests(Policy policy, boolean sound) {
        this.policy = policy;
        this.sound = sound;
    }

    /** Runs those of the policy's section. */
    void run(Section section) {
        section.sections("tests").forEach(this::test);
    }

    private void test(Section test) {
        Optional<IpAddress> source = test.value("source", IpAddress::parse);
        Optional<IpAddress> destination = test.value("destination", IpAddress::parse);
        List<Integer> protocols = test.values("protocol", PolicyReader::protocol);
        Optional<Instant> at = test.value("at", PolicyTests::instant);
        boolean known = knowsRule(test);
        if (source.isEmpty() || destination.isEmpty() || protocols.size() != 1) {
            return;
        }
        if (source.get().isIpv4() != destination.get().isIpv4()) {
            test.wrong("destination", "source and destination are of two families of addresses");
            return;
        }
        int protocol = protocols.getFirst();
        if (Protocol.hasPorts(protocol) != test.has("port")) {
            test.wrong(
                    test.position(),
                    test.has("port")
                            ? "only tcp, udp and sctp have ports"
                            : "a flow of tcp, udp or sctp has a port; say which");
            return;
        }
        if (!sound || !known || at.isEmpty() != !test.has("at")) {
            return;
        }
        Policy.Question question =
                new Policy.Question(
                        test.text("tenant").orElse(""),
                        protocol,
                        source.get(),
                        destination.get(),
                        test.number("port", 0));
        if (at.isEmpty()) {
            Rule timed = policy.firstWithHours(question);
            if (timed != null) {
                test.wrong(
                        test.position(),
                        "what becomes of this flow depends on the hours of %s; say at which time"
                                        .formatted(named(timed))
                                + " with \"at\"");
                return;
            }
        }
        Policy then = policy.at(() -> at.orElse(Instant.EPOCH));
        expect(
                test,
                facts(test, protocol)
                        .map(facts -> then.decide(question, facts))
                        .orElseGet(() -> then.decide(question)));
    }

    /** What the flow says first; empty where it has said nothing yet. */
    private static Optional<Facts> facts(Section test, int protocol) {
        boolean hello = test.has("sni") || test.has("alpn");
        if (!hello && !test.has("http")) {
            return Optional.empty();
        }
        Application inClear = hello ? Application.TLS : Application.HTTP1;
        Facts facts =
                new Facts(
                        protocol == Protocol.UDP.number() ? Application.QUIC : inClear,
                        HostName.server(test.text("sni").orElse("")),
                        test.values("alpn", alpn -> alpn),
                        0,
                        "",
                        "",
                        "");
        if (!test.has("http")) {
            return Optional.of(facts);
        }
        Section request = test.section("http");
        String path = request.text("path").orElse("/");
        return Optional.of(
                facts.with("GET", RequestTarget.of("GET", path, request.text("host").orElse(""))));
    }

    private boolean knowsRule(Section test) {
        String name = test.text("rule").orElse(Ruling.DEFAULT);
        List<String> names = policy.rules().stream().map(Rule::name).toList();
        boolean known = name.equals(Ruling.DEFAULT) || names.contains(name);
        if (!known) {
            test.wrong(
                    "rule",
                    "no rule has the name \"%s\"%s"
                            .formatted(Printable.of(name), Spelling.hint(name, names)));
        }
        return known;
    }

    private static void expect(Section test, Ruling ruling) {
        String name = test.text("name").map(each -> "test \"" + each + "\": ").orElse("");
        String is = word(ruling.decision());
        check(test, name, "expect", is, ruling);
        check(test, name, "rule", ruling.name(), ruling);
        if (ruling.decision() instanceof FlowDecision.Upgrade upgrade) {
            check(test, name, "handler", upgrade.handler(), ruling);
            check(test, name, "via", upgrade.via(), ruling);
        } else {
            check(test, name, "handler", "", ruling);
            String via = ruling.decision() instanceof FlowDecision.Forward to ? to.via() : "";
            check(test, name, "via", via, ruling);
        }
    }

    private static void check(Section test, String name, String key, String is, Ruling ruling) {
        String expected = test.text(key).orElse(is);
        if (!expected.equals(is)) {
            String found = is.isEmpty() ? "none" : is;
            test.wrong(
                    key,
                    "%sexpected %s%s, but %s says %s"
                            .formatted(
                                    name,
                                    key.equals("expect") ? "" : key + " ",
                                    Printable.of(expected),
                                    decider(ruling),
                                    key.equals("rule") ? word(ruling.decision()) : found));
        }
    }

    private static String decider(Ruling ruling) {
        return ruling.rule() == null ? "the policy's default" : named(ruling.rule());
    }

    private static String named(Rule rule) {
        return "rule \"%s\" on line %d".formatted(rule.name(), rule.origin().line());
    }

    private static String word(FlowDecision decision) {
        Action action =
                switch (decision) {
                    case FlowDecision.Refuse refuse ->
                            refuse.answered() ? Action.REJECT : Action.DENY;
                    case FlowDecision.Forward _ -> Action.FORWARD;
                    case FlowDecision.Upgrade _ -> Action.UPGRADE;
                };
        return action.name().toLowerCase(Locale.ROOT);
    }

    private static Instant instant(String text) {
        try {
            return DateTimeFormatter.ISO_DATE_TIME.parseBest(
                                    text, ZonedDateTime::from, LocalDateTime::from)
                            instanceof ZonedDateTime zoned
                    ? zoned.toInstant()
                    : LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException wrong) {
            throw new IllegalArgumentException(
                    "\"%s\" is no time; write it like 2026-11-23T09:00 (UTC) or %s"
                            .formatted(Printable.of(text), "2026-11-23T09:00+01:00"),
                    wrong);
        }
    }
}
