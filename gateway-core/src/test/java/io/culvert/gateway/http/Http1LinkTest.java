package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;

import org.junit.jupiter.api.Test;

/** What is written to a connection of HTTP/1 is flushed, whatever happens in between. */
class Http1LinkTest {
    private static final int FULL = 64 * 1024;

    /** Reads nothing. */
    private static final class Written extends Http1Link {
        Written(HttpLoop loop) {
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
            return true;
        }

        @Override
        boolean outlastsEnd() {
            return false;
        }

        @Override
        void broken() {}

        @Override
        void ended() {}

        @Override
        void writable(boolean now) {}

        @Override
        public void sweep(long nowNanos) {}

        @Override
        public void drain() {}
    }

    /** The small piece fills the channel, which is then flushed before the last one is in it. */
    @Test
    void flushesWhatFollowsAPieceThatFillsTheChannel() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.config()
                .setOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(FULL / 2, FULL));
        HttpLoop loop = new HttpLoop(channel.eventLoop(), () -> 0);
        Written link = new Written(loop);
        channel.pipeline().addLast(link);

        link.write(Unpooled.buffer().writeZero(FULL - 1000));
        link.write(Unpooled.buffer().writeZero(2000));
        link.write(Unpooled.buffer().writeZero(5000));
        loop.flush();

        int bytes = 0;
        for (ByteBuf out; (out = channel.readOutbound()) != null; ) {
            bytes += out.readableBytes();
            out.release();
        }
        assertEquals(FULL + 6000, bytes);
        channel.finishAndReleaseAll();
    }
}
