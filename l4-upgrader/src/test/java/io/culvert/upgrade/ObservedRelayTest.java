package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.hook.RefusedException;
import io.culvert.hook.RelayObserver;
import io.culvert.linux.Errno;
import io.culvert.linux.OpenDescriptors;
import io.culvert.upgrade.Streams.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

@Timeout(60)
class ObservedRelayTest {
    private final ExecutorService peers = Executors.newCachedThreadPool();
    private OpenDescriptors before;
    private Handled.Worker worker;

    @BeforeEach
    void start() throws Exception {
        worker = new Handled.Worker();
        before = OpenDescriptors.now();
    }

    @AfterEach
    void stop() throws Exception {
        peers.shutdownNow();
        worker.rest();
        Streams.assertNoneLeft(before);
        worker.loop.close();
        assertEquals(List.of(), worker.loop.failures);
    }

    /** Sums up what passes. */
    private static final class Sums implements RelayObserver {
        final CRC32C up = new CRC32C();
        final CRC32C down = new CRC32C();
        final AtomicLong bytes = new AtomicLong();

        @Override
        public void fromInitiator(ByteBuffer seen) {
            assertThrows(ReadOnlyBufferException.class, () -> seen.put(0, (byte) 0));
            bytes.addAndGet(seen.remaining());
            up.update(seen);
        }

        @Override
        public void fromTarget(ByteBuffer seen) {
            bytes.addAndGet(seen.remaining());
            down.update(seen);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void showsEachByteInOrderAndPassesItOn(Kind kind) throws Exception {
        Sums sums = new Sums();
        long length = 8L * 1024 * 1024 + 3;
        try (Handled handled = Handled.of(worker, kind, connection -> connection.relay(sums))) {
            Future<Long> up = peers.submit(() -> Streams.send(handled.initiator, 1, length));
            Future<Long> down = peers.submit(() -> Streams.send(handled.target, 2, length));
            Future<Streams.Received> atTarget = peers.submit(() -> Streams.receive(handled.target));
            Future<Streams.Received> atInitiator =
                    peers.submit(() -> Streams.receive(handled.initiator));
            long sumUp = up.get(30, TimeUnit.SECONDS);
            Streams.shutdown(handled.initiator);
            long sumDown = down.get(30, TimeUnit.SECONDS);
            Streams.shutdown(handled.target);

            assertEquals(
                    new Streams.Received(length, sumUp, 0), atTarget.get(30, TimeUnit.SECONDS));
            assertEquals(
                    new Streams.Received(length, sumDown, 0),
                    atInitiator.get(30, TimeUnit.SECONDS));
            assertEquals(new Handled.Ending(Reason.FINISHED, length, length), handled.ending());
            assertEquals(2 * length, sums.bytes.get());
            assertEquals(sumUp, sums.up.getValue());
            assertEquals(sumDown, sums.down.getValue());
        }
    }

    @Test
    void showsBytesBeforeTheyArePassedOn() throws Exception {
        CountDownLatch seen = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        RelayObserver slow =
                new RelayObserver() {
                    @Override
                    public void fromInitiator(ByteBuffer bytes) throws Exception {
                        seen.countDown();
                        assertTrue(go.await(20, TimeUnit.SECONDS));
                    }

                    @Override
                    public void fromTarget(ByteBuffer bytes) {}
                };
        try (Handled handled = Handled.of(worker, Kind.TCP, connection -> connection.relay(slow))) {
            new Peer(handled.initiator).write("secret");
            assertTrue(seen.await(20, TimeUnit.SECONDS));
            assertEquals(0, handled.joint.bytesDown());
            new Peer(handled.target).write("ok");
            assertEquals("ok", new Peer(handled.initiator).read(2), "the other direction goes on");
            go.countDown();

            assertEquals("secret", new Peer(handled.target).read(6));
            Streams.shutdown(handled.initiator);
            Streams.shutdown(handled.target);
            assertEquals(Reason.FINISHED, handled.reason());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"TCP", "TCP6"})
    void anObserverThatThrowsResetsBoth(Kind kind) throws Exception {
        IllegalStateException wrong = new IllegalStateException("an observer that throws");
        CompletableFuture<IOException> caught = new CompletableFuture<>();
        RelayObserver throwing =
                new RelayObserver() {
                    @Override
                    public void fromInitiator(ByteBuffer bytes) {}

                    @Override
                    public void fromTarget(ByteBuffer bytes) {
                        throw wrong;
                    }
                };
        try (Handled handled =
                Handled.of(
                        worker,
                        kind,
                        connection -> {
                            try {
                                connection.relay(throwing);
                            } catch (IOException e) {
                                caught.complete(e);
                                throw e;
                            }
                        })) {
            new Peer(handled.target).write("x");

            assertEquals(Reason.HANDLER_FAILED, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.target).last()));
            assertSame(wrong, caught.get(20, TimeUnit.SECONDS).getCause());
            handled.awaitOver();
            assertEquals(List.of(wrong), handled.failures);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"TCP", "TCP6"})
    void anObserverThatRefusesResetsBothAndHasNotFailed(Kind kind) throws Exception {
        RefusedException refused = new RefusedException("not this one");
        CompletableFuture<IOException> caught = new CompletableFuture<>();
        RelayObserver strict =
                new RelayObserver() {
                    @Override
                    public void fromInitiator(ByteBuffer bytes) throws RefusedException {
                        throw refused;
                    }

                    @Override
                    public void fromTarget(ByteBuffer bytes) {}
                };
        try (Handled handled =
                Handled.of(
                        worker,
                        kind,
                        connection -> {
                            try {
                                connection.relay(strict);
                            } catch (IOException e) {
                                caught.complete(e);
                                throw e;
                            }
                        })) {
            new Peer(handled.initiator).write("x");

            assertEquals(Reason.HANDLER_REFUSED, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            assertEquals(
                    new Streams.Received(0, new CRC32C().getValue(), -Errno.ECONNRESET.number()),
                    Streams.receive(handled.target));
            assertSame(refused, caught.get(20, TimeUnit.SECONDS));
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void aResetEndsBothDirections() throws Exception {
        try (Handled handled =
                Handled.of(worker, Kind.TCP, connection -> connection.relay(new Sums()))) {
            new Peer(handled.initiator).write("x");
            assertEquals("x", new Peer(handled.target).read(1));

            Streams.reset(handled.target);

            assertEquals(Reason.RESET_BY_TARGET, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void theGatewaysEndEndsAnObserverThatWaits() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        RelayObserver stuck =
                new RelayObserver() {
                    @Override
                    public void fromInitiator(ByteBuffer bytes) {}

                    @Override
                    public void fromTarget(ByteBuffer bytes) throws Exception {
                        waiting.countDown();
                        new CountDownLatch(1).await();
                    }
                };
        try (Handled handled =
                Handled.of(worker, Kind.TCP, connection -> connection.relay(stuck))) {
            new Peer(handled.target).write("x");
            assertTrue(waiting.await(20, TimeUnit.SECONDS));

            worker.loop.run(() -> handled.joint.abort(Reason.SHUTDOWN));

            assertEquals(Reason.SHUTDOWN, handled.reason());
            handled.awaitOver();
        }
    }
}
