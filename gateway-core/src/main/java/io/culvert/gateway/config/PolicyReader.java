package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Content;
import io.culvert.gateway.policy.LateRules;
import io.culvert.gateway.policy.Origin;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Protocol;
import io.culvert.gateway.policy.Rule;
import io.culvert.gateway.policy.Ruling;
import io.culvert.nat.PortRange;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The policy of a configuration, with every reference it makes. */
final class PolicyReader {
    private static final String NO_PACKETS =
            "only connections that on-ramps of type tcp accept come here, and they have no packets"
                    + " that could go there";

    private final Names names = new Names("rule");
    private final Optional<Set<String>> tenants;
    private final Set<String> withoutPackets;
    private final Map<String, String> offramps;
    private final boolean plugins;
    private final ProxyingReader proxying;
    private final String file;
    private boolean audit;

    /**
     * @param tenants all there can be, when that is known
     * @param withoutPackets those of them whose flows are connections that are accepted
     * @param offramps types by name
     * @param plugins whether there are any, which may bring handlers
     * @param proxying reads what a rule says of HTTP
     * @param file where the rules stand, as the operator named it
     */
    PolicyReader(
            Optional<Set<String>> tenants,
            Set<String> withoutPackets,
            Map<String, String> offramps,
            boolean plugins,
            ProxyingReader proxying,
            String file) {
        this.tenants = tenants;
        this.withoutPackets = withoutPackets;
        this.offramps = offramps;
        this.plugins = plugins;
        this.proxying = proxying;
        this.file = file;
    }

    Policy read(Section section) {
        audit = section.flag("audit", false);
        List<Rule> rules = new ArrayList<>();
        List<Section> sections = section.sections("rules");
        for (Section rule : sections) {
            rules.add(rule(rule, rules.size() + 1));
        }
        Policy policy = new Policy(action(section, "default"), rules);
        if (policy.defaultAction() == Action.FORWARD && areWithoutPackets(List.of())) {
            section.wrong("default", NO_PACKETS);
        }
        LateRules.find(policy, (rule, problem) -> late(sections.get(rule), problem));
        return policy;
    }

    private Rule rule(Section section, int number) {
        names.add(section);
        String name = section.text("name").orElse("rule " + number);
        if (name.equals(Ruling.DEFAULT)) {
            section.wrong("name", "the name \"default\" stands for the policy's default");
        }
        Action action = action(section, "do");
        List<Located<Integer>> protocols = section.located("protocol", PolicyReader::protocol);
        List<PortRange> ports = section.values("ports", PortRange::parse);
        if (!ports.isEmpty()
                && !protocols.isEmpty()
                && protocols.stream().noneMatch(one -> Protocol.hasPorts(one.value()))) {
            section.wrongKey(
                    "ports", "only tcp, udp and sctp have ports, so the rule matches nothing");
        }
        if (action == Action.UPGRADE) {
            protocols.stream()
                    .filter(one -> !Protocol.isUpgradable(one.value()))
                    .forEach(
                            one ->
                                    section.wrong(
                                            one.position(),
                                            "only tcp, udp, icmp and icmpv6 can be upgraded"));
        }
        String handler = handler(section, action);
        List<String> whose = section.values("tenant", this::tenant);
        String via = via(section, action);
        if (areWithoutPackets(whose)) {
            if (action == Action.FORWARD) {
                section.wrong("do", NO_PACKETS);
            } else if (action == Action.UPGRADE && via.equals(OffRamp.TUNNELS)) {
                section.wrong("via", NO_PACKETS);
            }
            uncounted(section.section("rate"), handler);
        }
        List<Integer> numbers = protocols.stream().map(Located::value).toList();
        Content content = ContentReader.read(section, action, numbers, handler, proxying.http3());
        return new Rule(
                name,
                whose,
                section.values("source", InterfaceAddress::parsePrefix),
                section.values("destination", InterfaceAddress::parsePrefix),
                numbers,
                ports,
                action,
                handler,
                via,
                TermsReader.read(section, action, audit, proxying.read(section, handler), content),
                origin(section));
    }

