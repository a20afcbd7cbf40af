package io.culvert.gateway.upstream;

/** The versions of the PROXY protocol. */
public enum ProxyProtocol {
    /** A line of text; has no room for the tenant. */
    V1("v1"),
    /** Binary, with the tenant as a TLV of type {@link ProxyHeader#TENANT}. */
    V2("v2");

    private final String word;

    ProxyProtocol(String word) {
        this.word = word;
    }

    /** As in the configuration. */
    public String word() {
        return word;
    }
}
