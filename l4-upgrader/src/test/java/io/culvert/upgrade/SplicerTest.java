package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.Namespaces;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.OpenDescriptors;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.upgrade.Streams.Connection;
import io.culvert.upgrade.Streams.Kind;
import io.culvert.upgrade.Streams.Received;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

@Timeout(60)
class SplicerTest {
    private static final int PIPE = 256 * 1024;
    private static final long LIMIT = 240_000_000_000L;
    private static final int MEBIBYTE = 1024 * 1024;

    private final Loop loop = new Loop();
    private final ExecutorService peers = Executors.newCachedThreadPool();
    private Splicer splicer = new Splicer(loop.poller, PIPE);

    SplicerTest() throws Exception {}

    @BeforeEach
    void warmUp() throws Exception {
        // Classes that are loaded on the way open files of their own.
        try (Joined joined = join(Kind.TCP)) {
            joined.finish();
        }
    }

    @AfterEach
    void end() throws Exception {
        loop.run(splicer::close);
        peers.shutdownNow();
        loop.close();
        assertEquals(List.of(), loop.failures);
    }

    /** A splice between two connections, seen from both peers. */
    private final class Joined implements AutoCloseable {
        final Fd initiator;
        final Fd target;
        final CompletableFuture<Reason> done = new CompletableFuture<>();
        final Splice splice;

        Joined(Connection up, Connection down, Poller.Watch targetWatch) throws Exception {
            initiator = up.peer();
            target = down.peer();
            int from = up.ours().release();
            int to = down.ours().release();
            splice =
                    loop.call(
                            () ->
                                    splicer.join(
                                            from,
                                            null,
                                            to,
                                            targetWatch,
                                            0,
                                            (over, reason) -> done.complete(reason)));
        }

        Reason reason() throws Exception {
            return done.get(20, TimeUnit.SECONDS);
        }

        void finish() throws Exception {
            Streams.shutdown(initiator);
            Streams.shutdown(target);
            assertEquals(Reason.FINISHED, reason());
        }

        @Override
        public void close() {
            initiator.close();
            target.close();
        }
    }

    private Joined join(Kind kind) throws Exception {
        return new Joined(Streams.connect(kind), Streams.connect(kind), null);
    }

    private Future<Long> send(Fd socket, long seed, long length) {
        return peers.submit(
                () -> {
                    long sum = Streams.send(socket, seed, length);
                    Streams.shutdown(socket);
                    return sum;
                });
    }

