package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Fd;
import io.culvert.linux.Namespaces;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;
import io.culvert.upgrade.Streams.Connection;
import io.culvert.upgrade.Streams.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class PollerTest {
    private final Loop loop = new Loop();
    private final List<Fd> open = new ArrayList<>();

    PollerTest() throws Exception {}

    @AfterEach
    void end() {
        loop.close();
        open.forEach(Fd::close);
    }

    private Connection connection() throws Exception {
        Connection connection = Streams.connect(Kind.UNIX);
        open.add(connection.ours());
        open.add(connection.peer());
        return connection;
    }

    private static void poke(Connection connection) {
        long unused = Streams.send(connection.peer(), 1, 1);
    }

    @Test
    void aCallbackThatFailsIsToldAndTheLoopGoesOn() throws Exception {
        Connection connection = connection();
        AtomicInteger told = new AtomicInteger();
        IllegalStateException failure = new IllegalStateException("of a test");
        loop.run(
                () ->
                        loop.poller.watch(
                                connection.ours().number(),
                                Poller.IN | Poller.EDGE,
                                events -> {
                                    told.incrementAndGet();
                                    throw failure;
                                }));

        poke(connection);
        loop.await(() -> told.get() == 1);
        poke(connection);
        loop.await(() -> told.get() == 2);
        loop.poller.execute(
                () -> {
                    throw failure;
                });

        loop.await(() -> loop.failures.size() == 3);
        assertEquals(List.of(failure, failure, failure), loop.failures);
    }

    @Test
    void nothingIsToldAfterCancel() throws Exception {
        Connection connection = connection();
        AtomicInteger told = new AtomicInteger();
        Poller.Watch watch =
                loop.call(
                        () ->
                                loop.poller.watch(
                                        connection.ours().number(),
                                        Poller.IN,
                                        events -> told.incrementAndGet()));
        loop.run(
                () -> {
                    poke(connection);
                    watch.cancel();
                });
        turnOfTheLoop();

        assertEquals(0, told.get());
    }

    /** Until whatever was ready has been told. */
    private void turnOfTheLoop() throws Exception {
        for (int i = 0; i < 3; i++) {
            AtomicInteger done = new AtomicInteger();
            loop.poller.inTurn(done::incrementAndGet);
            loop.await(() -> done.get() == 1);
        }
    }

    /**
     * Two descriptors are ready in one batch; whoever is told first closes the other, whose number
     * the kernel gives to the next one opened.
     */
    @Test
    void aLateEventOfAClosedDescriptorDoesNotReachItsSuccessor() throws Exception {
        for (int i = 0; i < 20; i++) {
            CompletableFuture<Fd> successor = new CompletableFuture<>();
            List<Connection> both = List.of(connection(), connection());
            List<Poller.Watch> watches = new ArrayList<>();
            AtomicInteger told = new AtomicInteger();
            AtomicInteger toldToSuccessor = new AtomicInteger();
            loop.run(
                    () -> {
                        for (int each = 0; each < 2; each++) {
                            int other = 1 - each;
                            watches.add(
                                    loop.poller.watch(
                                            both.get(each).ours().number(),
                                            Poller.IN | Poller.EDGE,
                                            events -> {
                                                if (told.incrementAndGet() > 1) {
                                                    return;
                                                }
                                                watches.get(other).cancel();
                                                int closed = both.get(other).ours().release();
                                                Syscall.close(closed);
                                                Fd next = open(closed);
                                                successor.complete(next);
                                                loop.poller.watch(
                                                        next.number(),
                                                        Poller.IN | Poller.EDGE,
                                                        later -> toldToSuccessor.incrementAndGet());
                                            }));
                        }
                        poke(both.get(0));
                        poke(both.get(1));
                    });
            Fd next = successor.get(20, TimeUnit.SECONDS);
            turnOfTheLoop();

            assertEquals(0, toldToSuccessor.get());
            sendTo(next);
            loop.await(() -> toldToSuccessor.get() == 1);
            assertEquals(List.of(), loop.failures);
        }
    }

    /** A UDP socket with that number, which is free. */
    private Fd open(int number) {
        try {
            while (true) {
                Fd socket = Sockets.udp(false);
                open.add(socket);
                if (socket.number() == number) {
                    Sockets.bind(socket, new SocketAddressBuffer().set(0, Streams.LOOPBACK_4, 0));
                    return socket;
                }
            }
        } catch (SyscallException e) {
            throw new AssertionError(e);
        }
    }

    private static void sendTo(Fd socket) throws Exception {
        SocketAddressBuffer address = Sockets.localAddress(socket);
        try (Fd sender = Sockets.udp(false)) {
            Streams.check(Syscall.connect(sender.number(), address.address(), address.length()));
            Streams.check(Syscall.send(sender.number(), address.address(), 1, 0));
        }
    }

    @Test
    void aCommandThatAsksForItselfAgainLetsDescriptorsHaveTheirTurn() throws Exception {
        Connection connection = connection();
        AtomicInteger runs = new AtomicInteger();
        AtomicInteger runsBefore = new AtomicInteger(-1);
        loop.run(
                () -> {
                    loop.poller.watch(
                            connection.ours().number(),
                            Poller.IN | Poller.EDGE,
                            events -> runsBefore.set(runs.get()));
                    poke(connection);
                    again(runs, runsBefore);
                });
        loop.await(() -> runsBefore.get() >= 0);

        assertTrue(runsBefore.get() <= 3, () -> "it ran " + runsBefore + " times");
    }

    private void again(AtomicInteger runs, AtomicInteger until) {
        runs.incrementAndGet();
        if (until.get() < 0) {
            loop.poller.inTurn(() -> again(runs, until));
        }
    }

    @Test
    void whatEpollRefusesLeavesNothingBehind() throws Exception {
        int number;
        try (Fd device = Namespaces.open(Path.of("/dev/null"))) {
            number = device.number();
            loop.run(
                    () ->
                            assertThrows(
                                    UncheckedIOException.class,
                                    () ->
                                            loop.poller.watch(
                                                    device.number(), Poller.IN, events -> {})));
        }
        Fd next = open(number);
        AtomicInteger told = new AtomicInteger();
        loop.run(
                () ->
                        loop.poller.watch(
                                next.number(),
                                Poller.IN | Poller.EDGE,
                                events -> told.incrementAndGet()));
        sendTo(next);
        loop.await(() -> told.get() > 0);
    }
}
