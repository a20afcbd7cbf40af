package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.http.Alternatives;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.policy.RequestRules;
import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.upgrade.DatagramTakeover;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.upgrade.Takeover;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * How one worker's connections get to the gateway's own handlers.
 *
 * @param listeners where accepted connections come from
 * @param inner where their CONNECT leads
 * @param scratch of the worker's, direct, for the longest packet
 * @param policy that decides about flows which open now
 */
record WebAccess(
        WebHandlers handlers,
        Poller poller,
        Listeners listeners,
        InnerFlows inner,
        ByteBuffer scratch,
        LivePolicy policy) {
    /**
     * Who gets a flow's connection.
     *
     * @param rules that decide about each request
     * @param offRamp that its requests leave by
     * @param in that the flow came in by
     */
    Takeover takeover(
            Flow flow,
            FlowInfo info,
            Proxying proxying,
            Optional<RequestRules> rules,
            SocketOffRamp offRamp,
            TunnelPort in) {
        return handlers.takeover(webFlow(flow, info, proxying, rules, offRamp, in), poller);
    }

    /** Who gets a flow's datagrams, which are QUIC; as {@link #takeover}. */
    DatagramTakeover datagrams(
            Flow flow,
            FlowInfo info,
            Proxying proxying,
            Optional<RequestRules> rules,
            SocketOffRamp offRamp,
            TunnelPort in) {
        return new Http3Takeover(
                handlers, webFlow(flow, info, proxying, rules, offRamp, in), poller, scratch);
    }

    private WebHandlers.WebFlow webFlow(
            Flow flow,
            FlowInfo info,
            Proxying proxying,
            Optional<RequestRules> rules,
            SocketOffRamp offRamp,
            TunnelPort in) {
        SocketOffRamp.Target target = offRamp.target(flow);
        ClientFacts facts =
                new ClientFacts(
                        info.tenant(),
                        address(info.initiator()),
                        new InetSocketAddress(
                                new IpAddress(target.high(), target.low()).toInetAddress(),
                                target.port()),
                        Optional.ofNullable(target.source()).map(IpAddress::toInetAddress));
        boolean loops = flow.key().connection() != 0 && listeners.has(target);
        return new WebHandlers.WebFlow(
                Long.toString(flow.id()),
                facts,
                info,
                proxying,
                rules,
                loops,
                authority -> inner.to(in, facts.client(), authority),
                alternatives(flow));
    }

    /** By UDP comes what comes as packets; a port of the host accepts TCP alone. */
    private Alternatives alternatives(Flow flow) {
        FlowKey key = flow.key();
        return key.connection() != 0 || key.protocol() != IpProtocol.TCP
                ? Alternatives.NONE
                : new Http3Beside(
                        handlers,
                        policy,
                        new Policy.Question(
                                flow.tenant().name(),
                                IpProtocol.UDP,
                                new IpAddress(key.sourceHigh(), key.sourceLow()),
                                new IpAddress(key.destinationHigh(), key.destinationLow()),
                                key.destinationPort()));
    }

    static InetSocketAddress address(Endpoint endpoint) {
        return new InetSocketAddress(endpoint.address(), endpoint.port());
    }
}
