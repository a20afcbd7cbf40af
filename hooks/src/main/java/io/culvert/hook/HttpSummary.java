package io.culvert.hook;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * A request that is over.
 *
 * @param request as it came, with the context that hooks have added
 * @param status that the client got; 0 where it got none
 * @param reason why it ended otherwise than with a server's whole answer
 * @param member the server that was asked last; empty where none was
 * @param requestBytes of the request's body
 * @param responseBytes of the answer's body
 * @param elapsed from its first byte to its end
 */
public record HttpSummary(
        HttpRequest request,
        int status,
        Optional<Reason> reason,
        String member,
        long requestBytes,
        long responseBytes,
        Duration elapsed) {
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public HttpSummary {
        Objects.requireNonNull(request);
        Objects.requireNonNull(reason);
        Objects.requireNonNull(member);
        Objects.requireNonNull(elapsed);
    }
}
