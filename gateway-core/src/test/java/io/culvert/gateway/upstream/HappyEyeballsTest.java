package io.culvert.gateway.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpAddress;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** By a loop whose clock the test moves, and connects that end when the test says so. */
class HappyEyeballsTest {
    private static final long DELAY = HappyEyeballs.DELAY_NANOS;

    private final EmbeddedChannel clock = new EmbeddedChannel();
    private final Map<String, ChannelPromise> attempts = new LinkedHashMap<>();
    private Future<Channel> result;

    HappyEyeballsTest() {
        clock.freezeTime();
    }

    private static List<InetSocketAddress> addresses(String... texts) {
        return Stream.of(texts)
                .map(text -> new InetSocketAddress(IpAddress.parse(text).toInetAddress(), 80))
                .toList();
    }

    private void connect(String... texts) {
        result =
                HappyEyeballs.connect(
                        clock.eventLoop(), addresses(texts), address -> attempt(address));
    }

    private ChannelFuture attempt(InetSocketAddress address) {
        ChannelPromise promise = new EmbeddedChannel().newPromise();
        // As a real one: a channel that is closed connects no more.
        promise.channel().closeFuture().addListener(_ -> promise.tryFailure(new IOException()));
        attempts.put(IpAddress.of(address.getAddress()).toString(), promise);
        return promise;
    }

    private void pass(long nanos) {
        clock.advanceTimeBy(nanos, TimeUnit.NANOSECONDS);
        clock.runScheduledPendingTasks();
    }

    private void fail(String address, String message) {
        attempts.get(address).setFailure(new IOException(message));
    }

    private boolean isOpen(String address) {
        return attempts.get(address).channel().isOpen();
    }

    @Test
    void letsTheFamiliesTakeTurns() {
        assertEquals(
                addresses("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"),
                AddressOrder.interleaved(
                        addresses(
                                "2001:db8::1",
                                "2001:db8::2",
                                "2001:db8::3",
                                "192.0.2.1",
                                "192.0.2.2")));
        assertEquals(
                addresses("192.0.2.1", "2001:db8::1", "192.0.2.2"),
                AddressOrder.interleaved(addresses("192.0.2.1", "192.0.2.2", "2001:db8::1")));
    }

    @Test
    void triesTheNextOneAfterAQuarterOfASecondAndKeepsTheFirstOneGoing() {
        connect("2001:db8::1", "2001:db8::2", "192.0.2.1");
        assertEquals(List.of("2001:db8::1"), List.copyOf(attempts.keySet()));
        pass(DELAY - 1);
        assertEquals(1, attempts.size());
        pass(1);
        assertEquals(List.of("2001:db8::1", "192.0.2.1"), List.copyOf(attempts.keySet()));
        assertTrue(isOpen("2001:db8::1"));
        pass(DELAY);
        assertEquals(3, attempts.size());
        assertFalse(result.isDone());
    }

    @Test
    void takesTheFirstThatConnectsAndClosesTheOthers() {
        connect("2001:db8::1", "192.0.2.1", "2001:db8::2");
        pass(DELAY);
        attempts.get("192.0.2.1").setSuccess();

        assertSame(attempts.get("192.0.2.1").channel(), result.getNow());
        assertFalse(isOpen("2001:db8::1"));
        assertTrue(isOpen("192.0.2.1"));
        pass(10 * DELAY);
        assertEquals(2, attempts.size(), "and no other is begun");
    }

    @Test
    void triesTheNextOneAtOnceWhenOneFails() {
        connect("2001:db8::1", "192.0.2.1");
        fail("2001:db8::1", "refused");
        assertEquals(2, attempts.size());
        attempts.get("192.0.2.1").setSuccess();
        assertTrue(result.isSuccess());
    }

    @Test
    void failsWithWhatThePreferredAddressSaidWhenAllHaveFailed() {
        connect("2001:db8::1", "192.0.2.1");
        pass(DELAY);
        fail("2001:db8::1", "first");
        assertFalse(result.isDone());
        fail("192.0.2.1", "second");
        assertEquals("first", result.cause().getMessage());
    }

    @Test
    void closesEveryAttemptWhenItIsCancelled() {
        connect("2001:db8::1", "192.0.2.1", "192.0.2.2");
        pass(DELAY);
        result.cancel(false);
        assertFalse(isOpen("2001:db8::1"));
        assertFalse(isOpen("192.0.2.1"));
        pass(10 * DELAY);
        assertEquals(2, attempts.size());
    }
}
