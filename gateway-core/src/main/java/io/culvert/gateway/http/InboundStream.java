package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;

/**
 * A request's stream towards its client, whatever the version: what the {@link Exchange} tells it.
 *
 * <p>Threading: the client's loop.
 */
interface InboundStream {
    /** Another head follows. */
    void informational(ResponseHead head);

    /**
     * @param last whether nothing follows
     */
    void head(ResponseHead head, boolean last);

    /**
     * @param piece becomes the stream's to release
     */
    void body(ByteBuf piece, boolean last);

    /** The answer ends, with trailers or null. */
    void end(Fields trailers);

    /** Whether more of the answer may be written now. */
    boolean isWritable();

    /** Whether more of the request's body may come now. */
    void demand(boolean on);

    /** Whether what is demanded can come; false where that is not known. */
    default boolean maySend() {
        return false;
    }

    /** The answer, which has begun, cannot be ended: the client has to see that it is not whole. */
    void abort(Reason reason);

    /**
     * The exchange is over. A new request may come.
     *
     * @param requestDone whether the request was read to its end
     */
    void over(boolean requestDone);

    /** 1 to 3. */
    int version();
}
