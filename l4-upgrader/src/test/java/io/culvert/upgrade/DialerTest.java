package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.OpenDescriptors;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

@Timeout(60)
class DialerTest {
    private static final long LIMIT = 10_000_000_000L;
    private static final int AT_ONCE = 3;

    private final Loop loop = new Loop();
    private final Dialer dialer = new Dialer(loop.poller, LIMIT, AT_ONCE, Duration.ofMinutes(124));
    private final List<Fd> open = new ArrayList<>();

    DialerTest() throws Exception {}

    @AfterEach
    void end() {
        loop.close();
        open.forEach(Fd::close);
        assertEquals(List.of(), loop.failures);
    }

    /** What came of a dial: a socket, or an error number. */
    private static final class Came implements Dialer.Outcome {
        final CompletableFuture<Integer> socket = new CompletableFuture<>();
        final CompletableFuture<Errno> error = new CompletableFuture<>();
        Poller.Watch watch;

        @Override
        public void connected(int connected, Poller.Watch watching) {
            watch = watching;
            socket.complete(connected);
        }

        @Override
        public void failed(int errno) {
            error.complete(Errno.of(errno));
        }

        int connected() throws Exception {
            return socket.get(20, TimeUnit.SECONDS);
        }

        Errno failed() throws Exception {
            return error.get(20, TimeUnit.SECONDS);
        }
    }

    private Fd listener(boolean ipv6, int backlog) throws Exception {
        Fd listener = Sockets.tcp(ipv6);
        open.add(listener);
        Sockets.bind(listener, new SocketAddressBuffer().set(0, Streams.loopback(ipv6), 0));
        Sockets.listen(listener, backlog);
        return listener;
    }

    private static int port(Fd socket) throws Exception {
        return Sockets.localAddress(socket).port();
    }

    private Dialer.Dial dial(boolean ipv6, int port, long nowNanos, Came came) throws Exception {
        return loop.call(() -> dialer.dial(0, Streams.loopback(ipv6), port, 0xb8, nowNanos, came));
    }

    /** A port whose listener has no room left: a SYN is not answered, listen(2). */
    private int silentPort() throws Exception {
        Fd listener = listener(false, 0);
        SocketAddressBuffer address = Sockets.localAddress(listener);
        for (int i = 0; i < 4; i++) {
            Fd socket = Sockets.tcp(false);
            open.add(socket);
            int unused = Syscall.connect(socket.number(), address.address(), address.length());
        }
        return port(listener);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void connects(boolean ipv6) throws Exception {
        Came came = new Came();
        Dialer.Dial dial = dial(ipv6, port(listener(ipv6, 1)), 0, came);

        try (Fd socket = new Fd(came.connected())) {
            assertEquals(0, loop.call(dialer::pending));
            // What has succeeded is the receiver's: neither of these may touch it.
            loop.run(dial::cancel);
            loop.run(() -> dialer.expire(2 * LIMIT));
            assertEquals(1, Streams.check(Syscall.send(socket.number(), bytes(), 1, 0)));
            loop.run(came.watch::cancel);
        }
        assertFalse(came.error.isDone());
    }

    private static long bytes() {
        return new SocketAddressBuffer().address();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tellsThatThePortRefuses(boolean ipv6) throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        int port;
        try (Fd unused = listener(ipv6, 1)) {
            port = port(unused);
        }
        Came came = new Came();
        Dialer.Dial unused = dial(ipv6, port, 0, came);

        assertEquals(Errno.ECONNREFUSED, came.failed());
        assertEquals(0, loop.call(dialer::pending));
        Streams.assertNoneLeft(before);
    }

    @ParameterizedTest
    @CsvSource({"false, 127.0.0.2", "true, ::1"})
    void connectsFromTheAddressThatWasChosen(boolean ipv6, String source) throws Exception {
        Fd listener = listener(ipv6, 1);
        Came came = new Came();
        Dialer.Dial unused = dialFrom(source, ipv6, port(listener), came);

        try (Fd socket = new Fd(came.connected())) {
            SocketAddressBuffer local = Sockets.localAddress(socket);
            assertEquals(
                    IpAddress.parse(source),
                    new IpAddress(local.addressHigh(), local.addressLow()));
            loop.run(came.watch::cancel);
        }
    }

    private Dialer.Dial dialFrom(String source, boolean ipv6, int port, Came came)
            throws Exception {
        IpAddress from = IpAddress.parse(source);
        return loop.call(() -> dialer.dial(0, Streams.loopback(ipv6), port, from, 0, 0, came));
    }

    @ParameterizedTest
    @CsvSource({"false, 192.0.2.77", "true, 2001:db8::77"})
    void anAddressThatIsNoneOfTheHostsReachesNobody(boolean ipv6, String source) throws Exception {
        Fd listener = listener(ipv6, 1);
        OpenDescriptors before = OpenDescriptors.now();
        Came came = new Came();
        Dialer.Dial unused = dialFrom(source, ipv6, port(listener), came);

        assertEquals(Errno.EHOSTUNREACH, came.failed());
        assertEquals(0, loop.call(dialer::pending));
        Streams.assertNoneLeft(before);
    }

    @ParameterizedTest
    @CsvSource({"false, ::1", "true, 127.0.0.1"})
    void anAddressOfTheOtherFamilyReachesNobody(boolean ipv6, String source) throws Exception {
        Fd listener = listener(ipv6, 1);
        OpenDescriptors before = OpenDescriptors.now();
        Came came = new Came();
        Dialer.Dial unused = dialFrom(source, ipv6, port(listener), came);

        assertEquals(Reason.DIAL_UNREACHABLE, Answers.reasonOf(came.failed().number()));
        Streams.assertNoneLeft(before);
    }

    @Test
    void tellsThatThereIsNoRoute() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        Came came = new Came();
        Dialer.Dial unused = loop.call(() -> dialer.dial(0, 0xffff_c000_0201L, 80, 0, 0, came));

        assertEquals(Errno.ENETUNREACH, came.failed());
        assertEquals(0, loop.call(dialer::pending));
        Streams.assertNoneLeft(before);
    }

