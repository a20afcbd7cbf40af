package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.OpenDescriptors;
import io.culvert.linux.Syscall;
import io.culvert.upgrade.Streams.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;
import java.util.concurrent.CompletableFuture;

@Timeout(60)
class TakenConnectionTest {
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

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whatTheInitiatorSentBeforeIsSeenAndTheRelayHasItAll(Kind kind) throws Exception {
        CompletableFuture<String> seen = new CompletableFuture<>();
        try (Taken taken =
                Taken.of(
                        worker,
                        kind,
                        connection ->
                                connection.watch(
                                        events -> {
                                            if ((events & Poller.IN) != 0) {
                                                seen.complete(
                                                        Taken.peek(connection.initiator(), 5));
                                                connection.relay();
                                            }
                                        },
                                        events -> {}))) {
            Peer initiator = new Peer(taken.initiator);
            Peer target = new Peer(taken.target);
            initiator.write("hello");

            assertEquals("hello", seen.get());
            Streams.shutdown(taken.initiator);
            assertEquals("hello", target.readAll());
            target.write("there");
            Streams.shutdown(taken.target);

            assertEquals("there", initiator.readAll());
            assertEquals(new Handled.Ending(Reason.FINISHED, 5, 5), taken.ending());
            taken.awaitOver();
            assertNull(taken.endedFromElsewhere());
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aTargetThatSpeaksFirstIsSeen(Kind kind) throws Exception {
        try (Taken taken =
                Taken.of(
                        worker,
                        kind,
                        connection ->
                                connection.watch(
                                        events -> {},
                                        events -> {
                                            if ((events & Poller.IN) != 0) {
                                                connection.relay();
                                            }
                                        }))) {
            new Peer(taken.target).write("220 ready");
            Streams.shutdown(taken.target);
            assertEquals("220 ready", new Peer(taken.initiator).readAll());
            Streams.shutdown(taken.initiator);

            assertEquals(Reason.FINISHED, taken.ending().reason());
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whatWasWrittenArrivesAlthoughInputIsLeftUnread(Kind kind) throws Exception {
        try (Taken taken =
                Taken.of(
                        worker,
                        kind,
                        connection ->
                                connection.watch(
                                        events -> {
                                            if ((events & Poller.IN) != 0) {
                                                Taken.write(connection.initiator(), "bye");
                                                connection.leave(Reason.HANDLER_CLOSED);
                                            }
                                        },
                                        events -> {}))) {
            Peer initiator = new Peer(taken.initiator);
            initiator.write("x".repeat(100_000));

            assertEquals("bye", initiator.readAll());
            assertEquals("", new Peer(taken.target).readAll());
            Streams.shutdown(taken.initiator);
            Streams.shutdown(taken.target);

            assertEquals(Reason.HANDLER_CLOSED, taken.ending().reason());
            taken.awaitOver();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void peersThatHaveEndedAlreadyAreNotWaitedFor(Kind kind) throws Exception {
        try (Taken taken =
                Taken.of(
                        worker,
                        kind,
                        connection ->
                                connection.watch(
                                        events -> {
                                            if ((events & Poller.PEER_CLOSED) != 0) {
                                                connection.leave(Reason.FINISHED);
                                            }
                                        },
                                        events -> {}))) {
            Streams.shutdown(taken.target);
            Streams.shutdown(taken.initiator);

            assertEquals(Reason.FINISHED, taken.ending().reason());
            taken.awaitOver();
        }
    }

    @Test
    void aPeerThatNeverEndsIsWaitedForForAWhileAlone() throws Exception {
        try (Taken taken =
                Taken.of(worker, Kind.TCP, connection -> connection.leave(Reason.HANDLER_CLOSED))) {
            assertEquals("", new Peer(taken.initiator).readAll());

            worker.clock.advance(6_000_000_000L);
            worker.loop.run(worker.handlers::expire);

            assertEquals(Reason.HANDLER_CLOSED, taken.ending().reason());
        }
    }

    @Test
    void aResetReachesBothPeersEvenWhereADuplicateIsOpen() throws Exception {
        CompletableFuture<Integer> duplicate = new CompletableFuture<>();
        try (Taken taken =
                Taken.of(
                        worker,
                        Kind.TCP6,
                        connection -> {
                            duplicate.complete(Syscall.duplicate(connection.initiator()));
                            connection.reset(Reason.HANDLER_FAILED);
                        })) {
            assertTrue(Errno.ECONNRESET.is(Streams.receive(taken.initiator).last()));
            assertTrue(Errno.ECONNRESET.is(Streams.receive(taken.target).last()));

            assertEquals(Reason.HANDLER_FAILED, taken.ending().reason());
            taken.awaitOver();
        } finally {
            Syscall.close(duplicate.get());
        }
    }

    @Test
    void theGatewaysEndIsToldAndResetsBoth() throws Exception {
        try (Taken taken = Taken.of(worker, Kind.TCP, connection -> {})) {
            worker.loop.run(() -> taken.joint.abort(Reason.SHUTDOWN));

            assertEquals(Reason.SHUTDOWN, taken.ending().reason());
            assertEquals(Reason.SHUTDOWN, taken.endedFromElsewhere());
            taken.awaitOver();
            assertTrue(Errno.ECONNRESET.is(Streams.receive(taken.initiator).last()));
        }
    }

    @Test
    void aTargetIsDialedLaterAndAFailureIsSaid() throws Exception {
        CompletableFuture<Reason> dialed = new CompletableFuture<>();
        try (Taken taken =
                Taken.answering(
                        worker,
                        Kind.TCP,
                        Taken.refusing(Reason.DIAL_REFUSED),
                        connection ->
                                connection.dial(
                                        failure -> {
                                            dialed.complete(failure);
                                            connection.leave(failure);
                                        }))) {
            assertEquals(Reason.DIAL_REFUSED, dialed.get());
            assertEquals("", new Peer(taken.initiator).readAll());
            Streams.shutdown(taken.initiator);
            assertEquals(Reason.DIAL_REFUSED, taken.ending().reason());
        }
    }

    @Test
    void nothingHappensAfterTheEnd() throws Exception {
        try (Taken taken =
                Taken.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            connection.reset(Reason.HANDLER_CLOSED);
                            connection.relay();
                            connection.leave(Reason.FINISHED);
                            connection.watch(events -> {}, events -> {});
                            connection.dial(failure -> {});
                            connection.reset(Reason.HANDLER_FAILED);
                        })) {
            assertEquals(Reason.HANDLER_CLOSED, taken.ending().reason());
            assertTrue(taken.over.isDone());
        }
    }
}
