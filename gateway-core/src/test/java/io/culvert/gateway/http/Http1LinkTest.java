package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;

import org.junit.jupiter.api.Test;

class Http1LinkTest {
    /** Neither reads nor knows anybody. */
    private static final class Writes extends Http1Link {
        Writes(HttpLoop loop) {
            super(loop);
        }

        @Override
        boolean isReady() {
            return false;
        }

        @Override
        boolean step(ByteBuf in) {
            return false;
        }

        @Override
        boolean isThirsty() {
            return false;
        }

        @Override
        void ended() {}

        @Override
        void writable(boolean now) {}

        @Override
        public void sweep(long nowNanos) {}

        @Override
        public void drain() {}
    }

    /** Whoever hears of it has everybody flush. */
    @Test
    void aLargePieceIsFlushedWhereASmallOneBeforeItMakesTheChannelUnwritable() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(1, 5));
        HttpLoop loop = new HttpLoop(channel.eventLoop(), () -> 0);
        Writes link = new Writes(loop);
        channel.pipeline().addLast(link);
        link.write(Unpooled.wrappedBuffer(new byte[10]));
        link.write(Unpooled.wrappedBuffer(new byte[10_000]));
        loop.flush();
        int length = 0;
        for (ByteBuf piece; (piece = channel.readOutbound()) != null; piece.release()) {
            length += piece.readableBytes();
        }
        assertEquals(10_010, length);
    }
}
