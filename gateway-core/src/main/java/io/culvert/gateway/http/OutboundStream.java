package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;

/**
 * A request's stream towards its server, whatever the version: what the {@link Exchange} tells it.
 *
 * <p>Threading: the client's loop.
 */
interface OutboundStream {
    /**
     * @param last whether nothing follows
     */
    void request(RequestHead head, boolean last);

    /**
     * @param piece becomes the stream's to release
     */
    void body(ByteBuf piece, boolean last);

    /** The request ends, with trailers or null. */
    void end(Fields trailers);

    /** Whether more of the request may be written now. */
    boolean isWritable();

    /** Whether more of the answer's body may come now. */
    void demand(boolean on);

    /** Nobody waits for the answer, or for the rest of it, any more. Nothing is told hereafter. */
    void cancel();
}
