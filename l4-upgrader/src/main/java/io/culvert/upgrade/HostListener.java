package io.culvert.upgrade;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Syscall;

/**
 * One worker's socket that listens on an address of the host. Several workers have one each on the
 * same address, between which the kernel chooses (socket(7), SO_REUSEPORT).
 *
 * <p>Where the process may open no more files, nobody is accepted until {@link #resume}: those who
 * come wait in the kernel's queue, and its limit is theirs.
 *
 * <p>Confined to the worker.
 */
public final class HostListener implements AutoCloseable {
    /** Connections accepted before others have their turn. */
    private static final int BUDGET = 64;

    /** Connections that wait to be accepted, as listen(2) has it. */
    public static final int BACKLOG = 4096;

    private final Fd socket;
    private final Taker taker;
    private final SocketAddressBuffer peer = new SocketAddressBuffer();
    private final SocketAddressBuffer local = new SocketAddressBuffer();
    private Poller.Watch watch;
    private boolean paused;

    /** Takes connections. */
    @FunctionalInterface
    public interface Taker {
        /**
         * @param socket the connection's, the taker's from now on; it does not block
         * @param peer who is at its other end; set anew with the next one
         * @param local what it arrived at
         */
        void accepted(int socket, SocketAddressBuffer peer, SocketAddressBuffer local);
    }

    /**
     * @param socket bound and listening; closed with this
     */
    public HostListener(Fd socket, Taker taker) {
        this.socket = socket;
        this.taker = taker;
    }

    /** Accepts from now on. */
    public void start(Poller poller) {
        watch = poller.watch(socket.number(), Poller.IN, events -> accept(BUDGET));
    }

    private void accept(int most) {
        for (int i = 0; i < most && !paused; i++) {
            peer.prepare();
            int connection =
                    Syscall.accept(
                            socket.number(),
                            peer.address(),
                            peer.lengthAddress(),
                            Syscall.NONBLOCK | Syscall.CLOEXEC);
            if (connection >= 0) {
                taken(connection);
            } else if (Acceptor.isShort(connection)
                    || Errno.ENOBUFS.is(connection)
                    || Errno.ENOMEM.is(connection)) {
                paused = true;
                // Not for nothing at all: then Netty would take it out of epoll for good.
                watch.events(Poller.ERROR);
            } else if (Errno.EAGAIN.is(connection)) {
                return;
            }
            // ECONNABORTED and the like concern one connection.
        }
    }

    private void taken(int connection) {
        local.prepare();
        if (Syscall.getsockname(connection, local.address(), local.lengthAddress()) < 0) {
            Syscall.close(connection);
            return;
        }
        taker.accepted(connection, peer, local);
    }

    /** Whether nobody is accepted for want of descriptors or memory. */
    public boolean isPaused() {
        return paused;
    }

    /** Tries again. */
    public void resume() {
        if (paused) {
            paused = false;
            watch.events(Poller.IN);
        }
    }

    /** Listens no more; who waits in the queue is taken first. */
    @Override
    public void close() {
        if (watch != null) {
            accept(BACKLOG);
            watch.cancel();
            watch = null;
        }
        socket.close();
    }
}
