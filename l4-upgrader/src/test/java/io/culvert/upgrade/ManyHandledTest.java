package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
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

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Handlers in great number, and what they leave behind. */
@Timeout(300)
class ManyHandledTest {
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

    /** Answers each byte, until the initiator has ended. */
    private static void echo(Connection connection) throws IOException {
        ByteStream stream = connection.initiator();
        ByteBuffer buffer = ByteBuffer.allocate(16);
        while (stream.read(buffer.clear()) >= 0) {
            stream.write(buffer.flip());
        }
    }

    @Test
    void twoThousandAtOnce() throws Exception {
        int count = 2_000;
        List<Handled> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(Handled.of(worker, Kind.UNIX, ManyHandledTest::echo));
        }
        assertEquals(count, worker.live());
        for (Handled each : all) {
            new Peer(each.initiator).write("ping");
        }
        for (Handled each : all) {
            assertEquals("ping", new Peer(each.initiator).read(4));
        }
        for (Handled each : all) {
            Streams.shutdown(each.initiator);
            Streams.shutdown(each.target);
        }
        for (Handled each : all) {
            // By whether the target's end was heard of when the handler returned.
            assertTrue(
                    Set.of(Reason.FINISHED, Reason.HANDLER_CLOSED).contains(each.reason()),
                    () -> "" + each.ending);
            each.close();
        }
    }

    @Test
    void theGatewaysEndEndsThemAllWhileTheyWait() throws Exception {
        int count = 500;
        AtomicInteger ended = new AtomicInteger();
        List<Handled> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(
                    Handled.of(
                            worker,
                            Kind.TCP,
                            connection -> {
                                try {
                                    echo(connection);
                                } finally {
                                    ended.incrementAndGet();
                                }
                            }));
        }

        worker.loop.run(() -> all.forEach(each -> each.joint.abort(Reason.SHUTDOWN)));

        for (Handled each : all) {
            assertEquals(Reason.SHUTDOWN, each.reason());
            each.awaitOver();
            assertEquals(List.of(), each.failures);
            each.close();
        }
        assertEquals(count, ended.get());
    }

    /**
     * However they end: descriptors, watches and the worker's own list are looked at afterwards.
     */
    @Test
    void tenThousandLeaveNothingBehind() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 10_000; i++) {
            one(random.nextInt(5));
        }
        assertEquals(0, worker.live());
    }

    private void one(int way) throws Exception {
        try (Handled handled =
                Handled.of(
                        worker,
                        Kind.UNIX,
                        connection -> {
                            switch (way) {
                                case 0 -> connection.relay();
                                case 1 -> connection.reset();
                                case 2 -> throw new IllegalStateException("one of many");
                                default -> echo(connection);
                            }
                        })) {
            if (way == 3) {
                worker.loop.run(() -> handled.joint.abort(Reason.TUNNEL_GONE));
            } else {
                handled.initiator.close();
                handled.target.close();
            }
            Reason unused = handled.reason();
            handled.awaitOver();
        }
    }

    /**
     * The worker ends connections at any moment while their handlers are in system calls, and gives
     * the numbers to the next ones at once. Whoever used a number that is another's by then would
     * read or write bytes that are not its own.
     */
    @Test
    void nobodyEverUsesTheDescriptorOfAnother() throws Exception {
        SplittableRandom random = new SplittableRandom(2);
        AtomicInteger wrong = new AtomicInteger();
        for (int round = 0; round < 1_500; round++) {
            byte own = (byte) round;
            CountDownLatch running = new CountDownLatch(1);
            try (Handled handled =
                    Handled.of(
                            worker,
                            Kind.UNIX,
                            connection -> {
                                running.countDown();
                                hammer(connection, own, wrong);
                            })) {
                assertTrue(running.await(20, TimeUnit.SECONDS));
                byte[] same = new byte[8];
                Arrays.fill(same, own);
                for (int i = random.nextInt(20); i > 0; i--) {
                    new Peer(handled.initiator).write(same);
                }
                // Not waited for: the next one begins while this one's thread is still in a call.
                worker.loop.run(() -> handled.joint.abort(Reason.TUNNEL_GONE));
            }
        }
        assertEquals(0, wrong.get());
    }

    private static void hammer(Connection connection, byte own, AtomicInteger wrong)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(64);
        while (connection.initiator().read(buffer.clear()) >= 0) {
            buffer.flip();
            while (buffer.hasRemaining()) {
                if (buffer.get() != own) {
                    wrong.incrementAndGet();
                }
            }
        }
    }
}
