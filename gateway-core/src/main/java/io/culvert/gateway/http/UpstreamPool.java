package io.culvert.gateway.http;

import io.culvert.gateway.upstream.Connector;
import io.culvert.gateway.upstream.Member;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Connections to servers that wait for the next request. The one that was used last is taken first:
 * its server is the least likely to have closed it, and those that are not needed grow old.
 *
 * <p>Threading: any loop.
 */
final class UpstreamPool {
    private final Connector connector;
    private final HttpSettings settings;
    private final Map<Object, Shelf> shelves = new ConcurrentHashMap<>();
    private final LongAdder dials = new LongAdder();
    private final LongAdder reuses = new LongAdder();
    private final LongAdder stales = new LongAdder();

    /** A member's connections that only one flow may use. */
    private record Own(Member member, HttpFlow flow) {}

    /** What one loop has for one server. */
    private record Place(EventLoop loop, Object key) {}

    private static final class Shelf {
        private final ArrayDeque<Http1Outbound> idle = new ArrayDeque<>();
    }

    UpstreamPool(Connector connector, HttpSettings settings) {
        this.connector = connector;
        this.settings = settings;
    }

    long idleNanos() {
        return settings.upstreamIdleTimeout().toNanos();
    }

    private static Object key(Exchange exchange) {
        Member member = exchange.pick().member();
        return member.isShared() ? member : new Own(member, exchange.flow());
    }

    /** A kept connection for the request; null where there is none. */
    OutboundStream take(HttpLoop loop, Exchange exchange) {
        Shelf shelf = shelves.get(new Place(loop.eventLoop(), key(exchange)));
        if (shelf == null) {
            return null;
        }
        for (; ; ) {
            Http1Outbound last;
            synchronized (shelf) {
                last = shelf.idle.pollLast();
            }
            if (last == null) {
                return null;
            }
            if (last.isUsable()) {
                reuses.increment();
                last.serve(exchange);
                return last;
            }
        }
    }

    /** Connects anew for the request. */
    Future<OutboundStream> dial(HttpLoop loop, Exchange exchange) {
        dials.increment();
        Promise<OutboundStream> result = loop.eventLoop().newPromise();
        Object key = key(exchange);
        Future<Channel> connecting =
                connector.connect(
                        loop.eventLoop(), exchange.pick().member(), exchange.flow().facts());
        result.addListener(
                (Future<OutboundStream> done) -> {
                    if (done.isCancelled()) {
                        connecting.cancel(false);
                    }
                });
        connecting.addListener(
                (Future<Channel> done) -> {
                    if (!done.isSuccess()) {
                        result.tryFailure(done.cause());
                    } else if (result.isDone()) {
                        done.getNow().close();
                    } else {
                        result.trySuccess(begin(done.getNow(), key, loop, exchange));
                    }
                });
        return result;
    }

    private OutboundStream begin(Channel channel, Object key, HttpLoop loop, Exchange exchange) {
        Http1Outbound link = new Http1Outbound(this, key, loop, settings.headLimits());
        channel.pipeline().addLast(link);
        link.serve(exchange);
        return link;
    }

    /** Keeps a connection for the next request. */
    void put(HttpLoop loop, Http1Outbound link) {
        Shelf shelf =
                shelves.computeIfAbsent(new Place(loop.eventLoop(), link.key()), _ -> new Shelf());
        synchronized (shelf) {
            if (shelf.idle.size() < settings.upstreamIdle()) {
                shelf.idle.addLast(link);
                return;
            }
        }
        link.closeGently();
    }

    /** Forgets a connection that is of no use any more. */
    void discard(Http1Outbound link) {
        Place place = new Place(link.loop().eventLoop(), link.key());
        Shelf shelf = shelves.get(place);
        if (shelf == null) {
            return;
        }
        synchronized (shelf) {
            for (Iterator<Http1Outbound> all = shelf.idle.iterator(); all.hasNext(); ) {
                if (all.next() == link) {
                    all.remove();
                    break;
                }
            }
        }
    }

    /** A kept connection had been closed by its server. */
    void stale() {
        stales.increment();
    }

    long dials() {
        return dials.sum();
    }

    long reuses() {
        return reuses.sum();
    }

    long stales() {
        return stales.sum();
    }
}
