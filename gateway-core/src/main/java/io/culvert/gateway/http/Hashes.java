package io.culvert.gateway.http;

/** What keeps requests together where an upstream balances by hash: who asks. */
final class Hashes {
    private Hashes() {}

    static long of(HttpFlow flow, RequestHead request) {
        return (flow.facts().client().getAddress().hashCode() * 0x9e3779b97f4a7c15L)
                ^ flow.facts().tenant().hashCode();
    }
}