    @Test
    void givesUpAtTheTimeLimitAndNotBefore() throws Exception {
        int port = silentPort();
        OpenDescriptors before = OpenDescriptors.now();
        Came first = new Came();
        Came second = new Came();
        Dialer.Dial eldest = dial(false, port, -5, first);
        Dialer.Dial youngest = dial(false, port, 5, second);
        assertEquals(2, loop.call(dialer::pending));

        loop.run(() -> dialer.expire(LIMIT - 6));
        assertFalse(first.error.isDone());
        loop.run(() -> dialer.expire(LIMIT - 5));
        assertEquals(Errno.ETIMEDOUT, first.failed());
        assertFalse(second.error.isDone());
        loop.run(() -> dialer.expire(LIMIT + 5));
        assertEquals(Errno.ETIMEDOUT, second.failed());

        loop.run(eldest::cancel);
        loop.run(youngest::cancel);
        assertEquals(0, loop.call(dialer::pending));
        Streams.assertNoneLeft(before);
    }

    @Test
    void refusesOneMoreThanMayBeUnderWay() throws Exception {
        int port = silentPort();
        OpenDescriptors before = OpenDescriptors.now();
        List<Dialer.Dial> dials = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            dials.add(dial(false, port, 0, new Came()));
        }
        Came came = new Came();
        Dialer.Dial refused = dial(false, port, 0, came);
        assertEquals(Errno.EAGAIN, came.failed());
        loop.run(refused::cancel);

        loop.run(dials.getFirst()::cancel);
        Came next = new Came();
        dials.add(dial(false, port, 0, next));
        assertFalse(next.error.isDone());
        for (Dialer.Dial dial : dials) {
            loop.run(dial::cancel);
        }
        assertEquals(0, loop.call(dialer::pending));
        Streams.assertNoneLeft(before);
    }

    @Test
    void saysNothingMoreAfterCancel() throws Exception {
        int port = silentPort();
        Came came = new Came();
        Dialer.Dial dial = dial(false, port, 0, came);
        loop.run(dial::cancel);
        loop.run(() -> dialer.expire(2 * LIMIT));

        assertFalse(came.error.isDone());
        assertFalse(came.socket.isDone());
    }

    /** On the loopback device a connection stands before the dialer has heard of it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTargetThatHasAcceptedMeanwhileIsReset(boolean ipv6) throws Exception {
        Fd listener = listener(ipv6, 1);
        int port = port(listener);
        Came came = new Came();
        loop.run(
                () ->
                        dialer.dial(0, Streams.loopback(ipv6), port, 0, /* nowNanos= */ 0, came)
                                .cancel());

        int accepted = Syscall.accept(listener.number(), 0, 0, Syscall.CLOEXEC);
        try (Fd socket = new Fd(Streams.check(accepted))) {
            assertEquals(-Errno.ECONNRESET.number(), Streams.receive(socket).last());
        }
        assertFalse(came.socket.isDone());
        assertFalse(came.error.isDone());
    }

    @Test
    void manyDialsLeaveNothingBehind() throws Exception {
        int port = port(listener(false, 4096));
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 1000; i++) {
            Came came = new Came();
            Dialer.Dial unused = dial(false, port, i, came);
            try (Fd socket = new Fd(came.connected())) {
                loop.run(came.watch::cancel);
                Streams.reset(socket);
            }
        }
        assertEquals(0, loop.call(dialer::pending));
        Streams.assertNoneLeft(before);
    }
}
