package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

class RetryTokensTest {
    private static final InetSocketAddress CLIENT = new InetSocketAddress("192.0.2.1", 1);
    private static final byte[] ID = {1, 2, 3, 4, 5, 6, 7, 8};

    private final EventLoop unused = new DefaultEventLoop();
    private final HttpLoop loop = new HttpLoop(unused, () -> 0);
    private final RetryTokens tokens = new RetryTokens(loop);
    private final ByteBuf out = Unpooled.buffer();

    @AfterEach
    void end() {
        unused.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private void crowd() {
        while (!loop.hasManyHandshakes()) {
            loop.handshakeBegins();
        }
    }

    @Test
    void nobodyIsAskedWhileFewHandshakesAreUnderWay() {
        assertFalse(tokens.writeToken(out, Unpooled.wrappedBuffer(ID), CLIENT));
        crowd();
        loop.handshakeEnds();
        assertFalse(tokens.writeToken(out, Unpooled.wrappedBuffer(ID), CLIENT));
        assertEquals(0, out.readableBytes());
    }

    @Test
    void aTokenHasTheConnectionIdThatTheClientChoseFirst() {
        crowd();
        assertTrue(tokens.writeToken(out, Unpooled.wrappedBuffer(ID), CLIENT));
        int at = tokens.validateToken(out, CLIENT);
        assertEquals(Unpooled.wrappedBuffer(ID), out.slice(at, out.readableBytes() - at));
        assertTrue(out.readableBytes() <= tokens.maxTokenLength());
    }

    @Test
    void anotherFlowsTokenIsGoodForNothing() {
        crowd();
        new RetryTokens(loop).writeToken(out, Unpooled.wrappedBuffer(ID), CLIENT);
        assertEquals(-1, tokens.validateToken(out, CLIENT), "before one was made");
        tokens.writeToken(Unpooled.buffer(), Unpooled.wrappedBuffer(ID), CLIENT);
        assertEquals(-1, tokens.validateToken(out, CLIENT));
        assertEquals(-1, tokens.validateToken(out.slice(0, 3), CLIENT));
        assertEquals(-1, tokens.validateToken(Unpooled.wrappedBuffer(new byte[99]), CLIENT));
    }
}
