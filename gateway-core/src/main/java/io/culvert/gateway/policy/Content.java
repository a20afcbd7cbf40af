package io.culvert.gateway.policy;

import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.detect.RequestTarget;

import java.util.ArrayList;
import java.util.List;

/**
 * What a rule asks of what a flow says first. Every list means any of its entries; an empty one
 * asks nothing.
 *
 * @param serverNames of a ClientHello of TLS or QUIC
 * @param alpn application protocols of which a ClientHello offers one
 * @param hosts of an HTTP request
 * @param paths of an HTTP request: each with all that is below it, by whole segments
 * @param http3 whether requests come in QUIC, too
 */
public record Content(
        List<NamePattern> serverNames,
        List<String> alpn,
        List<NamePattern> hosts,
        List<String> paths,
        boolean http3) {
    /** Of a rule that does not ask. */
    public static final Content ANY = new Content(List.of(), List.of(), List.of(), List.of());

    /** Whether a flow has what is asked for. */
    public enum Match {
        YES,
        NO,
        /** It cannot be told before its requests are decrypted or decoded. */
        LATER
    }

    /** Where no requests come in QUIC. */
    public Content(
            List<NamePattern> serverNames,
            List<String> alpn,
            List<NamePattern> hosts,
            List<String> paths) {
        this(serverNames, alpn, hosts, paths, false);
    }

    public Content {
        serverNames = List.copyOf(serverNames);
        alpn = List.copyOf(alpn);
        hosts = List.copyOf(hosts);
        paths = List.copyOf(paths);
    }

    /** Whether it asks nothing. */
    public boolean isAny() {
        return !asksHello() && !asksRequest();
    }

    /** Whether it asks something of a ClientHello. */
    boolean asksHello() {
        return !serverNames.isEmpty() || !alpn.isEmpty();
    }

    /** Whether it asks something of an HTTP request. */
    boolean asksRequest() {
        return !hosts.isEmpty() || !paths.isEmpty();
    }

    /** Whether flows of an IP protocol can have it. */
    boolean isOf(int protocol) {
        return isAny()
                || protocol == Protocol.TCP.number()
                || ((http3 || !asksRequest()) && protocol == Protocol.UDP.number());
    }

    /** Whether a flow of which that is known has it. */
    public Match of(Facts facts) {
        boolean hello =
                has(serverNames, facts.serverName())
                        && (alpn.isEmpty() || facts.alpn().stream().anyMatch(alpn::contains));
        if (!hello) {
            return Match.NO;
        }
        if (!asksRequest()) {
            return Match.YES;
        }
        if (facts.method().isEmpty()) {
            boolean requestsToCome =
                    facts.application() == Application.TLS
                            || facts.application() == Application.HTTP2
                            || (http3 && facts.application() == Application.QUIC);
            return requestsToCome ? Match.LATER : Match.NO;
        }
        return has(hosts, facts.host()) && hasPath(facts.path()) ? Match.YES : Match.NO;
    }

    private static boolean has(List<NamePattern> patterns, String name) {
        return patterns.isEmpty() || patterns.stream().anyMatch(one -> one.matches(name));
    }

    private boolean hasPath(String path) {
        return paths.isEmpty() || paths.stream().anyMatch(one -> isBelow(one, path));
    }

    private static boolean isBelow(String top, String path) {
        return path.startsWith(top)
                && (path.length() == top.length()
                        || top.endsWith("/")
                        || path.charAt(top.length()) == '/');
    }

    /**
     * Reads a path as an operator writes it.
     *
     * @return without a slash at its end, but for the root
     * @throws IllegalArgumentException with a sentence
     */
    public static String path(String text) {
        String plain = RequestTarget.plain(text);
        if (!text.startsWith("/") || !plain.equals(text)) {
            throw new IllegalArgumentException(
                    "must be a path like /api/, in its plain form and without a query%s"
                            .formatted(text.startsWith("/") ? ": " + plain : ""));
        }
        return text.length() > 1 && text.endsWith("/")
                ? text.substring(0, text.length() - 1)
                : text;
    }

    /** As a configuration would have it, without braces; empty where it asks nothing. */
    String text() {
        List<String> parts = new ArrayList<>();
        list(parts, "sni", serverNames);
        list(parts, "alpn", alpn);
        if (asksRequest()) {
            List<String> request = new ArrayList<>();
            list(request, "host", hosts);
            list(request, "path", paths);
            parts.add("http: { " + String.join(", ", request) + " }");
        }
        return String.join(", ", parts);
    }

    private static void list(List<String> parts, String key, List<?> values) {
        if (!values.isEmpty()) {
            parts.add(key + ": " + (values.size() == 1 ? values.getFirst() : values));
        }
    }
}
