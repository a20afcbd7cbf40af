package io.culvert.gateway.telemetry;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

import io.culvert.gateway.http.ExchangeFacts;

/**
 * A line of the access log. Times are microseconds from the request's head, but for those that
 * connecting to the server took.
 *
 * @param version of the format
 * @param flow as in the flow log
 * @param http the client's version: {@code 1} or {@code 2}
 * @param status as the client got it; 0 where it got none
 * @param reason why it was not a server's whole answer; absent where it was
 * @param dialMicros the TCP connect, absent where the connection had served before
 * @param tlsMicros the TLS handshake with the server behind it; absent where there was none
 * @param sampled of how many such requests this is one
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"version", "time", "flow"})
record AccessRecord(
        int version,
        String time,
        String flow,
        String tenant,
        String client,
        int http,
        String method,
        String scheme,
        String host,
        String path,
        int status,
        String reason,
        @JsonProperty("request_bytes") long requestBytes,
        @JsonProperty("response_bytes") long responseBytes,
        String upstream,
        boolean reused,
        int attempts,
        @JsonProperty("connect_micros") Long connectMicros,
        @JsonProperty("dial_micros") Long dialMicros,
        @JsonProperty("tls_micros") Long tlsMicros,
        @JsonProperty("first_byte_micros") Long firstByteMicros,
        @JsonProperty("total_micros") long totalMicros,
        int sampled) {
    static final int VERSION = 1;

    /** Of an exchange that has just ended. */
    static AccessRecord of(ExchangeFacts facts, String time, boolean queries, int sampled) {
        var flow = facts.flow();
        var client = flow.facts().client();
        return new AccessRecord(
                VERSION,
                time,
                flow.id(),
                Texts.wellFormed(flow.facts().tenant()),
                client.getAddress().getHostAddress(),
                facts.clientVersion(),
                Texts.wellFormed(facts.request().method()),
                facts.request().scheme(),
                Texts.wellFormed(facts.request().authority()),
                Texts.wellFormed(path(facts, queries)),
                facts.status(),
                facts.reason() == null ? null : facts.reason().name(),
                facts.requestBytes(),
                facts.responseBytes(),
                facts.member().isEmpty() ? null : facts.member(),
                facts.isReused(),
                facts.attempts(),
                micros(facts.connectNanos()),
                micros(facts.dialNanos()),
                micros(facts.tlsNanos()),
                micros(facts.firstByteNanos()),
                facts.totalNanos() / 1000,
                sampled);
    }

    private static String path(ExchangeFacts facts, boolean queries) {
        String path = facts.request().path();
        if (path.length() == facts.request().target().length()) {
            return path;
        }
        return queries ? Redaction.current().apply(facts.request().target()) : path + "?***";
    }

    private static Long micros(long nanos) {
        return nanos < 0 ? null : nanos / 1000;
    }
}
