package io.culvert.gateway.policy;

import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.detect.RequestTarget;

/**
 * The policy as it was when a connection opened, for each of its HTTP requests: the first rule that
 * matches the flow, what its ClientHello asked for and the request decides.
 *
 * <p>Immutable; asked on any thread.
 *
 * @param connection what is known of the connection itself
 */
public record RequestRules(Policy policy, Policy.Question flow, Facts connection) {
    /**
     * What becomes of a request. A refusal is for the request alone; {@code do: upgrade} with
     * another handler than {@code http} says nothing more about it than that it may pass.
     *
     * @param target of the request, as {@link RequestTarget#of} reads it
     */
    public Ruling decide(String method, RequestTarget target) {
        return policy.decide(flow, connection.with(method, target));
    }

    /** The same for a connection of which more is known, such as its ClientHello. */
    public RequestRules knowing(Facts more) {
        return new RequestRules(policy, flow, more);
    }

    /** Whether any rule asks about requests, so that there is something to decide. */
    public boolean ask() {
        return policy.asksAboutRequests();
    }
}
