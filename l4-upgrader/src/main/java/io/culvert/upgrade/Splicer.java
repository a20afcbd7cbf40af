package io.culvert.upgrade;

import io.culvert.flow.Direction;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Pipe;
import io.culvert.linux.PipePool;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * Joins two stream sockets so that what one sends the other receives, both ways, until both have
 * ended.
 *
 * <p><b>Theory of operation.</b> Each direction is a small machine of its own:
 *
 * <pre>
 *   FLOWING --end of input--> DRAINING --pipe empty, shutdown(2) passed on--> ENDED
 *      any state --reset or error on either socket--> both sockets are reset, the splice is over
 * </pre>
 *
 * <p>A direction begins by copying through one buffer that all splices of a worker share: short
 * exchanges, which most connections are, need no pipe and two calls. When a read fills the buffer,
 * or the other side takes less than was read, the direction gets a pipe and moves pages with
 * splice(2) instead, and gives the pipe back once its input comes in thin. So an idle connection
 * holds two descriptors and no buffer.
 *
 * <p>Back-pressure is the kernel's: nothing is read while the other side takes nothing, so the
 * sender's window closes. Sockets are watched edge-triggered, once; "may be readable" and "may be
 * writable" are remembered between events. A direction gives way to others after {@link #BUDGET}
 * bytes.
 *
 * <p>Confined to one worker.
 */
public final class Splicer implements AutoCloseable {
    /** Also the most that one copy moves. */
    private static final int BUFFER = 64 * 1024;

    /** What a direction may move before it lets others have their turn. */
    private static final int BUDGET = 1024 * 1024;

    private static final int IDLE_PIPES = 64;

    /** What a socket that is joined, or is to be, is watched for. */
    static final int EVENTS =
            Poller.IN | Poller.OUT | Poller.PEER_CLOSED | Poller.URGENT | Poller.EDGE;

    /** With more pipes than this open, none stays with a direction that has nothing to move. */
    private static final int PLENTY_OF_PIPES = 256;

    private final Poller poller;
    private final PipePool pipes;
    private final ByteBuffer buffer = NativeMemory.allocate(BUFFER);
    private final long bufferAddress = NativeMemory.address(buffer);
    private final ByteBuffer noLinger = NativeMemory.allocateNative(8).putInt(0, 1);

    private Splice halfClosed;
    private int live;

    /**
     * Makes a splicer that opens nothing yet.
     *
     * @param pipeCapacity bytes that a busy direction holds at most
     */
    public Splicer(Poller poller, int pipeCapacity) {
        this.poller = poller;
        pipes = new PipePool(pipeCapacity, IDLE_PIPES);
    }

    /**
     * Told once when a splice is over. Both sockets are still open, for a last look, and closed
     * when this returns.
     */
    @FunctionalInterface
    public interface Done {
        /**
         * @param reason {@link Reason#FINISHED}, or who reset it, or why it was cut
         */
        void done(Splice splice, Reason reason);
    }

    /** Splices alive. */
    public int live() {
        return live;
    }

    /** Pipes open, in use or waiting to be. */
    public int pipes() {
        return pipes.open();
    }

    /**
     * Joins two connected, non-blocking sockets and owns them from now on.
     *
     * @param initiatorWatch what waits on the initiator's socket already, or {@code null}
     * @param targetWatch the same of the target's
     */
    public Splice join(
            int initiator,
            Poller.Watch initiatorWatch,
            int target,
            Poller.Watch targetWatch,
            long nowNanos,
            Done done) {
        Splice splice = new Splice(initiator, target, done);
        live++;
        splice.start(initiatorWatch, targetWatch, nowNanos);
        return splice;
    }

