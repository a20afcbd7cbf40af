package io.culvert.gateway.detect;

/** What a flow carries, as far as its first bytes tell. */
public enum Application {
    /** Nothing that is known here, or nothing was said in time. */
    UNKNOWN("unknown"),
    TLS("tls"),
    /** HTTP/1.0 or HTTP/1.1 in plain text. */
    HTTP1("http1"),
    /** HTTP/2 in plain text, by prior knowledge. */
    HTTP2("http2"),
    SSH("ssh"),
    QUIC("quic");

    private final String word;

    Application(String word) {
        this.word = word;
    }

    /** For logs. */
    public String word() {
        return word;
    }
}
