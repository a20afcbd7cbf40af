package io.culvert.hook;

import java.util.Objects;
import java.util.Optional;

/**
 * A request that is over: what the access log has of it.
 *
 * @param request as hooks have made it, with the context that they have added
 * @param version of HTTP that the client speaks: 1, 2 or 3
 * @param status that the client got; 0 where it got none
 * @param reason why it ended otherwise than with a server's whole answer
 * @param member the server that was asked last; empty where none was
 * @param reused whether that server's connection had served before
 * @param attempts how often a connection was asked for
 * @param requestBytes of the request's body, as the client sent it
 * @param responseBytes of the answer's body, as the client got it
 * @param times how long it took
 */
public record HttpSummary(
        HttpRequest request,
        int version,
        int status,
        Optional<Reason> reason,
        String member,
        boolean reused,
        int attempts,
        long requestBytes,
        long responseBytes,
        HttpTimes times) {
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public HttpSummary {
        Objects.requireNonNull(request);
        Objects.requireNonNull(reason);
        Objects.requireNonNull(member);
        Objects.requireNonNull(times);
    }
}
