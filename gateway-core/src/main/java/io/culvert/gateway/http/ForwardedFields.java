package io.culvert.gateway.http;

/** What a server is told of the client in fields. */
public enum ForwardedFields {
    /** Nothing; what the client says itself is passed on. */
    NONE("none"),
    /**
     * {@code X-Forwarded-For}, {@code -Proto} and {@code -Host}; the client's own are taken out.
     */
    X_FORWARDED("x-forwarded"),
    /** RFC 7239; the client's own is taken out. */
    FORWARDED("forwarded");

    private final String word;

    ForwardedFields(String word) {
        this.word = word;
    }

    /** As in the configuration. */
    public String word() {
        return word;
    }
}