    @ParameterizedTest
    @CsvSource({
        "TCP, 1",
        "TCP, 65535",
        "TCP, 65536",
        "TCP, 65537",
        "TCP, 3000000",
        "TCP, 50000000",
        "TCP6, 200000",
        "UNIX, 1",
        "UNIX, 65536",
        "UNIX, 50000000",
    })
    void carriesBothWaysWholeAtTheSameTime(Kind kind, long size) throws Exception {
        try (Joined joined = join(kind)) {
            Future<Received> atTarget = peers.submit(() -> Streams.receive(joined.target));
            Future<Received> atInitiator = peers.submit(() -> Streams.receive(joined.initiator));
            Future<Long> up = send(joined.initiator, 1, size);
            Future<Long> down = send(joined.target, 2, size + 1);

            assertEquals(new Received(size, up.get(), 0), atTarget.get());
            assertEquals(new Received(size + 1, down.get(), 0), atInitiator.get());
            assertEquals(Reason.FINISHED, joined.reason());
            assertEquals(size, joined.splice.bytesUp());
            assertEquals(size + 1, joined.splice.bytesDown());
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void answersCanBeReadAfterTheInitiatorHasClosedItsSide(Kind kind) throws Exception {
        try (Joined joined = join(kind)) {
            long question = send(joined.initiator, 3, 10).get();
            assertEquals(new Received(10, question, 0), Streams.receive(joined.target));
            loop.await(joined.splice::isHalfClosed);

            Future<Received> answer = peers.submit(() -> Streams.receive(joined.initiator));
            long sent = send(joined.target, 4, 5L * MEBIBYTE).get();

            assertEquals(new Received(5L * MEBIBYTE, sent, 0), answer.get());
            assertEquals(Reason.FINISHED, joined.reason());
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void questionsAreCarriedAfterTheTargetHasClosedItsSide(Kind kind) throws Exception {
        try (Joined joined = join(kind)) {
            Streams.shutdown(joined.target);
            assertEquals(0, Streams.receive(joined.initiator).last());

            Future<Received> atTarget = peers.submit(() -> Streams.receive(joined.target));
            long sent = send(joined.initiator, 5, 100_000).get();

            assertEquals(new Received(100_000, sent, 0), atTarget.get());
            assertEquals(Reason.FINISHED, joined.reason());
        }
    }

    @Test
    void aResetOfTheTargetReachesTheInitiator() throws Exception {
        try (Joined joined = join(Kind.TCP)) {
            Streams.reset(joined.target);

            assertTrue(Errno.ECONNRESET.is(Streams.receive(joined.initiator).last()));
            assertEquals(Reason.RESET_BY_TARGET, joined.reason());
        }
    }

    @Test
    void aResetOfTheInitiatorReachesATargetThatHasClosedItsSide() throws Exception {
        try (Joined joined = join(Kind.TCP)) {
            Streams.shutdown(joined.target);
            assertEquals(0, Streams.receive(joined.initiator).last());
            Streams.reset(joined.initiator);

            assertTrue(Errno.ECONNRESET.is(Streams.receive(joined.target).last()));
            assertEquals(Reason.RESET_BY_INITIATOR, joined.reason());
        }
    }

    @Test
    void aResetIsNoticedWhileTheOtherSideTakesNothing() throws Exception {
        try (Joined joined = join(Kind.TCP)) {
            Future<?> sender = peers.submit(() -> sendUntilRefused(joined.target));
            awaitStandstill(joined);
            Streams.reset(joined.initiator);

            assertEquals(Reason.RESET_BY_INITIATOR, joined.reason());
            sender.get(20, TimeUnit.SECONDS);
        }
    }

    private static void sendUntilRefused(Fd socket) {
        try {
            Streams.send(socket, 6, Long.MAX_VALUE);
        } catch (AssertionError refused) {
            // The connection is over.
        }
    }

    /** Until nothing has moved for many rounds of the loop. */
    private void awaitStandstill(Joined joined) throws Exception {
        long before = -1;
        int quiet = 0;
        while (quiet < 2000) {
            long now = loop.call(() -> joined.splice.bytesDown() + joined.splice.bytesUp());
            quiet = now == before && now > 0 ? quiet + 1 : 0;
            before = now;
        }
    }

    @ParameterizedTest
    @CsvSource({"TCP, 262144", "UNIX, 262144", "TCP, 4096", "UNIX, 4096"})
    void losesNothingOfAReaderThatPauses(Kind kind, int pipe) throws Exception {
        loop.run(splicer::close);
        splicer = new Splicer(loop.poller, pipe);
        long size = 40L * MEBIBYTE;
        try (Joined joined = join(kind)) {
            Future<Long> sender = send(joined.target, 7, size);
            awaitStandstill(joined);
            assertTrue(joined.splice.bytesDown() < size);
            assertTrue(loop.call(splicer::pipes) <= 1);

            Received received = Streams.receive(joined.initiator);

            assertEquals(new Received(size, sender.get(), 0), received);
            Streams.shutdown(joined.initiator);
            assertEquals(Reason.FINISHED, joined.reason());
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void losesNothingThatASmallPipeHasNoRoomFor(Kind kind) throws Exception {
        loop.run(splicer::close);
        splicer = new Splicer(loop.poller, 4096);
        Connection full = Streams.connect(kind);
        long before = fill(full.ours());
        try (Joined joined = new Joined(full, Streams.connect(kind), null)) {
            long sent = send(joined.target, 11, 60_000).get();

            assertEquals(before, Streams.receive(joined.initiator, before).length());
            assertEquals(new Received(60_000, sent, 0), Streams.receive(joined.initiator));
            Streams.shutdown(joined.initiator);
            assertEquals(Reason.FINISHED, joined.reason());
        }
    }

    /** Sends until the socket takes no more; answers how much that was. */
    private static long fill(Fd socket) {
        ByteBuffer zeros = NativeMemory.allocate(4096);
        long filled = 0;
        int sent = 1;
        while (sent > 0) {
            sent = Syscall.send(socket.number(), NativeMemory.address(zeros), 4096, 0);
            filled += Math.max(sent, 0);
        }
        return filled;
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void theEndLeavesRightBehindTheLastBytes(Kind kind) throws Exception {
        for (int i = 0; i < 200; i++) {
            try (Joined joined = join(kind)) {
                long sent = Streams.send(joined.target, i, 1 + i * 37L);
                Streams.shutdown(joined.target);

                Received received = Streams.receive(joined.initiator);

                assertEquals(new Received(1 + i * 37L, sent, 0), received);
            }
        }
        loop.await(() -> splicer.live() == 0);
    }

    @Test
    void readsATargetThatHadSentAndClosedBeforeTheJoin() throws Exception {
        Connection up = Streams.connect(Kind.TCP);
        Connection down = Streams.connect(Kind.TCP);
        long sent = Streams.send(down.peer(), 8, 100_000);
        Streams.shutdown(down.peer());
        AtomicBoolean told = new AtomicBoolean();
        Poller.Watch watch =
                loop.call(
                        () ->
                                loop.poller.watch(
                                        down.ours().number(),
                                        Poller.IN | Poller.OUT | Poller.PEER_CLOSED | Poller.EDGE,
                                        events ->
                                                told.compareAndSet(
                                                        false,
                                                        (events & Poller.PEER_CLOSED) != 0)));
        loop.await(told::get);
        try (Joined joined = new Joined(up, down, watch)) {
            assertEquals(new Received(100_000, sent, 0), Streams.receive(joined.initiator));
            Streams.shutdown(joined.initiator);
            assertEquals(Reason.FINISHED, joined.reason());
        }
    }

    @Test
    void cutsAHalfClosedSpliceInWhichNothingMoves() throws Exception {
        try (Joined joined = join(Kind.TCP)) {
            Streams.shutdown(joined.initiator);
            loop.await(joined.splice::isHalfClosed);

            // An hour of silence before the end does not count.
            loop.run(() -> splicer.expireHalfClosed(10 * LIMIT, LIMIT));
            assertFalse(joined.done.isDone());
            loop.run(() -> splicer.expireHalfClosed(11 * LIMIT - 1, LIMIT));
            assertFalse(joined.done.isDone());
            loop.run(() -> splicer.expireHalfClosed(11 * LIMIT, LIMIT));

            assertEquals(Reason.HALF_CLOSED_IDLE, joined.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(joined.initiator).last()));
        }
    }

    @Test
    void aHalfClosedSpliceThatMovesLivesOn() throws Exception {
        try (Joined joined = join(Kind.TCP)) {
            Streams.shutdown(joined.initiator);
            loop.await(joined.splice::isHalfClosed);
            loop.run(() -> splicer.expireHalfClosed(0, LIMIT));
            long unused = Streams.send(joined.target, 9, 1);
            loop.await(() -> joined.splice.bytesDown() == 1);
            loop.run(() -> splicer.expireHalfClosed(LIMIT, LIMIT));
            loop.run(() -> splicer.expireHalfClosed(2 * LIMIT - 1, LIMIT));

            assertFalse(joined.done.isDone());
        }
    }

    @Test
    void abortingResetsBothSides() throws Exception {
        try (Joined joined = join(Kind.TCP)) {
            loop.run(() -> joined.splice.abort(Reason.SHUTDOWN));

            assertTrue(Errno.ECONNRESET.is(Streams.receive(joined.initiator).last()));
            assertTrue(Errno.ECONNRESET.is(Streams.receive(joined.target).last()));
            assertEquals(Reason.SHUTDOWN, joined.reason());
        }
    }

    @Test
    void whatEpollRefusesEndsTheSpliceAndLeavesNothingOpen() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        Fd device = Namespaces.open(Path.of("/dev/null"));
        try (Joined joined =
                new Joined(
                        new Connection(device, Sockets.udp(false)),
                        Streams.connect(Kind.TCP),
                        null)) {
            assertEquals(Reason.DESCRIPTORS_EXHAUSTED, joined.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(joined.target).last()));
        }
        Streams.assertNoneLeft(before);
        assertEquals(0, loop.call(splicer::live));
    }

    @Test
    void thousandsOfSplicesLeaveNoDescriptorAndNoPipeBehind() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 2000; i++) {
            try (Joined joined = join(i % 2 == 0 ? Kind.TCP : Kind.UNIX)) {
                long size = i % 100 == 0 ? 300_000 : 100;
                Future<Received> reader = peers.submit(() -> Streams.receive(joined.initiator));
                long sent = Streams.send(joined.target, i, size);
                switch (i % 4) {
                    case 0, 1 -> {
                        Streams.shutdown(joined.target);
                        assertEquals(new Received(size, sent, 0), reader.get());
                        Streams.shutdown(joined.initiator);
                    }
                    case 2 -> Streams.reset(joined.target);
                    default -> joined.target.close();
                }
                if (i % 4 != 3) {
                    assertTrue(joined.reason() != null);
                }
            }
        }
        loop.await(() -> splicer.live() == 0);
        loop.run(splicer::close);
        assertEquals(0, loop.call(splicer::pipes));
        Streams.assertNoneLeft(before);
    }
}
