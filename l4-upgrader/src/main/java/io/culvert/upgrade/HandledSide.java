package io.culvert.upgrade;

import io.culvert.linux.Errno;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/**
 * One socket of a connection that a handler has, with what waits on it: wakes the handler's threads
 * while they use it, reads on in their place once they have left it.
 *
 * <p>Confined to the worker that owns the flow, but for its {@link #stream}.
 */
final class HandledSide {
    /** Read from a peer that nobody listens to, before others have their turn. */
    private static final int BUDGET = 1024 * 1024;

    private final Handlers handlers;
    private final Owner owner;
    private final SocketStream stream;
    private final SharedDescriptor descriptor;
    private Poller.Watch watch;
    private boolean peerClosed;
    private boolean left;
    private boolean ended;
    private boolean lent;
    private boolean closed;

    /** Told what becomes of the side. */
    interface Owner extends SocketStream.Owner {
        /** Of a side that was left the peer's end has come; on the worker. */
        void ended();
    }

    /**
     * @param peer a word for who is at the other end
     */
    HandledSide(Handlers handlers, int socket, String peer, Owner owner) {
        this.handlers = handlers;
        this.owner = owner;
        descriptor = new SharedDescriptor(socket);
        stream = new SocketStream(descriptor, peer, owner);
    }

    SocketStream stream() {
        return stream;
    }

    /** For calls of the worker's until the side is {@linkplain #close closed}. */
    int socket() {
        return descriptor.number();
    }

    /**
     * Begins to wait on the socket.
     *
     * @throws java.io.UncheckedIOException as of {@link Poller#watch}
     */
    void watch() {
        watch = handlers.poller().watch(socket(), Splicer.EVENTS, this::ready);
    }

    /** It is waited on already. */
    void watchedBy(Poller.Watch present) {
        watch = present;
        present.ready(this::ready);
    }

    /** What waits on the socket is somebody else's. */
    Poller.Watch giveWatch() {
        Poller.Watch given = watch;
        watch = null;
        return given;
    }

    void cancelWatch() {
        if (watch != null) {
            watch.cancel();
            watch = null;
        }
    }

    private void ready(int events) {
        peerClosed |= (events & Poller.PEER_CLOSED) != 0;
        if ((events & Poller.ERROR) != 0) {
            int error =
                    Syscall.getsockopt(socket(), SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR);
            if (error > 0) {
                stream.broken(error);
            }
        }
        if (left) {
            discard();
            return;
        }
        if ((events & ~Poller.OUT) != 0) {
            stream.readable();
        }
        if ((events & ~Poller.IN) != 0) {
            stream.writable();
        }
    }

    /** Whether the peer has closed it, whoever has read that far. */
    boolean isClosedByPeer() {
        return peerClosed || stream.isAtEnd();
    }

    /** The connection has failed: nothing more comes. */
    void broken() {
        ended = true;
    }

    /** Whether nothing more comes of a side that was left. */
    boolean isEnded() {
        return ended;
    }

    /**
     * No thread of the handler's uses it any more: lets the peer read the end, and reads its own. A
     * second call does nothing.
     */
    void leave() {
        stream.end(HandledSide::closedByHandler);
        if (!left && !closed) {
            left = true;
            Syscall.shutdown(socket(), Syscall.SHUT_WR);
            discard();
        }
    }

    /** What whoever uses a stream is told that the handler has closed. */
    static IOException closedByHandler() {
        return new ClosedChannelException();
    }

    private void discard() {
        int budget = BUDGET;
        while (!ended && !closed && !lent) {
            if (budget <= 0) {
                handlers.poller().inTurn(this::discard);
                return;
            }
            int read =
                    Syscall.recv(socket(), handlers.discardAddress(), handlers.discardLength(), 0);
            if (Errno.EAGAIN.is(read)) {
                return;
            }
            budget -= read;
            if (read <= 0) {
                ended = true;
                owner.ended();
            }
        }
    }

    /**
     * Takes the socket from the handler's threads.
     *
     * @param afterwards on the worker, once no call of theirs uses it
     */
    void lend(Runnable afterwards) {
        stream.end(() -> new IOException("the gateway's relay has the connection"));
        descriptor.end(
                socket ->
                        handlers.run(
                                () -> {
                                    lent = true;
                                    if (closed) {
                                        Syscall.close(socket);
                                    } else {
                                        afterwards.run();
                                    }
                                }));
    }

    boolean isLent() {
        return lent;
    }

    /**
     * Closes the socket, as soon as no call of the handler's threads uses it.
     *
     * @param reset whether the peer gets a reset, at once
     */
    void close(boolean reset) {
        closed = true;
        if (reset) {
            Syscall.linger(socket(), 0);
            Syscall.disconnect(socket());
        }
        if (lent) {
            Syscall.close(socket());
        } else {
            // Where it is about to be lent, this is its second end and nothing is done here.
            descriptor.end(Syscall::close);
        }
    }
}
