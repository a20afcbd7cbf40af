package io.culvert.gateway.detect;

import io.culvert.flow.FlowContent;

import java.util.List;

/**
 * What the first bytes of a flow say about it; by the word of its initiator, who may lie.
 *
 * @param serverName that a ClientHello asks for, in lower case; empty where it names none, or none
 *     that is a name
 * @param alpn the application protocols that a ClientHello offers, in its order; without those that
 *     are not printable
 * @param version TLS: the newest that is offered, as {@code 0x0304}; QUIC: the version of the
 *     packet; HTTP: as {@code 0x0101}; 0 where there is none to tell
 * @param method of the first HTTP/1 request; empty for anything else
 * @param host that the first HTTP/1 request is for, in lower case and without port; empty where it
 *     names none, or two, or none that is a host
 * @param path of the first HTTP/1 request, {@linkplain RequestTarget in its plain form} and without
 *     query; empty where it has none
 */
public record Facts(
        Application application,
        String serverName,
        List<String> alpn,
        int version,
        String method,
        String host,
        String path)
        implements FlowContent {
    /** Of a flow that nothing is known of. */
    public static final Facts NONE = of(Application.UNKNOWN, 0);

    public Facts {
        alpn = List.copyOf(alpn);
    }

    /** Of a flow that no more is known of. */
    static Facts of(Application application, int version) {
        return new Facts(application, "", List.of(), version, "", "", "");
    }

    /** Of a ClientHello. */
    static Facts hello(Application application, String serverName, List<String> alpn, int version) {
        return new Facts(application, serverName, alpn, version, "", "", "");
    }

    /** Of an HTTP/1 request. */
    static Facts request(int version, String method, RequestTarget target) {
        return new Facts(
                Application.HTTP1, "", List.of(), version, method, target.host(), target.path());
    }

    /** The same connection, and one of its requests. */
    public Facts with(String requestMethod, RequestTarget target) {
        return new Facts(
                application,
                serverName,
                alpn,
                version,
                requestMethod,
                target.host(),
                target.path());
    }

    /** On one line for people, such as {@code tls sni=example.org alpn=h2,http/1.1}. */
    @Override
    public String text() {
        StringBuilder text = new StringBuilder(application.word());
        if (application == Application.QUIC) {
            text.append(" version=0x").append(Integer.toHexString(version));
        }
        add(text, "sni", serverName);
        add(text, "alpn", String.join(",", alpn));
        add(text, "method", method);
        add(text, "host", host);
        add(text, "path", path);
        return text.toString();
    }

    private static void add(StringBuilder text, String key, String value) {
        if (!value.isEmpty()) {
            text.append(' ').append(key).append('=').append(value);
        }
    }

    @Override
    public String toString() {
        return text();
    }
}