    /** What of a rate counts nothing of connections that have no packets. */
    private static void uncounted(Section rate, String handler) {
        if (rate.has("packets-per-second")) {
            rate.warnKey(
                    "packets-per-second",
                    "connections that on-ramps of type tcp accept have no packets, so it limits"
                            + " nothing");
        }
        if (rate.has("bytes-per-second") && !handler.isEmpty() && !Policy.isBuiltIn(handler)) {
            rate.warnKey(
                    "bytes-per-second",
                    "what a plugin's handler reads and writes of a connection that an on-ramp of"
                            + " type tcp accepts is not counted");
        }
    }

    /** Whether every flow of those tenants, or where none is named of all, is a connection. */
    private boolean areWithoutPackets(List<String> whose) {
        return !withoutPackets.isEmpty()
                && withoutPackets.containsAll(whose.isEmpty() ? tenants.orElseThrow() : whose);
    }

    private static void late(Section rule, String problem) {
        rule.wrong(rule.position(), problem);
    }

    private Origin origin(Section section) {
        Position at = section.position();
        return new Origin(file, at.line(), at.column());
    }

    private static Action action(Section section, String key) {
        String word = section.text(key).orElse("");
        return Arrays.stream(Action.values())
                .filter(action -> action.name().toLowerCase(Locale.ROOT).equals(word))
                .findFirst()
                .orElse(Action.DENY);
    }

    private String tenant(String name) {
        if (tenants.isPresent() && !tenants.get().contains(name)) {
            throw new IllegalArgumentException(
                    "no on-ramp has the tenant \"%s\"%s"
                            .formatted(Printable.of(name), Spelling.hint(name, tenants.get())));
        }
        return name;
    }

    static int protocol(String text) {
        if (text.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(text);
            if (number > 255) {
                throw new IllegalArgumentException("must be between 0 and 255, not " + text);
            }
            return number;
        }
        List<String> words = Arrays.stream(Protocol.values()).map(Protocol::word).toList();
        return Arrays.stream(Protocol.values())
                .filter(protocol -> protocol.word().equals(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "unknown protocol \"%s\"%s"
                                                .formatted(
                                                        Printable.of(text),
                                                        Spelling.hint(text, words))))
                .number();
    }

    private String handler(Section section, Action action) {
        if (action != Action.UPGRADE) {
            if (section.has("handler") && section.has("do")) {
                section.wrongKey("handler", "only a rule with \"do: upgrade\" has a handler");
            }
            return "";
        }
        String handler = section.text("handler").orElse(Policy.RELAY);
        List<String> known = Policy.OWN_HANDLERS;
        if (!plugins && !known.contains(handler)) {
            section.wrong(
                    "handler",
                    "unknown handler \"%s\"%s"
                            .formatted(Printable.of(handler), Spelling.hint(handler, known)));
        }
        return handler;
    }

    private String via(Section section, Action action) {
        if (action.defaultOffRamp().isEmpty()) {
            if (section.has("via") && section.has("do")) {
                section.wrongKey("via", "a refused flow leaves by no off-ramp");
            }
            return "";
        }
        String via = section.text("via").orElse(action.defaultOffRamp());
        String type = offramps.get(via);
        if (type == null) {
            section.wrong(
                    "via",
                    "unknown off-ramp \"%s\"%s"
                            .formatted(Printable.of(via), Spelling.hint(via, offramps.keySet())));
        } else if (action == Action.UPGRADE && type.equals("device")) {
            section.wrong(
                    "via",
                    "an upgraded flow leaves by a socket or into a tunnel, and \"%s\" is a device"
                            .formatted(via));
        } else if (action == Action.UPGRADE
                && type.equals(OffRamp.TUNNELS)
                && section.text("handler").orElse("").equals(Policy.HTTP)) {
            section.wrong(
                    "via",
                    "\"handler: http\" leaves by sockets of the host, and not into a tunnel;"
                            + " \"handler: auto\" relays what leaves there");
        } else if (action == Action.FORWARD && type.equals("socket")) {
            section.wrong(
                    "via",
                    "a forwarded flow stays IP packets, and \"%s\" is for sockets".formatted(via));
        }
        return via;
    }
}
