package io.culvert.gateway;

import io.culvert.gateway.detect.RequestTarget;
import io.culvert.gateway.http.Alternatives;
import io.culvert.gateway.http.Destinations;
import io.culvert.gateway.http.ExchangeListener;
import io.culvert.gateway.http.HttpFlow;
import io.culvert.gateway.http.HttpProxy;
import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.http.RequestHead;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.HttpQuestions;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.policy.RequestRules;
import io.culvert.gateway.policy.Ruling;
import io.culvert.gateway.tls.InspectTarget;
import io.culvert.gateway.tls.QuicTls;
import io.culvert.gateway.tls.Tls;
import io.culvert.gateway.upstream.Choice;
import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.gateway.upstream.Pick;
import io.culvert.gateway.upstream.PickRequest;
import io.culvert.gateway.upstream.Upstream;
import io.culvert.gateway.upstream.Upstreams;
import io.culvert.gateway.upstream.dns.Resolver;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.Takeover;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The handlers that the gateway brings itself, for upgraded TCP connections, and for QUIC: HTTP,
 * with TLS on either side and upstreams behind it.
 *
 * <p>Threading: {@link #takeover} and {@link #accept} on any worker, for its own connections.
 */
final class WebHandlers implements QuicEnds {
    private volatile HttpSettings settings;
    private final Tls tls;
    private final Upstreams upstreams;
    private final Supplier<HookChain> hooks;
    private final HttpProxy proxy;

    /**
     * A flow whose connection is one of these.
     *
     * @param id as in the flow log
     * @param facts of its initiator; the target is where a socket leads that goes there
     * @param info as plugins know it
     * @param proxying of the rule that decided
     * @param rules that decide about each request; empty where that rule has for all of them
     * @param loops whether its target is the gateway itself, which nothing may be sent to
     * @param tunnels where a CONNECT to an authority leads
     * @param alternatives where else its client finds what it asks for
     */
    record WebFlow(
            String id,
            ClientFacts facts,
            FlowInfo info,
            Proxying proxying,
            Optional<RequestRules> rules,
            boolean loops,
            Function<String, Upstream> tunnels,
            Alternatives alternatives) {}

    /**
     * @param hooks the plugins in force
     */
    WebHandlers(
            HttpSettings settings,
            Tls tls,
            Upstreams upstreams,
            Supplier<HookChain> hooks,
            ExchangeListener listener) {
        this.settings = settings;
        this.tls = tls;
        this.upstreams = upstreams;
        this.hooks = hooks;
        proxy = new HttpProxy(settings, InnerFlows.connector(upstreams.connector()), listener);
    }

    /** Whether a handler of that name is one of these. */
    static boolean has(String handler) {
        return handler.equals(Policy.HTTP);
    }

    /** Who gets a flow's connection. */
    Takeover takeover(WebFlow flow, Poller poller) {
        return new HttpTakeover(this, flow, poller);
    }

    @Override
    public boolean speaksHttp3() {
        return settings.http3() && QuicTls.obstacle().isEmpty();
    }

    /** Whether clients by TCP are told of HTTP/3. */
    boolean advertisesHttp3() {
        return settings.advertisesHttp3() && speaksHttp3();
    }

    /** How long a client may take to begin. */
    Duration headerTimeout() {
        return settings.headerTimeout();
    }

    /** What is done with a connection that begins with TLS. */
    @Override
    public Proxying.Tls tls(Proxying proxying) {
        return proxying.tls()
                .orElse(tls.server().terminates() ? Proxying.Tls.TERMINATE : Proxying.Tls.PASS);
    }

    /**
     * Gives a connection to the proxy.
     *
     * @param client registered, and not reading by itself yet
     * @param use how its TLS is ended; {@code null} where it has none
     */
    void accept(Channel client, WebFlow flow, Proxying.Tls use) {
        Upstream target = upstreams.target(flow.facts().target(), Optional.empty());
        proxy.accept(
                client,
                proxied(
                        flow,
                        Optional.ofNullable(use).map(one -> ending(one, flow, target)),
                        use != null,
                        target));
    }

    private HttpFlow proxied(
            WebFlow flow, Optional<ChannelHandler> ending, boolean encrypted, Upstream target) {
        return new HttpFlow(
                flow.id(),
                flow.facts(),
                ending,
                target,
                destinations(flow, encrypted, target),
                Optional.of(
                        new HttpQuestions(
                                hooks,
                                flow.info(),
                                name ->
                                        upstreams
                                                .group(name)
                                                .map(Destinations.Destination.To::new))),
                flow.alternatives());
    }

    /**
     * Gives a flow's datagrams to the proxy, as QUIC.
     *
     * @param datagrams registered, and nothing of it read
     * @param payload the longest that a datagram to the client may have
     */
    void accept(Channel datagrams, WebFlow flow, int payload) {
        Upstream target = upstreams.target(flow.facts().target(), Optional.empty());
        proxy.accept(datagrams, proxied(flow, Optional.empty(), true, target), tls.quic(), payload);
    }

    private Destinations destinations(WebFlow flow, boolean encrypted, Upstream target) {
        return flow.rules()
                .<Destinations>map(
                        rules -> request -> ruled(rules, request, flow, encrypted, target))
                .orElseGet(() -> decided(flow, flow.proxying(), encrypted, target));
    }

    private Destinations decided(
            WebFlow flow, Proxying proxying, boolean encrypted, Upstream target) {
        Destinations others =
                flow.loops() && proxying.upstream().isEmpty()
                        ? _ -> new Destinations.Destination.Nowhere(Reason.LOOP)
                        : encrypted ? encrypted(flow, proxying) : plain(proxying, target);
        return request ->
                request.isConnect()
                        ? new Destinations.Destination.To(flow.tunnels().apply(request.authority()))
                        : others.of(request);
    }

    private Destinations.Destination ruled(
            RequestRules rules,
            RequestHead request,
            WebFlow flow,
            boolean encrypted,
            Upstream target) {
        Ruling ruling =
                rules.decide(
                        request.method(),
                        RequestTarget.of(request.method(), request.target(), request.authority()));
        return ruling.decision() instanceof FlowDecision.Refuse refuse
                ? new Destinations.Destination.Nowhere(refuse.reason())
                : decided(flow, ruling.proxying(), encrypted, target).of(request);
    }

    private ChannelHandler ending(Proxying.Tls use, WebFlow flow, Upstream target) {
        return switch (use) {
            case TERMINATE -> tls.server().terminate();
            case INSPECT -> tls.server().inspect(new Inspected(flow, target));
            case PASS -> throw new IllegalStateException("not ended here");
        };
    }

    /** Asked for its certificate once in a while, by a connection like those of requests. */
    private final class Inspected implements InspectTarget {
        private final ClientFacts facts;
        private final Upstream target;
        private final boolean loops;

        private Inspected(WebFlow flow, Upstream target) {
            facts = flow.facts();
            loops = flow.loops();
            this.target = target;
        }

        @Override
        public InetSocketAddress address() {
            return facts.target();
        }

        @Override
        public Future<Channel> connect(EventLoop loop) {
            if (loops) {
                return loop.newFailedFuture(new ConnectException(Reason.LOOP.meaning()));
            }
            return switch (target.pick(PickRequest.first(0))) {
                case Choice.Refused refused ->
                        loop.newFailedFuture(new ConnectException(refused.reason().meaning()));
                case Pick pick -> {
                    Future<Channel> connecting =
                            upstreams.connector().connect(loop, pick.member(), facts);
                    connecting.addListener(_ -> pick.released());
                    yield connecting;
                }
            };
        }
    }

    /**
     * @param target the flow's own
     */
    private Destinations plain(Proxying proxying, Upstream target) {
        return proxying.upstream().map(this::group).orElseGet(() -> Destinations.only(target));
    }

    private Destinations group(String name) {
        return upstreams
                .group(name)
                .map(Destinations::only)
                // Taken out of the configuration since it was decided.
                .orElse(_ -> new Destinations.Destination.Nowhere(Reason.NO_ROUTE));
    }

    /** Those of a client that speaks TLS: so does the gateway with the flow's own target. */
    private Destinations encrypted(WebFlow flow, Proxying proxying) {
        return proxying.upstream().map(this::group).orElse(request -> own(flow, request));
    }

    private Destinations.Destination own(WebFlow flow, RequestHead request) {
        InetSocketAddress target = flow.facts().target();
        String name = host(request.authority());
        Upstreams.TlsTarget server =
                new Upstreams.TlsTarget(
                        name.isEmpty() ? target.getAddress().getHostAddress() : name,
                        tls.towardsTargets());
        return new Destinations.Destination.To(upstreams.target(target, Optional.of(server)));
    }

    /** The host of an authority (RFC 3986 section 3.2), without brackets. */
    private static String host(String authority) {
        if (authority.startsWith("[")) {
            int end = authority.indexOf(']');
            return end < 0 ? "" : authority.substring(1, end);
        }
        int colon = authority.indexOf(':');
        return colon < 0 ? authority : authority.substring(0, colon);
    }

    /** Finds the addresses of names. */
    Resolver resolver() {
        return upstreams.resolver();
    }

    HttpProxy proxy() {
        return proxy;
    }

    /** From now on new connections are treated so. */
    void become(HttpSettings next) {
        settings = next;
        proxy.become(next);
    }

    /** Ends connections as soon as their requests are answered. */
    void drain() {
        proxy.drain();
    }
}
