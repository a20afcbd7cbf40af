package io.culvert.gateway.upstream;

/** How a group spreads requests over its servers. */
public enum Balance {
    /** In turn, each as often as its weight says. */
    ROUND_ROBIN("round-robin"),

    /**
     * The less loaded of two that are drawn at random by weight, load being live requests for each
     * unit of weight. Two are enough to keep every server off the tail, and, unlike the least of
     * all, do not send every worker's next request to the same one.
     */
    LEAST_LOADED("least-loaded"),

    /** Requests with the same hash to the same server; see {@link HashRing}. */
    HASH("hash");

    private final String word;

    Balance(String word) {
        this.word = word;
    }

    /** As in the configuration. */
    public String word() {
        return word;
    }
}
