package io.culvert.gateway;

import io.culvert.gateway.http.Destinations;
import io.culvert.gateway.http.ExchangeListener;
import io.culvert.gateway.http.HttpFlow;
import io.culvert.gateway.http.HttpProxy;
import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.tls.Tls;
import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.gateway.upstream.Upstreams;
import io.culvert.hook.Reason;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.Takeover;
import io.netty.channel.Channel;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * The handlers that the gateway brings itself, for upgraded TCP connections: HTTP, with TLS on
 * either side and upstreams behind it.
 *
 * <p>Threading: {@link #takeover} and {@link #accept} on any worker, for its own connections.
 */
final class WebHandlers {
    private final HttpSettings settings;
    private final Tls tls;
    private final Upstreams upstreams;
    private final HttpProxy proxy;

    /**
     * A flow whose connection is one of these.
     *
     * @param id as in the flow log
     * @param facts of its initiator; the target is where a socket leads that goes there
     * @param proxying of the rule that decided
     */
    record WebFlow(String id, ClientFacts facts, Proxying proxying) {}

    WebHandlers(
            HttpSettings settings, Tls tls, Upstreams upstreams, ExchangeListener listener) {
        this.settings = settings;
        this.tls = tls;
        this.upstreams = upstreams;
        proxy = new HttpProxy(settings, upstreams.connector(), listener);
    }

    /** Whether a handler of that name is one of these. */
    static boolean has(String handler) {
        return handler.equals(Policy.HTTP);
    }

    /** Who gets a flow's connection. */
    Takeover takeover(WebFlow flow, Poller poller) {
        return new HttpTakeover(this, flow, poller);
    }

    /** How long a client may take to begin. */
    Duration headerTimeout() {
        return settings.headerTimeout();
    }

    /** What is done with a connection that begins with TLS. */
    Proxying.Tls tls(Proxying proxying) {
        return proxying.tls()
                .orElse(tls.server().terminates() ? Proxying.Tls.TERMINATE : Proxying.Tls.PASS);
    }

    /**
     * Gives a connection to the proxy.
     *
     * @param client registered, and not reading by itself yet
     */
    void accept(Channel client, WebFlow flow, HttpFlow.Encryption encryption) {
        proxy.accept(
                client, new HttpFlow(flow.id(), flow.facts(), encryption, destinations(flow)));
    }

    private Destinations destinations(WebFlow flow) {
        Optional<String> group = flow.proxying().upstream();
        if (group.isEmpty()) {
            InetSocketAddress target = flow.facts().target();
            return Destinations.only(upstreams.target(target, Optional.empty()));
        }
        return upstreams
                .group(group.get())
                .map(Destinations::only)
                // Taken out of the configuration since it was decided.
                .orElse(_ -> new Destinations.Destination.Nowhere(Reason.NO_ROUTE));
    }

    /** Ends connections as soon as their requests are answered. */
    void drain() {
        proxy.drain();
    }
}
