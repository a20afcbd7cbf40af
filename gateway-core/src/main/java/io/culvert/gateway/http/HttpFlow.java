package io.culvert.gateway.http;

import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.gateway.upstream.Upstream;
import io.netty.channel.ChannelHandler;

import java.util.Optional;

/**
 * What the proxy knows of a connection that it is handed.
 *
 * @param id of the flow, as in the flow log; empty where there is none
 * @param facts of the client
 * @param tls ends the connection's TLS, see {@code ServerTls}; empty where its bytes are HTTP
 * @param target the flow's own: where a connection goes whose TLS is let through
 * @param destinations where its requests go
 * @param hooks who is asked about them; empty where nobody is
 * @param alternatives where else its clients find what they ask for
 */
public record HttpFlow(
        String id,
        ClientFacts facts,
        Optional<ChannelHandler> tls,
        Upstream target,
        Destinations destinations,
        Optional<ExchangeHooks> hooks,
        Alternatives alternatives) {
    /** Which there is nowhere else. */
    public HttpFlow(
            String id,
            ClientFacts facts,
            Optional<ChannelHandler> tls,
            Upstream target,
            Destinations destinations,
            Optional<ExchangeHooks> hooks) {
        this(id, facts, tls, target, destinations, hooks, Alternatives.NONE);
    }

    /** Of whose requests nobody is asked. */
    public HttpFlow(
            String id,
            ClientFacts facts,
            Optional<ChannelHandler> tls,
            Upstream target,
            Destinations destinations) {
        this(id, facts, tls, target, destinations, Optional.empty());
    }
}
