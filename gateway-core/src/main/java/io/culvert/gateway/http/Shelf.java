package io.culvert.gateway.http;

import io.netty.util.concurrent.Promise;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What one loop has of connections to one server. The one that was used last is taken first: its
 * server is the least likely to have closed it, and those that are not needed grow old.
 *
 * <p>Threading: connections of HTTP/1 may be taken by other loops, the rest is its own loop's.
 */
final class Shelf {
    private final ArrayDeque<Http1Outbound> idle = new ArrayDeque<>();
    private final List<Http2Outbound> shared = new ArrayList<>();
    private Promise<Http2Outbound> opening;
    private boolean http2;

    /** Another loop may not look at the channel; what is closed takes itself out. */
    synchronized Http1Outbound takeFirst() {
        return idle.pollFirst();
    }

    synchronized Http1Outbound takeLast() {
        Http1Outbound last;
        do {
            last = idle.pollLast();
        } while (last != null && !last.isUsable());
        return last;
    }

    /** Whether there was room. */
    synchronized boolean put(Http1Outbound link, int limit) {
        if (idle.size() >= limit) {
            return false;
        }
        idle.addLast(link);
        return true;
    }

    /** Whether nothing is left. */
    synchronized boolean remove(Http1Outbound link) {
        idle.removeLastOccurrence(link);
        return isEmpty();
    }

    synchronized boolean remove(Http2Outbound link) {
        shared.remove(link);
        return isEmpty();
    }

    synchronized boolean isEmpty() {
        return idle.isEmpty() && shared.isEmpty() && opening == null;
    }

    synchronized int idle() {
        return idle.size();
    }

    synchronized void share(Http2Outbound link) {
        shared.add(link);
    }

    /** One that takes another request; null where there is none. */
    synchronized Http2Outbound withRoom() {
        for (Http2Outbound link : shared) {
            if (link.hasRoom()) {
                return link;
            }
        }
        return null;
    }

    /** The connection that is being opened for whoever wants one; null for none. */
    synchronized Promise<Http2Outbound> opening() {
        return opening;
    }

    synchronized void opening(Promise<Http2Outbound> one) {
        opening = one;
    }

    /** Whether the server has chosen HTTP/2 before. */
    synchronized boolean speaksHttp2() {
        return http2;
    }

    /** The server has chosen HTTP/2, or has not. */
    synchronized void http2(boolean chosen) {
        http2 = chosen;
    }

    /** Ends everything that is here as soon as it may. */
    void drain() {
        List<Link> all;
        synchronized (this) {
            all = new ArrayList<>(idle);
            all.addAll(shared);
        }
        all.forEach(Link::drain);
    }
}
