package io.culvert.gateway.http;

import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.gateway.upstream.ConnectTimes;
import io.culvert.gateway.upstream.Connector;
import io.culvert.gateway.upstream.Member;
import io.culvert.gateway.upstream.Protocol;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * Connections to servers that wait for the next request.
 *
 * <p>A connection of HTTP/1 is of the loop that used it last. A loop that has none takes one of
 * another loop and has it moved: registered there no more, registered here, with nothing of it
 * under way. That costs two hops between threads, which is less than a connect, and much less than
 * a TLS handshake; passing every request's bytes between loops instead would cost as much for each
 * piece. A connection of HTTP/2 stays with its loop: it has many requests under way, and a handful
 * of them is enough for a server.
 *
 * <p>Threading: any loop.
 */
final class UpstreamPool {
    private final Connector connector;
    private final Supplier<HttpSettings> settings;
    private final Map<Place, Shelf> shelves = new ConcurrentHashMap<>();
    private final Map<HttpFlow, Set<Place>> owned = new ConcurrentHashMap<>();
    private final LongAdder dials = new LongAdder();
    private final LongAdder reuses = new LongAdder();
    private final LongAdder moves = new LongAdder();
    private final LongAdder stales = new LongAdder();

    /** A member's connections that only one flow may use: another may come from elsewhere. */
    private record Own(Member member, HttpFlow flow) {}

    /** Connections to it that speak HTTP/1, where others may speak what ALPN chooses. */
    private record Http1Only(Object key) {}

    /** What one loop has for one server. */
    private record Place(EventLoop loop, Object key) {}

    UpstreamPool(Connector connector, Supplier<HttpSettings> settings) {
        this.connector = connector;
        this.settings = settings;
    }

    long idleNanos() {
        return settings.get().upstreamIdleTimeout().toNanos();
    }

    private static Object key(Exchange exchange) {
        Member member = exchange.pick().member();
        HttpFlow flow = exchange.flow();
        Object key =
                member.isShared() && flow.facts().source().isEmpty()
                        ? member
                        : new Own(member, flow);
        return wantsHttp1(exchange) ? new Http1Only(key) : key;
    }

    /**
     * Whether the request is one that few servers of HTTP/2 take (RFC 8441), and none has to: to
     * speak another protocol. Browsers ask for HTTP/1 then, too.
     */
    private static boolean wantsHttp1(Exchange exchange) {
        Member member = exchange.pick().member();
        return exchange.request().upgrade != null
                && member.isTls()
                && member.protocol() == Protocol.AUTO;
    }

    private static boolean isRetired(Object key) {
        return switch (key) {
            case Http1Only only -> isRetired(only.key());
            case Own own -> own.member().isRetired();
            default -> ((Member) key).isRetired();
        };
    }

    private Shelf shelf(HttpLoop loop, Object key) {
        return shelves.computeIfAbsent(new Place(loop.eventLoop(), key), this::made);
    }

    private Shelf made(Place place) {
        if (place.key() instanceof Own own) {
            owned.computeIfAbsent(own.flow(), _ -> ConcurrentHashMap.newKeySet()).add(place);
        }
        return new Shelf();
    }

    /** Forgets a shelf that has nothing; on the loop that it is of. */
    private void tidy(Place place) {
        Shelf shelf = shelves.get(place);
        if (shelf != null && shelf.isEmpty()) {
            shelves.remove(place, shelf);
        }
    }

    /** The same, after another loop has taken a connection from it. */
    void left(Http1Outbound link) {
        tidy(new Place(link.loop().eventLoop(), link.key()));
    }

    /** The flow is over, and with it the connections that nobody else may use; on its loop. */
    void over(HttpFlow flow) {
        Set<Place> places = owned.remove(flow);
        if (places != null) {
            for (Place place : places) {
                Shelf shelf = shelves.remove(place);
                if (shelf != null) {
                    shelf.drain();
                }
            }
        }
    }

