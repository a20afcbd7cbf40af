package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;

/**
 * What is left of a request's stream towards a server that has said all it has to say: what still
 * comes of the request is judged by plugins, and thrown away.
 */
final class AnsweredStream implements OutboundStream {
    static final AnsweredStream INSTANCE = new AnsweredStream();

    private AnsweredStream() {}

    @Override
    public void request(RequestHead head, boolean last) {}

    @Override
    public void body(ByteBuf piece, boolean last) {
        piece.release();
    }

    @Override
    public void end(Fields trailers) {}

    @Override
    public boolean isWritable() {
        return true;
    }

    @Override
    public void demand(boolean on) {}

    @Override
    public void cancel() {}
}
