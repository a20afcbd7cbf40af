package io.culvert.gateway;

import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.detect.RequestTarget;
import io.culvert.gateway.http.Alternatives;
import io.culvert.gateway.http.RequestHead;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;

import java.util.List;

/**
 * Says to clients of a TCP flow that the same is there by HTTP/3, where the policy in force would
 * end QUIC that they begin with the same address and port for the name of the request. What plugins
 * would make of such a flow is not asked; a client that finds nobody goes on by TCP (RFC 7838
 * section 2.4).
 *
 * @param udp the flow as it would be with UDP
 */
record Http3Beside(WebHandlers handlers, LivePolicy policy, Policy.Question udp)
        implements Alternatives {
    /** How long clients may remember it, in seconds: an hour, since what is said may change. */
    private static final int AGE = 3_600;

    private static final List<String> ALPN = List.of("h3");

    /** RFC 9000 section 15. */
    private static final int QUIC_VERSION = 1;

    @Override
    public String of(RequestHead request) {
        if (!handlers.advertisesHttp3()) {
            return null;
        }
        String host =
                RequestTarget.of(request.method(), request.target(), request.authority()).host();
        Facts facts = new Facts(Application.QUIC, host, ALPN, QUIC_VERSION, "", "", "");
        Ruling ruling = policy.current().decide(udp, facts).knowing(facts);
        return ruling.decision() instanceof FlowDecision.Upgrade upgrade
                        && QuicUse.of(upgrade, ruling, handlers) == QuicUse.END
                ? "h3=\":%d\"; ma=%d".formatted(udp.flow().destinationPort(), AGE)
                : null;
    }
}
