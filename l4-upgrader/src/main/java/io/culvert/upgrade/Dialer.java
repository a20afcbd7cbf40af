package io.culvert.upgrade;

import io.culvert.linux.Errno;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.wire.IpAddress;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;

/**
 * Opens TCP connections to targets without blocking: at most so many at once, each within the same
 * time limit, so that the eldest dial is the next to run out of time and one queue is timer enough.
 *
 * <p>Confined to one worker.
 */
public final class Dialer {
    private static final int NONE = -1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int STREAM_NONBLOCKING_CLOSE_ON_EXEC = 1 | 0x800 | 0x80000;

    private final Poller poller;
    private long timeoutNanos;
    private int atOnce;
    private int idleSeconds;
    private final SocketAddressBuffer address = new SocketAddressBuffer();
    private final ArrayDeque<Dial> underWay = new ArrayDeque<>();
    private int pending;

    /**
     * @param idle after so much silence the kernel asks whether a target is still there; it takes
     *     at most 32,767 s
     * @param atOnce dials under way at once; one more is refused with EAGAIN
     */
    public Dialer(Poller poller, long timeoutNanos, int atOnce, Duration idle) {
        this.poller = poller;
        limits(timeoutNanos, atOnce, idle);
    }

    /**
     * From now on these apply, as of the constructor, to dials that begin. One that has less time
     * than those before it may have to wait for the eldest's.
     */
    public final void limits(long timeoutNanos, int atOnce, Duration idle) {
        this.timeoutNanos = timeoutNanos;
        this.atOnce = atOnce;
        idleSeconds = Math.toIntExact(Math.min(idle.toSeconds(), 32_767));
    }

    /** Told once what came of a dial. */
    public interface Outcome {
        /** The connection stands; the socket and what watches it are the receiver's now. */
        void connected(int socket, Poller.Watch watch);

        /**
         * It does not: {@code errno} is the kernel's, ETIMEDOUT at the time limit, EAGAIN at the
         * number limit.
         */
        void failed(int errno);
    }

    /**
     * Begins to connect to an address, IPv4 in mapped form. The outcome may come before this
     * returns.
     */
    public Dial dial(
            long high, long low, int port, int trafficClass, long nowNanos, Outcome outcome) {
        return dial(high, low, port, null, trafficClass, nowNanos, outcome);
    }