    /** Ends splices of which one side has closed and nothing has moved for {@code limitNanos}. */
    public void expireHalfClosed(long nowNanos, long limitNanos) {
        Splice splice = halfClosed;
        while (splice != null) {
            Splice next = splice.nextHalfClosed;
            if (splice.moved) {
                splice.moved = false;
                splice.lastMovedNanos = nowNanos;
            } else if (nowNanos - splice.lastMovedNanos >= limitNanos) {
                splice.abort(Reason.HALF_CLOSED_IDLE);
            }
            splice = next;
        }
    }

    /** Frees the pipes; every splice must be over. */
    @Override
    public void close() {
        pipes.close();
    }

    /** Two joined sockets. */
    public final class Splice {
        private final Half up;
        private final Half down;
        private final Done done;
        private Poller.Watch initiatorWatch;
        private Poller.Watch targetWatch;
        private boolean over;
        private boolean again;
        private boolean moved;
        private boolean listed;
        private long lastMovedNanos;
        private Splice previousHalfClosed;
        private Splice nextHalfClosed;

        private Splice(int initiator, int target, Done done) {
            this.done = done;
            up = new Half(initiator, target, Direction.FROM_INITIATOR);
            down = new Half(target, initiator, Direction.FROM_TARGET);
        }

        private void start(Poller.Watch initiatorWatch, Poller.Watch targetWatch, long nowNanos) {
            lastMovedNanos = nowNanos;
            this.initiatorWatch = initiatorWatch;
            this.targetWatch = targetWatch;
            try {
                if (initiatorWatch == null) {
                    this.initiatorWatch = poller.watch(up.from, EVENTS, this::initiatorReady);
                }
                if (targetWatch == null) {
                    this.targetWatch = poller.watch(down.from, EVENTS, this::targetReady);
                }
            } catch (UncheckedIOException noWatch) {
                abort(Reason.DESCRIPTORS_EXHAUSTED);
                return;
            }
            if (initiatorWatch != null) {
                initiatorWatch.ready(this::initiatorReady);
                up.unknown = true;
            }
            if (targetWatch != null) {
                // What it told before is lost, the end of input included: read until the kernel
                // says that there is no more.
                targetWatch.ready(this::targetReady);
                down.unknown = true;
            }
            pump();
        }

        public int initiator() {
            return up.from;
        }

        public int target() {
            return down.from;
        }

        /** Bytes moved from the initiator to the target. */
        public long bytesUp() {
            return up.bytes;
        }

        /** Bytes moved from the target to the initiator. */
        public long bytesDown() {
            return down.bytes;
        }

        /** Whether a direction moves so much that it has a pipe. */
        boolean isBusy() {
            return up.pipe != null || down.pipe != null;
        }

        public boolean isHalfClosed() {
            return listed;
        }

        /** Whether it is over now that errors are looked for which no event has told of yet. */
        boolean isBroken() {
            return over || failed(up) || failed(down);
        }

        /** Cuts the splice: both peers get a reset. */
        public void abort(Reason reason) {
            if (!over) {
                reset(up.from);
                reset(down.from);
                finish(reason);
            }
        }

        private void initiatorReady(int events) {
            ready(events, up, down);
        }

        private void targetReady(int events) {
            ready(events, down, up);
        }

        private void ready(int events, Half reads, Half writes) {
            if (over) {
                return;
            }
            if ((events & Poller.ERROR) != 0 && failed(reads)) {
                return;
            }
            if ((events & (Poller.IN | Poller.PEER_CLOSED | Poller.URGENT | Poller.ERROR)) != 0) {
                reads.readable = true;
                reads.endIsNear |= (events & Poller.PEER_CLOSED) != 0;
                reads.urgent |= (events & Poller.URGENT) != 0;
            }
            if ((events & Poller.OUT) != 0) {
                writes.writable = true;
            }
            pump();
        }

        /** A reset reaches us even while the other side takes nothing and so nothing is read. */
        private boolean failed(Half half) {
            int error =
                    Syscall.getsockopt(half.from, SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR);
            if (error <= 0) {
                return false;
            }
            abort(half.brokenBy());
            return true;
        }

