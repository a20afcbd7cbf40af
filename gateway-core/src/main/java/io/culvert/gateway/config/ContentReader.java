package io.culvert.gateway.config;

import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Content;
import io.culvert.gateway.policy.NamePattern;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Protocol;

import java.util.List;

/** What a rule asks of what flows say first. */
final class ContentReader {
    private static final List<String> KEYS = List.of("sni", "alpn", "http");

    /** RFC 7301 section 3.1: a length of one byte. */
    private static final int LONGEST_ALPN = 255;

    private ContentReader() {}

    /**
     * @param protocols of the rule; empty for every one
     * @param handler of the rule; empty where it upgrades nothing
     * @param http3 whether requests come in QUIC, too
     */
    static Content read(
            Section rule, Action action, List<Integer> protocols, String handler, boolean http3) {
        Section request = rule.section("http");
        Content content =
                new Content(
                        rule.values("sni", NamePattern::parse),
                        rule.values("alpn", ContentReader::alpn),
                        request.values("host", NamePattern::parse),
                        request.values("path", Content::path),
                        http3);
        if (request.isMapping() && !request.has("host") && !request.has("path")) {
            rule.wrong("http", "http says neither a host nor a path");
        }
        for (String key : KEYS) {
            if (rule.has(key)) {
                check(rule, key, action, protocols, handler, http3);
            }
        }
        return content;
    }

    private static void check(
            Section rule,
            String key,
            Action action,
            List<Integer> protocols,
            String handler,
            boolean http3) {
        boolean http = key.equals("http");
        boolean tcp = protocols.isEmpty() || protocols.contains(Protocol.TCP.number());
        boolean udp = protocols.isEmpty() || protocols.contains(Protocol.UDP.number());
        if (!tcp && !(udp && (http3 || !http))) {
            rule.wrongKey(
                    key,
                    "only %s, so the rule matches nothing"
                            .formatted(http ? "tcp carries http" : "tcp and udp say it"));
        } else if (action == Action.FORWARD && tcp) {
            rule.wrongKey(
                    key,
                    "a TCP connection has to be upgraded before it says anything, and cannot be"
                            + " forwarded after; make it \"do: upgrade\" or \"protocol: udp\"");
        } else if (action == Action.FORWARD && http) {
            rule.wrongKey(
                    key,
                    "requests are known once QUIC has ended here, and the flow cannot be forwarded"
                            + " after");
        } else if (action == Action.UPGRADE && !Policy.isBuiltIn(handler)) {
            rule.wrongKey(
                    key, "a plugin's handler gets connections before they have said anything");
        }
    }

    private static String alpn(String text) {
        if (text.isEmpty()
                || text.length() > LONGEST_ALPN
                || !text.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            throw new IllegalArgumentException("must be a protocol's id like h2 or http/1.1");
        }
        return text;
    }
}
