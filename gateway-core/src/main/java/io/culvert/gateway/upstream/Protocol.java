package io.culvert.gateway.upstream;

import java.util.List;

/** Which HTTP is spoken with servers. */
public enum Protocol {
    HTTP1("http1", List.of("http/1.1")),
    /** Over plain TCP with prior knowledge (RFC 9113 section 3.3). */
    HTTP2("http2", List.of("h2")),
    /** What the server chooses by ALPN where there is TLS, else HTTP/1.1. */
    AUTO("auto", List.of("h2", "http/1.1"));

    private final String word;
    private final List<String> alpn;

    Protocol(String word, List<String> alpn) {
        this.word = word;
        this.alpn = alpn;
    }

    /** As in the configuration. */
    public String word() {
        return word;
    }

    /** What is offered in TLS (RFC 7301), best first. */
    public List<String> alpn() {
        return alpn;
    }
}
