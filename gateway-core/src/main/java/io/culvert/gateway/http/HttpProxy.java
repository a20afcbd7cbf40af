package io.culvert.gateway.http;

import io.culvert.gateway.tls.QuicTls;
import io.culvert.gateway.upstream.Connector;
import io.culvert.hook.Reason;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;

import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * The HTTP proxy of a gateway: connections are handed to it, of whatever loop.
 *
 * <p>Threading: {@link #accept} on the channel's loop, the rest on any thread.
 */
public final class HttpProxy {
    private volatile HttpSettings settings;
    private volatile ExchangeListener listener;
    private final Connector connector;
    private final UpstreamPool pool;
    private final LongSupplier clock;
    private final Map<EventLoop, HttpLoop> loops = new ConcurrentHashMap<>();
    private final LongAdder[] requests = new LongAdder[18];
    private final Map<Reason, LongAdder> refusals = new EnumMap<>(Reason.class);

    public HttpProxy(HttpSettings settings, Connector connector, ExchangeListener listener) {
        this(settings, connector, listener, System::nanoTime);
    }

    HttpProxy(
            HttpSettings settings,
            Connector connector,
            ExchangeListener listener,
            LongSupplier clock) {
        this.settings = settings;
        this.connector = connector;
        this.listener = listener;
        this.clock = clock;
        pool = new UpstreamPool(connector, this::settings);
        Arrays.setAll(requests, _ -> new LongAdder());
        for (Reason reason : Reason.values()) {
            refusals.put(reason, new LongAdder());
        }
    }

    /**
     * Takes a client's connection: its bytes are HTTP, or TLS where the flow says so.
     *
     * @param client registered, with {@code autoRead} off and nothing of it read
     */
    public void accept(Channel client, HttpFlow flow) {
        HttpLoop loop = loop(client.eventLoop());
        client.closeFuture().addListener(_ -> pool.over(flow));
        Backlog.bound(client);
        if (flow.tls().isPresent()) {
            client.pipeline().addLast(flow.tls().get(), new TlsOpening(this, loop, flow));
        } else {
            http1(client, loop, flow, "http");
        }
        client.config().setAutoRead(true);
    }

    /**
     * Takes a client's datagrams: they are QUIC, with HTTP/3 in it.
     *
     * @param datagrams registered, and nothing of it read
     * @param tls ends the connections' TLS
     * @param payload the longest that a datagram to the client may have
     */
    public void accept(Channel datagrams, HttpFlow flow, QuicTls tls, int payload) {
        QuicLink.begin(this, loop(datagrams.eventLoop()), flow, tls, datagrams, payload);
    }

    void http1(Channel client, HttpLoop loop, HttpFlow flow, String scheme) {
        client.pipeline().addLast(new Http1Inbound(this, loop, flow, scheme));
    }

    void http2(Channel client, HttpLoop loop, HttpFlow flow, String scheme) {
        new Http2Inbound(this, loop, flow, scheme).begin(client, true, settings);
    }

    HttpLoop loop(EventLoop loop) {
        return loops.computeIfAbsent(loop, one -> new HttpLoop(one, clock));
    }

    /** Ends every connection as soon as the requests on it are answered. */
    public void drain() {
        Collection<HttpLoop> all = loops.values();
        all.forEach(loop -> loop.eventLoop().execute(loop::drain));
    }

    /** From now on new connections are treated so. */
    public void become(HttpSettings next) {
        settings = next;
    }

    /** From now on somebody else is told. */
    public void listener(ExchangeListener next) {
        listener = next;
    }

    HttpSettings settings() {
        return settings;
    }

    Connector connector() {
        return connector;
    }

    UpstreamPool pool() {
        return pool;
    }

    Destinations.Destination destination(HttpFlow flow, RequestHead request) {
        return flow.destinations().of(request);
    }

    void refused(Reason reason) {
        refusals.get(reason).increment();
    }

    /** How often something ended otherwise than with a server's whole answer. */
    public long refusals(Reason reason) {
        return refusals.get(reason).sum();
    }

    /**
     * Requests that are over.
     *
     * @param version the client's, 1 to 3
     * @param hundreds of the status; 0 for those without an answer
     */
    public long requests(int version, int hundreds) {
        return requests[6 * (version - 1) + hundreds].sum();
    }

    /** Connections to servers that requests had to wait for. */
    public long connects() {
        return pool.dials();
    }

    /** Requests that got a connection which was there already. */
    public long reuses() {
        return pool.reuses();
    }

    /** Kept connections that one worker took from another. */
    public long moves() {
        return pool.moves();
    }

    /** Kept connections whose server had closed them when a request came. */
    public long stales() {
        return pool.stales();
    }

    /** Connections of HTTP/1 that are kept for the next request. */
    public int idle() {
        return pool.idle();
    }

    void over(Exchange exchange) {
        int hundreds = Math.min(5, exchange.status() / 100);
        requests[6 * (exchange.clientVersion() - 1) + hundreds].increment();
        listener.over(exchange);
    }
}
