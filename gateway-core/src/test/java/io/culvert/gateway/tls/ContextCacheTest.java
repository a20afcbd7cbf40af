package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.concurrent.Future;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

class ContextCacheTest {
    private final EventLoop loop = new DefaultEventLoop();
    private Instant now = Instant.EPOCH;
    private final ContextCache<String> cache = new ContextCache<>(2, () -> now);
    private final AtomicInteger made = new AtomicInteger();

    @AfterEach
    void stop() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    private CompletableFuture<ContextCache.Made> make() {
        made.incrementAndGet();
        try {
            return CompletableFuture.completedFuture(
                    new ContextCache.Made(
                            new SharedContext(SslContextBuilder.forClient().build()),
                            now.plus(Duration.ofHours(1))));
        } catch (javax.net.ssl.SSLException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private SharedContext get(String key) throws Exception {
        return cache.get(key, loop, this::make).get(15, TimeUnit.SECONDS);
    }

    @Test
    void makesOneForAllWhoWantTheSame() throws Exception {
        CompletableFuture<ContextCache.Made> later = new CompletableFuture<>();
        Supplier<CompletableFuture<ContextCache.Made>> maker =
                () -> {
                    made.incrementAndGet();
                    return later;
                };
        Future<SharedContext> first = cache.get("a", loop, maker);
        Future<SharedContext> second = cache.get("a", loop, maker);
        assertFalse(first.isDone());
        later.complete(make().join());
        assertSame(first.get(15, TimeUnit.SECONDS), second.get(15, TimeUnit.SECONDS));
        assertEquals(2, made.get(), "one by this test itself");
    }

    @Test
    void letsTheOneGoThatWasWantedLongestAgo() throws Exception {
        SharedContext a = get("a");
        SharedContext b = get("b");
        assertSame(a, get("a"));
        get("c");
        assertEquals(2, cache.size());
        assertSame(a, get("a"));
        assertNotSame(b, get("b"));
    }

    @Test
    void keepsAContextForThoseWhoHoldIt() throws Exception {
        SharedContext a = get("a");
        get("b");
        get("c");
        assertTrue(a.hold(), "this test has it still");
        a.release();
        a.release();
        assertFalse(a.hold());
    }

    @Test
    void makesOneAnewThatIsOver() throws Exception {
        SharedContext a = get("a");
        now = now.plus(Duration.ofMinutes(59));
        assertSame(a, get("a"));
        now = now.plus(Duration.ofMinutes(1));
        assertNotSame(a, get("a"));
    }

    @Test
    void triesAgainWhatFailed() throws Exception {
        Future<SharedContext> failed =
                cache.get(
                        "a",
                        loop,
                        () -> CompletableFuture.failedFuture(new IllegalStateException("no")));
        assertEquals("no", failed.await().cause().getMessage());
        assertTrue(get("a").hold());
    }

    @Test
    void givesNothingWhenItIsOver() throws Exception {
        get("a").release();
        cache.clear();
        assertTrue(cache.get("a", loop, this::make).await().cause() != null);
        assertEquals(1, made.get());
    }
}