    /**
     * The same from an address of the host's; where it is none of these, or of the other family,
     * the target cannot be reached from there.
     *
     * @param source {@code null} where the host chooses
     */
    Dial dial(
            long high,
            long low,
            int port,
            IpAddress source,
            int trafficClass,
            long nowNanos,
            Outcome outcome) {
        Dial dial = new Dial(nowNanos + timeoutNanos, outcome);
        if (pending >= atOnce) {
            dial.end(Errno.EAGAIN.number());
            return dial;
        }
        boolean ipv6 = address.set(high, low, port).isIpv6();
        int socket = Syscall.socket(ipv6 ? AF_INET6 : AF_INET, STREAM_NONBLOCKING_CLOSE_ON_EXEC, 0);
        if (socket < 0) {
            dial.end(-socket);
            return dial;
        }
        Syscall.setsockopt(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1);
        // A relay has no other way to pass urgent data on (RFC 6093 section 4).
        Syscall.setsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_OOBINLINE, 1);
        Syscall.setsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, 1);
        Syscall.setsockopt(
                socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_KEEPIDLE, idleSeconds);
        int errno = SourceAddress.bind(socket, source, address);
        if (errno == 0) {
            address.set(high, low, port);
            errno = connect(dial, socket, trafficClass);
        } else {
            Syscall.close(socket);
        }
        if (errno == 0) {
            dial.begin();
        } else {
            dial.end(errno);
        }
        return dial;
    }

    /**
     * Begins to connect, with a socket that may have to be made first; that counts towards the time
     * limit. The outcome may come before this returns.
     */
    Dial dial(
            ClientSockets sockets,
            long high,
            long low,
            int port,
            int trafficClass,
            long nowNanos,
            Outcome outcome) {
        Dial dial = new Dial(nowNanos + timeoutNanos, outcome);
        if (pending >= atOnce) {
            dial.end(Errno.EAGAIN.number());
            return dial;
        }
        dial.begin();
        boolean ipv6 = address.set(high, low, port).isIpv6();
        sockets.take(
                ipv6,
                new ClientSockets.Taker() {
                    @Override
                    public boolean isWaiting() {
                        return dial.alive;
                    }

                    @Override
                    public void take(int socket) {
                        address.set(high, low, port);
                        int errno = socket < 0 ? -socket : connect(dial, socket, trafficClass);
                        if (errno != 0) {
                            dial.fail(errno);
                        }
                    }
                });
        return dial;
    }

    /**
     * Begins to connect the dial's socket to {@link #address}.
     *
     * @return 0, or the errno, and the socket is closed
     */
    private int connect(Dial dial, int socket, int trafficClass) {
        // RFC 2474: the class that the initiator asked for; the two ECN bits are the kernel's own
        // (RFC 3168 section 6.1.1).
        if ((trafficClass & 0xfc) != 0) {
            boolean ipv6 = address.isIpv6();
            Syscall.setsockopt(
                    socket,
                    ipv6 ? SocketOptions.IPPROTO_IPV6 : SocketOptions.IPPROTO_IP,
                    ipv6 ? SocketOptions.IPV6_TCLASS : SocketOptions.IP_TOS,
                    trafficClass & 0xfc);
        }
        int result = Syscall.connect(socket, address.address(), address.length());
        if (result < 0 && !Errno.EINPROGRESS.is(result)) {
            Syscall.close(socket);
            return -result;
        }
        try {
            dial.watch(socket);
            return 0;
        } catch (UncheckedIOException noWatch) {
            Syscall.close(socket);
            return Errno.ENOSPC.number();
        }
    }

    /** Ends dials whose time is over; called now and then. */
    public void expire(long nowNanos) {
        for (Dial eldest = underWay.peek(); eldest != null; eldest = underWay.peek()) {
            if (eldest.alive && nowNanos - eldest.deadlineNanos < 0) {
                return;
            }
            underWay.poll();
            if (eldest.alive) {
                eldest.fail(Errno.ETIMEDOUT.number());
            }
        }
    }

    /** Dials under way. */
    public int pending() {
        return pending;
    }

    /** One attempt to connect. */
    public final class Dial {
        private final long deadlineNanos;
        private final Outcome outcome;
        private boolean alive;

        /** Not there while it has yet to be made. */
        private int socket = NONE;

        private Poller.Watch watch;

        private Dial(long deadlineNanos, Outcome outcome) {
            this.deadlineNanos = deadlineNanos;
            this.outcome = outcome;
        }

        private void begin() {
            alive = true;
            pending++;
            underWay.add(this);
        }

        private void watch(int connecting) {
            watch = poller.watch(connecting, Splicer.EVENTS, this::ready);
            socket = connecting;
        }

        private void ready(int events) {
            int error =
                    Syscall.getsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR);
            if (error != 0) {
                fail(Math.abs(error));
            } else if ((events & Poller.OUT) != 0) {
                int connected = socket;
                forget();
                outcome.connected(connected, watch);
            }
        }

        /**
         * Gives up without an outcome. A target that has accepted meanwhile is reset: nothing was
         * said to it, and an orderly end would be a lie.
         */
        public void cancel() {
            if (!alive) {
                return;
            }
            if (socket != NONE) {
                watch.cancel();
                Syscall.linger(socket, 0);
                Syscall.close(socket);
            }
            forget();
        }

        private void fail(int errno) {
            cancel();
            outcome.failed(errno);
        }

        private void end(int errno) {
            outcome.failed(errno);
        }

        /** The queue drops the entry when it comes to its head. */
        private void forget() {
            alive = false;
            socket = NONE;
            pending--;
            if (pending == 0) {
                underWay.clear();
            }
        }
    }
}