        private void pump() {
            if (over || !up.pump() || !down.pump()) {
                return;
            }
            if (up.ended && down.ended) {
                finish(Reason.FINISHED);
            } else {
                if (up.ended || down.ended) {
                    list();
                }
                if (again) {
                    again = false;
                    poller.inTurn(this::pump);
                }
            }
        }

        private void list() {
            if (!listed) {
                listed = true;
                // The end that came counts: silence before it does not shorten what is left.
                moved = true;
                nextHalfClosed = halfClosed;
                if (halfClosed != null) {
                    halfClosed.previousHalfClosed = this;
                }
                halfClosed = this;
            }
        }

        private void unlist() {
            if (listed) {
                listed = false;
                if (previousHalfClosed != null) {
                    previousHalfClosed.nextHalfClosed = nextHalfClosed;
                } else {
                    halfClosed = nextHalfClosed;
                }
                if (nextHalfClosed != null) {
                    nextHalfClosed.previousHalfClosed = previousHalfClosed;
                }
            }
        }

        private void finish(Reason reason) {
            over = true;
            live--;
            unlist();
            up.freePipe();
            down.freePipe();
            if (initiatorWatch != null) {
                initiatorWatch.cancel();
            }
            if (targetWatch != null) {
                targetWatch.cancel();
            }
            try {
                done.done(this, reason);
            } finally {
                Syscall.close(up.from);
                Syscall.close(down.from);
            }
        }

        /** socket(7), SO_LINGER: with a linger time of zero, close sends RST and not FIN. */
        private void reset(int socket) {
            Syscall.setsockopt(
                    socket,
                    SocketOptions.SOL_SOCKET,
                    SocketOptions.SO_LINGER,
                    NativeMemory.address(noLinger),
                    8);
        }

        /** One direction. */
        private final class Half {
            private final int from;
            private final int to;
            private final Direction direction;
            private boolean readable = true;
            private boolean writable = true;

            /**
             * Nothing is known of what waits to be read: read until the kernel says that nothing
             * does.
             */
            private boolean unknown;

            /** The peer has closed, so what waits to be read ends with the end of input. */
            private boolean endIsNear;

            /**
             * Among what waits to be read there is urgent data: a read stops there with more behind
             * it, and splice(2) never gets past it.
             */
            private boolean urgent;

            private boolean endOfInput;
            private boolean ended;
            private Pipe pipe;
            private int inPipe;

            /** What was read and had no room in a pipe; there is none in plenty. */
            private ByteBuffer rest;

            private int restSent;
            private int spliced;
            private long bytes;

            private Half(int from, int to, Direction direction) {
                this.from = from;
                this.to = to;
                this.direction = direction;
            }

            /** Moves what can be moved; false where that ended the splice. */
            private boolean pump() {
                int budget = BUDGET;
                while (!ended) {
                    if (inPipe > 0 || rest != null) {
                        if (!writable) {
                            return true;
                        }
                        int taken = rest == null ? drainPipe() : sendRest();
                        if (taken > 0) {
                            count(taken);
                        } else if (Errno.EAGAIN.is(taken)) {
                            writable = false;
                        } else {
                            abort(brokenBy(to));
                            return false;
                        }
                    } else if (endOfInput) {
                        freePipe();
                        ended = true;
                        if (!up.ended || !down.ended) {
                            // Otherwise both sockets are closed in a moment, which says the same.
                            Syscall.shutdown(to, Syscall.SHUT_WR);
                        }
                    } else if (!readable || !writable) {
                        return true;
                    } else if (budget <= 0) {
                        again = true;
                        return true;
                    } else {
                        int read = pipe == null || urgent ? copy() : fillPipe();
                        if (read < 0 && !Errno.EAGAIN.is(read)) {
                            return false;
                        }
                        budget -= Math.max(read, 0);
                    }
                }
                return true;
            }