    /** A kept connection of the loop for the request; null where there is none. */
    OutboundStream take(HttpLoop loop, Exchange exchange) {
        Shelf shelf = shelves.get(new Place(loop.eventLoop(), key(exchange)));
        if (shelf == null) {
            return null;
        }
        Http2Outbound shared = shelf.withRoom();
        if (shared != null) {
            reuses.increment();
            return shared.open(exchange);
        }
        Http1Outbound last = shelf.takeLast();
        if (last != null) {
            reuses.increment();
            last.serve(exchange);
        }
        return last;
    }

    /**
     * Gets a connection for the request from elsewhere.
     *
     * @param fresh whether it has to be a new one
     */
    Future<OutboundStream> dial(HttpLoop loop, Exchange exchange, boolean fresh) {
        Promise<OutboundStream> result = loop.eventLoop().newPromise();
        Object key = key(exchange);
        Shelf shelf = shelf(loop, key);
        Promise<Http2Outbound> opening = shelf.opening();
        if (opening != null) {
            await(opening, loop, exchange, result);
            return result;
        }
        Http1Outbound elsewhere = fresh ? null : elsewhere(loop, key);
        if (elsewhere != null) {
            move(elsewhere, loop, key, exchange, result);
        } else {
            connect(loop, key, exchange, result);
        }
        return result;
    }

    private void connect(
            HttpLoop loop, Object key, Exchange exchange, Promise<OutboundStream> result) {
        dials.increment();
        Member member = exchange.pick().member();
        Shelf shelf = shelf(loop, key);
        Promise<Http2Outbound> opening = loop.eventLoop().newPromise();
        boolean shared = member.protocol() == Protocol.HTTP2 || shelf.speaksHttp2();
        if (shared) {
            shelf.opening(opening);
        }
        ClientFacts facts = exchange.flow().facts();
        Future<Channel> connecting =
                wantsHttp1(exchange)
                        ? connector.connectHttp1(loop.eventLoop(), member, facts)
                        : connector.connect(loop.eventLoop(), member, facts);
        if (!shared) {
            result.addListener(
                    (Future<OutboundStream> done) -> {
                        if (done.isCancelled()) {
                            connecting.cancel(false);
                        }
                    });
        }
        connecting.addListener(
                (Future<Channel> done) -> {
                    if (done.isSuccess() && !result.isDone()) {
                        exchange.connect = ConnectTimes.of(done.getNow());
                    }
                    if (!done.isSuccess()) {
                        // That takes it from the shelf.
                        opening.tryFailure(done.cause());
                        result.tryFailure(done.cause());
                        tidy(new Place(loop.eventLoop(), key));
                    } else if (isHttp2(done.getNow(), member)) {
                        shelf(loop, key).http2(true);
                        await(opening, loop, exchange, result);
                        new Http2Outbound(this, key, loop, settings.get())
                                .begin(done.getNow(), opening);
                    } else {
                        // It spoke HTTP/2 the last time: whoever waits to share it has to connect.
                        shelf(loop, key).http2(false);
                        boolean _ = opening.cancel(false);
                        http1(done.getNow(), key, loop, exchange, result);
                    }
                });
        opening.addListener(
                (Future<Http2Outbound> done) -> {
                    if (shared) {
                        shelf.opening(null);
                    }
                    if (done.isSuccess()) {
                        shelf(loop, key).share(done.getNow());
                    }
                });
    }

