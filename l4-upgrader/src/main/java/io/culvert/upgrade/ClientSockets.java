package io.culvert.upgrade;

import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * TCP sockets of the {@linkplain UpgradeNamespace namespace} that are to connect, for one worker.
 *
 * <p>A socket belongs to the namespace of the thread that makes it, which no worker's is, and a
 * worker waits for nobody. So the namespace's thread makes a batch of them ahead of demand, from
 * the first demand on, and another whenever half of it is gone; who comes when none is left gets
 * the next one made. The batch is small enough that the descriptors which lie ready hurt nobody,
 * {@value #READY} of either family at most, and large enough for what connects while the thread
 * wakes up.
 *
 * <p>Confined to one worker, but for the making.
 */
final class ClientSockets implements AutoCloseable {
    /** Of each family. */
    static final int READY = 32;

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int STREAM = 1;

    private final Executor thread;
    private final Poller poller;
    private final Family ipv4 = new Family(false);
    private final Family ipv6 = new Family(true);

    /** Waits for a socket. */
    interface Taker {
        /** Whether it is still wanted. */
        boolean isWaiting();

        /**
         * Called once, perhaps at once.
         *
         * @param socket not blocking and not connected, the taker's from now on; or -errno
         */
        void take(int socket);
    }

    /**
     * @param thread lives in the namespace
     * @param poller the worker's
     */
    ClientSockets(Executor thread, Poller poller) {
        this.thread = thread;
        this.poller = poller;
    }

    /** Gives a socket of that family to the taker, now or once it is made. */
    void take(boolean isIpv6, Taker taker) {
        (isIpv6 ? ipv6 : ipv4).take(taker);
    }

    /** Sockets that lie ready. */
    int ready() {
        return ipv4.count + ipv6.count;
    }

    /** Closes those that lie ready, for others need their descriptors; whether there were any. */
    boolean shed() {
        boolean some = ready() > 0;
        close();
        return some;
    }

    /** Finally once the worker's loop has ended. */
    @Override
    public void close() {
        ipv4.close();
        ipv6.close();
    }

    /** Sockets of one address family. */
    private final class Family {
        private final boolean isIpv6;
        private final int[] ready = new int[READY];
        private final ArrayDeque<Taker> waiting = new ArrayDeque<>();
        private int count;
        private boolean ordered;

        private Family(boolean isIpv6) {
            this.isIpv6 = isIpv6;
        }

        private void take(Taker taker) {
            if (count > 0) {
                count--;
                taker.take(ready[count]);
            } else {
                waiting.add(taker);
            }
            if (count <= READY / 2) {
                order();
            }
        }

        private void order() {
            if (ordered) {
                return;
            }
            ordered = true;
            int wanted = READY - count;
            thread.execute(() -> make(wanted));
        }

        /** On the namespace's thread. */
        private void make(int wanted) {
            int[] made = new int[wanted];
            int number = 0;
            int error = 0;
            while (number < wanted && error == 0) {
                int socket = open(isIpv6);
                if (socket >= 0) {
                    made[number++] = socket;
                } else {
                    error = socket;
                }
            }
            int[] sockets = Arrays.copyOf(made, number);
            int failure = error;
            try {
                poller.execute(() -> arrived(sockets, failure));
            } catch (RejectedExecutionException workerHasEnded) {
                Arrays.stream(sockets).forEach(Syscall::close);
            }
        }

        /**
         * @param failure why there are no more of them, as -errno; or 0
         */
        private void arrived(int[] sockets, int failure) {
            ordered = false;
            for (int socket : sockets) {
                Taker taker = nextWaiting();
                if (taker != null) {
                    taker.take(socket);
                } else {
                    ready[count++] = socket;
                }
            }
            if (failure != 0) {
                for (Taker taker = nextWaiting(); taker != null; taker = nextWaiting()) {
                    taker.take(failure);
                }
            } else if (!waiting.isEmpty()) {
                order();
            }
        }

        private Taker nextWaiting() {
            Taker taker = waiting.poll();
            while (taker != null && !taker.isWaiting()) {
                taker = waiting.poll();
            }
            return taker;
        }

        private void close() {
            while (count > 0) {
                count--;
                Syscall.close(ready[count]);
            }
        }
    }

    /** A socket of the calling thread's namespace, or -errno. */
    private static int open(boolean ipv6) {
        int socket =
                Syscall.socket(
                        ipv6 ? AF_INET6 : AF_INET, STREAM | Syscall.NONBLOCK | Syscall.CLOEXEC, 0);
        if (socket >= 0) {
            Syscall.setsockopt(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1);
            // A relay has no other way to pass urgent data on (RFC 6093 section 4).
            Syscall.setsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_OOBINLINE, 1);
            // After how much silence is a setting of the namespace.
            Syscall.setsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, 1);
        }
        return socket;
    }
}