            private int drainPipe() {
                int taken =
                        Syscall.splice(
                                pipe.readEnd(),
                                to,
                                inPipe,
                                Syscall.SPLICE_F_NONBLOCK | Syscall.SPLICE_F_MOVE);
                inPipe -= Math.max(taken, 0);
                return taken;
            }

            private int sendRest() {
                int taken =
                        Syscall.send(
                                to,
                                NativeMemory.address(rest) + restSent,
                                rest.capacity() - restSent,
                                Syscall.MSG_NOSIGNAL);
                restSent += Math.max(taken, 0);
                if (restSent == rest.capacity()) {
                    rest = null;
                }
                return taken;
            }

            /**
             * Reads into the shared buffer and sends on at once; what is not taken goes into a
             * pipe.
             */
            private int copy() {
                int read = Syscall.recv(from, bufferAddress, BUFFER, 0);
                if (read <= 0) {
                    return notRead(read);
                }
                // epoll(7): a short read from a stream means that nothing more waits, unless the
                // end does.
                readable = read == BUFFER || unknown || endIsNear || urgent;
                // The end comes right after this: let it leave in the same segment.
                int flags =
                        endIsNear ? Syscall.MSG_NOSIGNAL | Syscall.MSG_MORE : Syscall.MSG_NOSIGNAL;
                int sent = Syscall.send(to, bufferAddress, read, flags);
                if (sent < 0) {
                    if (!Errno.EAGAIN.is(sent)) {
                        abort(brokenBy(to));
                        return sent;
                    }
                    sent = 0;
                }
                count(sent);
                if (sent < read) {
                    writable = false;
                    keepRest(sent, read - sent);
                    return read;
                }
                if (read == BUFFER && pipe == null) {
                    // Bulk: from now on pages are moved. Without a pipe, copying goes on.
                    pipe = pipes.take();
                    spliced = 0;
                }
                return read;
            }

            /**
             * A stream that lives goes on whole, whatever there is no more of: pipe(7),
             * fs.pipe-user-pages-soft gives a user who has many only small ones.
             */
            private void keepRest(int sent, int length) {
                if (pipe == null) {
                    pipe = pipes.take();
                }
                spliced = 0;
                if (pipe != null && pipe.capacity() >= length) {
                    inPipe =
                            Math.max(
                                    Syscall.write(pipe.writeEnd(), bufferAddress + sent, length),
                                    0);
                    if (inPipe == length) {
                        return;
                    }
                }
                freePipe();
                inPipe = 0;
                rest = NativeMemory.allocate(length).put(0, buffer, sent, length);
                restSent = 0;
            }

            private int fillPipe() {
                int read =
                        Syscall.splice(
                                from,
                                pipe.writeEnd(),
                                pipe.capacity(),
                                Syscall.SPLICE_F_NONBLOCK | Syscall.SPLICE_F_MOVE);
                if (read <= 0) {
                    if (spliced < BUFFER || pipes.open() > PLENTY_OF_PIPES) {
                        freePipe();
                    }
                    spliced = 0;
                    return notRead(read);
                }
                spliced += read;
                inPipe = read;
                return read;
            }

            private int notRead(int read) {
                if (read == 0) {
                    endOfInput = true;
                } else if (Errno.EAGAIN.is(read)) {
                    readable = false;
                    unknown = false;
                    urgent = false;
                } else {
                    abort(brokenBy());
                }
                return read;
            }

            private Reason brokenBy() {
                return direction == Direction.FROM_INITIATOR
                        ? Reason.RESET_BY_INITIATOR
                        : Reason.RESET_BY_TARGET;
            }

            private Reason brokenBy(int socket) {
                return socket == up.from ? Reason.RESET_BY_INITIATOR : Reason.RESET_BY_TARGET;
            }

            private void count(int moved) {
                bytes += moved;
                Splice.this.moved = true;
            }

            private void freePipe() {
                if (pipe != null) {
                    pipes.give(pipe, inPipe == 0);
                    pipe = null;
                }
            }
        }
    }
}
