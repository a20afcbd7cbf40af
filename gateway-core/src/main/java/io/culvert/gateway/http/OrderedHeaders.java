package io.culvert.gateway.http;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;

/**
 * Fields of HTTP/2 that know whether they came in order: Netty's own put pseudo-fields first,
 * wherever they were (RFC 9113 section 8.3).
 *
 * <p>Confined to one thread.
 */
final class OrderedHeaders extends DefaultHttp2Headers {
    private boolean regular;
    private boolean misplaced;

    OrderedHeaders() {
        super(false);
    }

    static boolean isMisplaced(Http2Headers headers) {
        return headers instanceof OrderedHeaders ordered && ordered.misplaced;
    }

    @Override
    public Http2Headers add(CharSequence name, CharSequence value) {
        if (name.isEmpty() || name.charAt(0) != ':') {
            regular = true;
        } else {
            misplaced |= regular;
        }
        return super.add(name, value);
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other);
    }

    @Override
    public int hashCode() {
        return super.hashCode();
    }
}
