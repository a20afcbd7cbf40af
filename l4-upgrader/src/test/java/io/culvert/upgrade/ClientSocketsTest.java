package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.OpenDescriptors;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.tun.NetworkNamespace;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Sockets of a namespace come to a worker that is not in it. */
@Timeout(60)
class ClientSocketsTest {
    private final Loop loop = new Loop();
    private final OpenDescriptors before = OpenDescriptors.now();
    private final NetworkNamespace namespace = NetworkNamespace.anonymous("inside");

    /** What waits for a socket, in order. */
    private final LinkedBlockingQueue<Integer> taken = new LinkedBlockingQueue<>();

    ClientSocketsTest() throws Exception {}

    @AfterEach
    void end() throws Exception {
        namespace.close();
        Streams.assertNoneLeft(before);
        loop.close();
        assertEquals(List.of(), loop.failures);
    }

    private final class Waiting implements ClientSockets.Taker {
        private boolean gone;

        @Override
        public boolean isWaiting() {
            return !gone;
        }

        @Override
        public void take(int socket) {
            assertTrue(loop.poller.inLoop());
            taken.add(socket);
        }
    }

    private int next() throws Exception {
        Integer socket = taken.poll(20, TimeUnit.SECONDS);
        assertTrue(socket != null, "none came");
        return socket;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void areOfTheNamespaceAndConnectThere(boolean ipv6) throws Exception {
        ClientSockets sockets = new ClientSockets(namespace::execute, loop.poller);
        try (Fd listener = namespace.call(() -> Sockets.tcp(ipv6))) {
            Sockets.bind(listener, new SocketAddressBuffer().set(0, Streams.loopback(ipv6), 0));
            Sockets.listen(listener, 1);
            SocketAddressBuffer to = Sockets.localAddress(listener);

            loop.run(() -> sockets.take(ipv6, new Waiting()));
            try (Fd socket = new Fd(next())) {
                // Of this namespace it would be refused, or reach somebody else.
                int result = Syscall.connect(socket.number(), to.address(), to.length());
                assertTrue(result == 0 || Errno.EINPROGRESS.is(result), () -> "" + result);
                int accepted =
                        Streams.check(Syscall.accept(listener.number(), 0, 0, Syscall.CLOEXEC));
                Syscall.close(accepted);
            }
        }
        loop.run(sockets::close);
    }

    @Test
    void lieReadyFromTheFirstDemandOn() throws Exception {
        ClientSockets sockets = new ClientSockets(namespace::execute, loop.poller);
        assertEquals(0, loop.call(sockets::ready));

        loop.run(() -> sockets.take(false, new Waiting()));
        Syscall.close(next());
        loop.await(() -> sockets.ready() == ClientSockets.READY - 1);

        // At once, without anybody else having to do something.
        loop.run(
                () -> {
                    sockets.take(false, new Waiting());
                    assertEquals(1, taken.size());
                });
        Syscall.close(next());
        loop.run(sockets::close);
    }

    @Test
    void comeToAllWhoWaitHoweverMany() throws Exception {
        ClientSockets sockets = new ClientSockets(namespace::execute, loop.poller);
        int many = 10 * ClientSockets.READY + 3;
        for (boolean ipv6 : new boolean[] {false, true}) {
            loop.run(
                    () -> {
                        for (int i = 0; i < many; i++) {
                            sockets.take(ipv6, new Waiting());
                        }
                    });
            for (int i = 0; i < many; i++) {
                assertEquals(0, Streams.check(Syscall.close(next())));
            }
        }
        loop.await(() -> sockets.ready() >= ClientSockets.READY);
        loop.run(sockets::close);
        assertEquals(0, loop.call(sockets::ready));
    }

    @Test
    void passWhoHasGivenUpMeanwhile() throws Exception {
        CompletableFuture<Runnable> order = new CompletableFuture<>();
        ClientSockets sockets = new ClientSockets(order::complete, loop.poller);
        Waiting gone = new Waiting();
        loop.run(
                () -> {
                    sockets.take(false, gone);
                    sockets.take(false, new Waiting());
                    gone.gone = true;
                });
        assertEquals(0, taken.size());

        order.get().run();
        Syscall.close(next());
        loop.await(() -> sockets.ready() == ClientSockets.READY - 1);
        assertEquals(0, taken.size());
        loop.run(sockets::close);
    }

    @Test
    void giveTheirDescriptorsToOthersAndAreMadeAgain() throws Exception {
        ClientSockets sockets = new ClientSockets(namespace::execute, loop.poller);
        assertFalse(loop.call(sockets::shed));
        loop.run(() -> sockets.take(true, new Waiting()));
        Syscall.close(next());
        loop.await(() -> sockets.ready() > 0);

        assertTrue(loop.call(sockets::shed));
        assertEquals(0, loop.call(sockets::ready));
        loop.run(() -> sockets.take(true, new Waiting()));
        Syscall.close(next());
        loop.await(() -> sockets.ready() > 0);
        loop.run(sockets::close);
    }

    /** A dial that waits for its socket is like any other. */
    @Test
    void letADialTimeOutAndBeGivenUpBeforeThereIsASocket() throws Exception {
        List<Runnable> orders = new ArrayList<>();
        ClientSockets sockets = new ClientSockets(orders::add, loop.poller);
        Dialer dialer = new Dialer(loop.poller, 10, 2, Duration.ofMinutes(124));
        List<Integer> errors = new ArrayList<>();
        Dialer.Outcome outcome =
                new Dialer.Outcome() {
                    @Override
                    public void connected(int socket, Poller.Watch watch) {
                        throw new AssertionError("connected");
                    }

                    @Override
                    public void failed(int errno) {
                        errors.add(errno);
                    }
                };
        long to = Streams.loopback(false);
        loop.run(
                () -> {
                    Dialer.Dial unused = dialer.dial(sockets, 0, to, 9, 0, 0, outcome);
                    Dialer.Dial second = dialer.dial(sockets, 0, to, 9, 0, 5, outcome);
                    assertEquals(2, dialer.pending());
                    Dialer.Dial third = dialer.dial(sockets, 0, to, 9, 0, 5, outcome);
                    assertEquals(List.of(Errno.EAGAIN.number()), errors);
                    third.cancel();

                    second.cancel();
                    dialer.expire(10);
                    assertEquals(List.of(Errno.EAGAIN.number(), Errno.ETIMEDOUT.number()), errors);
                    assertEquals(0, dialer.pending());
                });
        assertEquals(1, orders.size());
        orders.getFirst().run();
        loop.await(() -> sockets.ready() == ClientSockets.READY);
        assertEquals(2, errors.size());
        loop.run(sockets::close);
    }
}
