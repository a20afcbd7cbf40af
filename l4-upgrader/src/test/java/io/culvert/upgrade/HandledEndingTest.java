package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.ByteStream;
import io.culvert.hook.Connection;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.Reason;
import io.culvert.hook.RefusedException;
import io.culvert.linux.Errno;
import io.culvert.linux.OpenDescriptors;
import io.culvert.upgrade.Streams.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

@Timeout(60)
class HandledEndingTest {
    private static final int MIB = 1024 * 1024;

    private OpenDescriptors before;
    private Handled.Worker worker;

    @BeforeEach
    void start() throws Exception {
        worker = new Handled.Worker();
        before = OpenDescriptors.now();
    }

    @AfterEach
    void stop() throws Exception {
        worker.rest();
        Streams.assertNoneLeft(before);
        worker.loop.close();
        assertEquals(List.of(), worker.loop.failures);
    }

    @Test
    void aPeerThatKeepsItsSideOpenIsWaitedForOnlyAMoment() throws Exception {
        try (Handled handled = Handled.of(worker, Kind.TCP, connection -> {})) {
            handled.awaitOver();
            assertEquals("", new Peer(handled.initiator).readAll());
            worker.loop.run(worker.handlers::expire);
            assertEquals(1, worker.live(), "within the moment it is waited for");

            worker.clock.advance(Duration.ofSeconds(6).toNanos());
            worker.loop.run(worker.handlers::expire);

            assertEquals(Reason.HANDLER_CLOSED, handled.reason());
        }
    }

    @Test
    void aHandlerThatThrowsAtOnceResetsBoth() throws Exception {
        throwing(
                connection -> {
                    throw new IllegalStateException("a handler that throws");
                },
                IllegalStateException.class);
    }

    @Test
    void aHandlerThatOverflowsItsStackResetsBoth() throws Exception {
        throwing(connection -> overflow(1), StackOverflowError.class);
    }

    private static int overflow(int depth) {
        return depth == 0 ? 0 : overflow(depth + 1) + depth;
    }

    @Test
    void aHandlerThatRunsOutOfMemoryResetsBoth() throws Exception {
        throwing(
                connection -> {
                    throw new OutOfMemoryError("as a handler may");
                },
                OutOfMemoryError.class);
    }

    @Test
    void anExceptionOfTheHandlersOwnFilesIsAFailure() throws Exception {
        throwing(
                connection -> {
                    throw new IOException("a file is missing");
                },
                IOException.class);
    }

    @Test
    void aHandlerThatRefusesResetsBothAndHasNotFailed() throws Exception {
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            throw new RefusedException("not this one");
                        })) {
            assertEquals(Reason.HANDLER_REFUSED, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.target).last()));
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    private void throwing(ConnectionHandler handler, Class<? extends Throwable> what)
            throws Exception {
        try (Handled handled = Handled.of(worker, Kind.TCP, handler)) {
            assertEquals(Reason.HANDLER_FAILED, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.target).last()));
            handled.awaitOver();
            assertEquals(1, handled.failures.size());
            assertInstanceOf(what, handled.failures.getFirst());
        }
    }

    @Test
    void aHandlerThatThrowsMidwayResetsBoth() throws Exception {
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            Handled.write(
                                    connection.target(), Handled.read(connection.initiator(), 3));
                            throw new IllegalStateException("midway");
                        })) {
            new Peer(handled.initiator).write("abc");

            assertEquals(new Handled.Ending(Reason.HANDLER_FAILED, 3, 0), handled.ending());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
        }
    }

    @Test
    void aReaderWakesUpWhenItsPeerResets() throws Exception {
        try (Handled handled =
                Handled.of(
                        worker, Kind.TCP, connection -> Handled.read(connection.initiator(), 1))) {
            handled.awaitBlocked();

            Streams.reset(handled.initiator);

            assertEquals(Reason.RESET_BY_INITIATOR, handled.reason());
            handled.awaitOver();
            assertEquals(List.of(), handled.failures, "a reset is none of the handler's");
        }
    }

    @Test
    void aWriterWakesUpWhenItsPeerResets() throws Exception {
        CountDownLatch written = new CountDownLatch(1);
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            ByteBuffer much = ByteBuffer.allocate(MIB);
                            while (true) {
                                connection.initiator().write(much.clear());
                                written.countDown();
                            }
                        })) {
            assertTrue(written.await(20, TimeUnit.SECONDS));

            Streams.reset(handled.initiator);

            assertEquals(Reason.RESET_BY_INITIATOR, handled.reason());
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void whoWaitsForTheTargetWakesUpWhenTheInitiatorResets() throws Exception {
        try (Handled handled =
                Handled.of(worker, Kind.TCP6, connection -> Handled.read(connection.target(), 1))) {
            handled.awaitBlocked();

            Streams.reset(handled.initiator);

            assertEquals(Reason.RESET_BY_INITIATOR, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.target).last()));
            handled.awaitOver();
        }
    }

    @Test
    void aHandlerMayHaveAWordForTheInitiatorWhenTheTargetResets() throws Exception {
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            ByteStream target = connection.target();
                            assertThrows(SocketException.class, () -> Handled.read(target, 1));
                            Handled.write(connection.initiator(), "502");
                        })) {
            handled.awaitBlocked();

            Streams.reset(handled.target);

            assertEquals("502", new Peer(handled.initiator).readAll());
            Streams.shutdown(handled.initiator);
            assertEquals(Reason.HANDLER_CLOSED, handled.reason());
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void theGatewaysEndWakesUpAndInterruptsAHandler() throws Exception {
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            try {
                                String unused = Handled.read(connection.initiator(), 1);
                            } finally {
                                awaitInterrupt();
                                interrupted.complete(true);
                            }
                        })) {
            handled.awaitBlocked();

            worker.loop.run(() -> handled.joint.abort(Reason.SHUTDOWN));

            assertEquals(Reason.SHUTDOWN, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            assertTrue(interrupted.get(20, TimeUnit.SECONDS));
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    private static void awaitInterrupt() {
        while (!Thread.interrupted()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aHandlerThatNeverReturnsHoldsNothingOnceTheFlowIsOver() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (Handled handled =
                Handled.of(worker, Kind.TCP, connection -> awaitStubbornly(release))) {
            handled.awaitBlocked();

            worker.loop.run(() -> handled.joint.abort(Reason.TUNNEL_GONE));

            assertEquals(Reason.TUNNEL_GONE, handled.reason());
            assertEquals(0, worker.live());
            handled.initiator.close();
            handled.target.close();
            Streams.assertNoneLeft(before);
            release.countDown();
            handled.awaitOver();
        }
    }

    private static void awaitStubbornly(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException stubborn) {
                // As some are.
            }
        }
    }

    @Test
    void aHandlerMayResetBoth() throws Exception {
        try (Handled handled = Handled.of(worker, Kind.TCP6, Connection::reset)) {
            assertEquals(Reason.HANDLER_CLOSED, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.target).last()));
        }
    }
}
