package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.OpenDescriptors;
import io.culvert.upgrade.Streams.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.ConnectException;
import java.util.List;

@Timeout(60)
class HandledTargetTest {
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

    /** Somebody to be dialed, when the test says so. */
    private static final class Dialing implements Targets {
        private Outcome outcome;
        private int dials;
        private boolean cancelled;

        @Override
        public void dial(Outcome receiver) {
            outcome = receiver;
            dials++;
        }

        @Override
        public void cancel() {
            cancelled |= outcome != null;
            outcome = null;
        }
    }

    private final Dialing targets = new Dialing();

    private void awaitDial() throws Exception {
        worker.loop.await(() -> targets.outcome != null);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void theTargetIsDialedWhenTheHandlerAsksForIt(Kind kind) throws Exception {
        try (Handled handled =
                Handled.answering(
                        worker,
                        kind,
                        targets,
                        connection -> {
                            Handled.write(connection.initiator(), "who? ");
                            String name = Handled.read(connection.initiator(), 2);
                            Handled.write(connection.target(), name);
                            assertSame(connection.target(), connection.target());
                            connection.relay();
                        })) {
            Peer initiator = new Peer(handled.initiator);
            assertEquals("who? ", initiator.read(5));
            assertEquals(0, worker.loop.call(() -> targets.dials));

            initiator.write("me");
            awaitDial();
            Streams.Connection down = Streams.connect(kind);
            int to = down.ours().release();
            worker.loop.run(
                    () ->
                            targets.outcome.connected(
                                    to,
                                    worker.loop.poller.watch(to, Splicer.EVENTS, events -> {})));

            Peer target = new Peer(down.peer());
            assertEquals("me", target.read(2));
            target.write("hello");
            assertEquals("hello", initiator.read(5));
            Streams.shutdown(handled.initiator);
            Streams.shutdown(down.peer());
            assertEquals(new Handled.Ending(Reason.FINISHED, 2, 10), handled.ending());
            assertEquals(1, worker.loop.call(() -> targets.dials));
            down.peer().close();
        }
    }

    @Test
    void aDialThatFailsIsAnExceptionWithTheReason() throws Exception {
        try (Handled handled =
                Handled.answering(
                        worker,
                        Kind.TCP,
                        targets,
                        connection -> {
                            ConnectException refused =
                                    assertThrows(ConnectException.class, connection::target);
                            Handled.write(connection.initiator(), refused.getMessage());
                            assertThrows(ConnectException.class, connection::target);
                        })) {
            awaitDial();
            worker.loop.run(() -> targets.outcome.failed(Reason.DIAL_REFUSED));

            assertEquals(Reason.DIAL_REFUSED.meaning(), new Peer(handled.initiator).readAll());
            Streams.shutdown(handled.initiator);
            assertEquals(Reason.HANDLER_CLOSED, handled.reason());
            assertEquals(1, worker.loop.call(() -> targets.dials), "it is not tried again");
        }
    }

    @Test
    void aHandlerThatPassesAFailedDialOnEndsWithItsReasonAndHasNotFailed() throws Exception {
        try (Handled handled =
                Handled.answering(worker, Kind.TCP6, targets, connection -> connection.relay())) {
            awaitDial();
            worker.loop.run(() -> targets.outcome.failed(Reason.DIAL_TIMEOUT));

            assertEquals(Reason.DIAL_TIMEOUT, handled.reason());
            assertTrue(Errno.ECONNRESET.is(Streams.receive(handled.initiator).last()));
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void aDialEndsWithTheConnection() throws Exception {
        try (Handled handled =
                Handled.answering(worker, Kind.TCP, targets, connection -> connection.relay())) {
            awaitDial();

            Streams.reset(handled.initiator);

            assertEquals(Reason.RESET_BY_INITIATOR, handled.reason());
            handled.awaitOver();
            assertTrue(worker.loop.call(() -> targets.cancelled));
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void aHandlerThatNeverAsksDialsNobody() throws Exception {
        try (Handled handled =
                Handled.answering(
                        worker,
                        Kind.TCP,
                        targets,
                        connection -> Handled.write(connection.initiator(), "bye"))) {
            assertEquals("bye", new Peer(handled.initiator).readAll());
            Streams.shutdown(handled.initiator);

            assertEquals(new Handled.Ending(Reason.HANDLER_CLOSED, 0, 3), handled.ending());
            assertEquals(0, targets.dials);
            assertFalse(targets.cancelled);
        }
    }
}
