package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.ByteStream;
import io.culvert.hook.Connection;
import io.culvert.hook.Reason;
import io.culvert.linux.OpenDescriptors;
import io.culvert.upgrade.Streams.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

@Timeout(60)
class HandledConnectionTest {
    private static final int MIB = 1024 * 1024;

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

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aHandlerReadsWhatTheInitiatorSendsAndAnswers(Kind kind) throws Exception {
        try (Handled handled =
                Handled.of(
                        worker,
                        kind,
                        connection -> {
                            OutputStream out = connection.initiator().output();
                            InputStream in = connection.initiator().input();
                            out.write(in.readNBytes(5));
                        })) {
            Peer peer = new Peer(handled.initiator);
            peer.write("hello");

            assertEquals("hello", peer.readAll());
            new Peer(handled.target).readAll();
            Streams.shutdown(handled.initiator);
            Streams.shutdown(handled.target);

            assertEquals(new Handled.Ending(Reason.HANDLER_CLOSED, 5, 5), handled.ending());
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whatAHandlerPassesOnArrivesWholeBothWays(Kind kind) throws Exception {
        long length = 20L * MIB + 7;
        try (Handled handled = Handled.of(worker, kind, HandledConnectionTest::passOn)) {
            transferBothWays(handled, length);

            assertEquals(Reason.FINISHED, handled.reason());
            assertEquals(new Handled.Ending(Reason.FINISHED, length, length), handled.ending());
        }
    }

    private void transferBothWays(Handled handled, long length) throws Exception {
        Future<Long> up = peers.submit(() -> Streams.send(handled.initiator, 1, length));
        Future<Long> down = peers.submit(() -> Streams.send(handled.target, 2, length));
        Future<Streams.Received> atTarget = peers.submit(() -> Streams.receive(handled.target));
        Future<Streams.Received> atInitiator =
                peers.submit(() -> Streams.receive(handled.initiator));
        long sumUp = up.get(60, TimeUnit.SECONDS);
        Streams.shutdown(handled.initiator);
        long sumDown = down.get(60, TimeUnit.SECONDS);
        Streams.shutdown(handled.target);
        assertEquals(new Streams.Received(length, sumUp, 0), atTarget.get(60, TimeUnit.SECONDS));
        assertEquals(
                new Streams.Received(length, sumDown, 0), atInitiator.get(60, TimeUnit.SECONDS));
    }

    /** A relay in blocking style, one direction with heap buffers and one with direct ones. */
    private static void passOn(Connection connection) throws Exception {
        CompletableFuture<Object> down = new CompletableFuture<>();
        Thread unused =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        copy(
                                                connection.target(),
                                                connection.initiator(),
                                                ByteBuffer.allocateDirect(30_000));
                                        down.complete("done");
                                    } catch (IOException e) {
                                        down.completeExceptionally(e);
                                    }
                                });
        copy(connection.initiator(), connection.target(), ByteBuffer.allocate(100_000));
        down.get();
    }

    private static void copy(ByteStream from, ByteStream to, ByteBuffer buffer) throws IOException {
        while (from.read(buffer.clear()) >= 0) {
            to.write(buffer.flip());
        }
        to.shutdownOutput();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void theGatewaysRelayTakesOverAfterAFewBytes(Kind kind) throws Exception {
        long length = 5L * MIB;
        try (Handled handled =
                Handled.of(
                        worker,
                        kind,
                        connection -> {
                            String first = Handled.read(connection.initiator(), 4);
                            Handled.write(connection.target(), first + "!");
                            connection.relay();
                        })) {
            new Peer(handled.initiator).write("EHLO");
            assertEquals("EHLO!", new Peer(handled.target).read(5));

            transferBothWays(handled, length);

            assertEquals(new Handled.Ending(Reason.FINISHED, length + 4, length), handled.ending());
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void aRelayThatIsResetIsAnErrorOfTheHandlerAndNoFailure() throws Exception {
        CompletableFuture<IOException> caught = new CompletableFuture<>();
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            try {
                                connection.relay();
                            } catch (IOException e) {
                                caught.complete(e);
                                throw e;
                            }
                        })) {
            new Peer(handled.initiator).write("x");
            assertEquals("x", new Peer(handled.target).read(1));

            Streams.reset(handled.target);

            assertEquals(
                    "the relay ended: " + Reason.RESET_BY_TARGET.meaning(),
                    caught.get(20, TimeUnit.SECONDS).getMessage());
            assertEquals(Reason.RESET_BY_TARGET, handled.reason());
            handled.awaitOver();
            assertEquals(List.of(), handled.failures);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void oneSideMayEndLongBeforeTheOther(Kind kind) throws Exception {
        try (Handled handled = Handled.of(worker, kind, HandledConnectionTest::passOn)) {
            Peer initiator = new Peer(handled.initiator);
            Peer target = new Peer(handled.target);
            Streams.shutdown(handled.initiator);
            assertEquals("", target.readAll());

            target.write("still talking");

            assertEquals("still talking", initiator.read(13));
            Streams.shutdown(handled.target);
            assertEquals("", initiator.readAll());
            assertEquals(new Handled.Ending(Reason.FINISHED, 0, 13), handled.ending());
        }
    }

    @Test
    void theEndOfTheTargetIsPassedOnWhileTheInitiatorGoesOn() throws Exception {
        try (Handled handled = Handled.of(worker, Kind.TCP6, HandledConnectionTest::passOn)) {
            Peer initiator = new Peer(handled.initiator);
            Streams.shutdown(handled.target);
            assertEquals("", initiator.readAll());

            initiator.write("and on");
            Streams.shutdown(handled.initiator);

            assertEquals("and on", new Peer(handled.target).readAll());
            assertEquals(Reason.FINISHED, handled.reason());
        }
    }

    @Test
    void whatWasWrittenArrivesThoughTheHandlerReturnsWithInputUnread() throws Exception {
        byte[] page = new byte[3 * MIB];
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            String unused = Handled.read(connection.initiator(), 1);
                            connection.initiator().write(ByteBuffer.wrap(page));
                        })) {
            Future<Long> upload = peers.submit(() -> Streams.send(handled.initiator, 3, 2L * MIB));

            Streams.Received received = Streams.receive(handled.initiator);

            assertEquals(page.length, received.length());
            assertEquals(0, received.last(), "its end and no reset");
            assertTrue(upload.get(20, TimeUnit.SECONDS) != 0);
            Streams.shutdown(handled.initiator);
            Streams.shutdown(handled.target);
            assertEquals(Reason.HANDLER_CLOSED, handled.reason());
        }
    }

    @Test
    void aReadMayTakeOnlySoLongAndThenGoOn() throws Exception {
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            ByteStream stream = connection.initiator();
                            stream.timeout(Duration.ofMillis(20));
                            assertThrows(
                                    SocketTimeoutException.class, () -> Handled.read(stream, 1));
                            stream.timeout(Duration.ZERO);
                            Handled.write(stream, "late");
                            Handled.write(stream, Handled.read(stream, 2));
                        })) {
            Peer peer = new Peer(handled.initiator);
            assertEquals("late", peer.read(4));

            peer.write("ok");

            assertEquals("ok", peer.readAll());
            Streams.shutdown(handled.initiator);
            Streams.shutdown(handled.target);
            assertEquals(Reason.HANDLER_CLOSED, handled.reason());
            assertEquals(List.of(), handled.failures);
        }
    }

    @Test
    void aWriteMayTakeOnlySoLongAndSaysWhatWasTaken() throws Exception {
        CompletableFuture<Long> taken = new CompletableFuture<>();
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            ByteStream stream = connection.initiator();
                            stream.timeout(Duration.ofMillis(20));
                            ByteBuffer much = ByteBuffer.allocate(64 * MIB);
                            assertThrows(SocketTimeoutException.class, () -> stream.write(much));
                            taken.complete((long) much.position());
                        })) {
            long length = taken.get(20, TimeUnit.SECONDS);
            assertTrue(length > 0 && length < 64 * MIB, () -> "taken " + length);

            assertEquals(length, Streams.receive(handled.initiator).length());

            Streams.shutdown(handled.initiator);
            Streams.shutdown(handled.target);
            assertEquals(length, handled.ending().down());
        }
    }

    @Test
    void aStreamThatTheHandlerHasClosedIsClosedForItAndEndsForThePeer() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.TCP,
                        connection -> {
                            connection.initiator().close();
                            closed.countDown();
                            assertThrows(
                                    ClosedChannelException.class,
                                    () -> Handled.read(connection.initiator(), 1));
                            Handled.write(
                                    connection.target(), Handled.read(connection.target(), 2));
                        })) {
            assertTrue(closed.await(20, TimeUnit.SECONDS));
            assertEquals("", new Peer(handled.initiator).readAll());
            new Peer(handled.target).write("go");
            assertEquals("go", new Peer(handled.target).readAll());
            Streams.shutdown(handled.initiator);
            Streams.shutdown(handled.target);

            assertEquals(Reason.HANDLER_CLOSED, handled.reason());
            assertEquals(List.of(), handled.failures);
        }
    }
}