    private static boolean isHttp2(Channel channel, Member member) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return tls == null
                ? member.protocol() == Protocol.HTTP2
                : "h2".equals(tls.applicationProtocol()) || member.protocol() == Protocol.HTTP2;
    }

    private void http1(
            Channel channel,
            Object key,
            HttpLoop loop,
            Exchange exchange,
            Promise<OutboundStream> result) {
        if (result.isDone()) {
            ChannelFuture _ = channel.close();
            tidy(new Place(loop.eventLoop(), key));
            return;
        }
        Http1Outbound link = new Http1Outbound(this, key, loop, settings.get().headLimits());
        channel.pipeline().addLast(link);
        channel.closeFuture().addListener(_ -> discard(link));
        link.serve(exchange);
        result.trySuccess(link);
    }

    /** Connects to where a CONNECT leads. */
    Future<OutboundStream> tunnel(HttpLoop loop, Exchange exchange) {
        dials.increment();
        Promise<OutboundStream> result = loop.eventLoop().newPromise();
        connector
                .connect(loop.eventLoop(), exchange.pick().member(), exchange.flow().facts())
                .addListener(
                        (Future<Channel> done) -> {
                            if (done.isSuccess()) {
                                exchange.connect = ConnectTimes.of(done.getNow());
                                http1(done.getNow(), key(exchange), loop, exchange, result);
                            } else {
                                result.tryFailure(done.cause());
                            }
                        });
        return result;
    }

    /** Waits for a connection that several requests want to share. */
    private void await(
            Promise<Http2Outbound> opening,
            HttpLoop loop,
            Exchange exchange,
            Promise<OutboundStream> result) {
        opening.addListener(
                (Future<Http2Outbound> done) -> {
                    if (result.isDone()) {
                        return;
                    }
                    if (!done.isSuccess() && !done.isCancelled()) {
                        result.tryFailure(done.cause());
                    } else if (done.isSuccess() && done.getNow().hasRoom()) {
                        result.trySuccess(done.getNow().open(exchange));
                    } else {
                        dial(loop, exchange, true)
                                .addListener(
                                        (Future<OutboundStream> next) -> {
                                            if (next.isSuccess()) {
                                                result.trySuccess(next.getNow());
                                            } else {
                                                result.tryFailure(next.cause());
                                            }
                                        });
                    }
                });
    }

    private Http1Outbound elsewhere(HttpLoop loop, Object key) {
        for (Map.Entry<Place, Shelf> other : shelves.entrySet()) {
            if (other.getKey().loop() != loop.eventLoop() && other.getKey().key().equals(key)) {
                Http1Outbound oldest = other.getValue().takeFirst();
                if (oldest != null) {
                    return oldest;
                }
            }
        }
        return null;
    }

    private void move(
            Http1Outbound link,
            HttpLoop loop,
            Object key,
            Exchange exchange,
            Promise<OutboundStream> result) {
        moves.increment();
        link.moveTo(loop)
                .addListener(
                        (Future<Http1Outbound> done) -> {
                            if (!done.isSuccess()) {
                                if (!result.isDone()) {
                                    connect(loop, key, exchange, result);
                                }
                            } else if (result.isDone()) {
                                put(loop, link);
                            } else {
                                reuses.increment();
                                link.serve(exchange);
                                exchange.reused();
                                result.trySuccess(link);
                            }
                        });
    }

    /** Keeps a connection for the next request. */
    void put(HttpLoop loop, Http1Outbound link) {
        if (isRetired(link.key())
                || loop.isDraining()
                || !shelf(loop, link.key()).put(link, settings.get().upstreamIdle())) {
            link.closeGently();
        }
    }

    /** Forgets a connection that is of no use any more. */
    void discard(Http1Outbound link) {
        Place place = new Place(link.loop().eventLoop(), link.key());
        Shelf shelf = shelves.get(place);
        if (shelf != null && shelf.remove(link)) {
            shelves.remove(place, shelf);
        }
    }

    /** Forgets a connection that takes no more requests. */
    void discard(Http2Outbound link) {
        Place place = new Place(link.loop().eventLoop(), link.key());
        Shelf shelf = shelves.get(place);
        if (shelf != null && shelf.remove(link)) {
            shelves.remove(place, shelf);
        }
    }

    /** A kept connection had been closed by its server. */
    void stale() {
        stales.increment();
    }

    /** Connections that wait. */
    int idle() {
        Collection<Shelf> all = shelves.values();
        return all.stream().mapToInt(Shelf::idle).sum();
    }

    /** Servers for which something is kept or opened, those of each loop. */
    int places() {
        return shelves.size();
    }

    long dials() {
        return dials.sum();
    }

    long reuses() {
        return reuses.sum();
    }

    long moves() {
        return moves.sum();
    }

    long stales() {
        return stales.sum();
    }
}
