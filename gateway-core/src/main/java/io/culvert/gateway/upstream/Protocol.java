package io.culvert.gateway.upstream;

import java.util.List;

/** Which HTTP is spoken with servers. */
public enum Protocol {
    HTTP1("http1"),
    /** Over plain TCP with prior knowledge (RFC 9113 section 3.3). */
    HTTP2("http2"),
    /** What the server chooses by ALPN where there is TLS, else HTTP/1.1. */
    AUTO("auto");

    private final String word;

    Protocol(String word) {
        this.word = word;
    }

    /** As in the configuration. */
    public String word() {
        return word;
    }

    /** What is offered in TLS (RFC 7301), best first. */
    public List<String> alpn() {
        return switch (this) {
            case HTTP1 -> List.of("http/1.1");
            case HTTP2 -> List.of("h2");
            case AUTO -> List.of("h2", "http/1.1");
        };
    }
}
