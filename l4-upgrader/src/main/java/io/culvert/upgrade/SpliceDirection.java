package io.culvert.upgrade;

import io.culvert.flow.Direction;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Pipe;
import io.culvert.linux.Syscall;

import java.nio.ByteBuffer;

/**
 * One direction of a {@link Splice}: what it has read and not sent, and what is known of its two
 * sockets.
 *
 * <p>Confined to one worker.
 */
final class SpliceDirection {
    /** What a direction may move before it lets others have their turn. */
    private static final int BUDGET = 1024 * 1024;

    /** With more pipes than this open, none stays with a direction that has nothing to move. */
    private static final int PLENTY_OF_PIPES = 256;

    private final Splice splice;
    private final Splicer.Shared shared;
    private final int from;
    private final int to;
    private final Direction direction;

    /** Null where packets pay. */
    private final Toll toll;

    private boolean readable = true;
    private boolean writable = true;

    /** Nothing is known of what waits to be read: read until the kernel says that nothing does. */
    private boolean unknown;

    /** The peer has closed, so what waits to be read ends with the end of input. */
    private boolean endIsNear;

    /**
     * Among what waits to be read there is urgent data: a read stops there with more behind it, and
     * splice(2) never gets past it.
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

    SpliceDirection(
            Splice splice,
            Splicer.Shared shared,
            int from,
            int to,
            Direction direction,
            Toll toll) {
        this.splice = splice;
        this.shared = shared;
        this.from = from;
        this.to = to;
        this.direction = direction;
        this.toll = toll;
    }

    int from() {
        return from;
    }

    /** Bytes moved. */
    long bytes() {
        return bytes;
    }

    /** Whether the end of input was passed on. */
    boolean isEnded() {
        return ended;
    }

    /** Whether it moves so much that it has a pipe. */
    boolean isBusy() {
        return pipe != null;
    }

    /** Nothing is known of what waits: read until the kernel says that nothing does. */
    void readBlindly() {
        unknown = true;
    }

    /** The source may be readable. */
    void readable(boolean endIsNear, boolean urgent) {
        readable = true;
        this.endIsNear |= endIsNear;
        this.urgent |= urgent;
    }

    /** The sink may be writable. */
    void writable() {
        writable = true;
    }

    /** Moves what can be moved; false where that ended the splice. */
    boolean pump() {
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
                    splice.abort(brokenBy(to));
                    return false;
                }
            } else if (endOfInput) {
                freePipe();
                ended = true;
                if (!splice.isEnded()) {
                    // Otherwise both sockets are closed in a moment, which says the same.
                    Syscall.shutdown(to, Syscall.SHUT_WR);
                }
            } else if (!readable || !writable) {
                return true;
            } else if (toll != null && !toll.isPaid()) {
                splice.later();
                return true;
            } else if (budget <= 0) {
                splice.again();
                return true;
            } else {
                int read = pipe == null || urgent ? copy() : fillPipe();
                if (read < 0 && !Errno.EAGAIN.is(read)) {
                    return false;
                }
                budget -= Math.max(read, 0);
                if (toll != null) {
                    toll.owe(Math.max(read, 0));
                }
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

    /** Reads into the shared buffer and sends on at once; what is not taken goes into a pipe. */
    private int copy() {
        int read = Syscall.recv(from, shared.bufferAddress, Splicer.BUFFER, 0);
        if (read <= 0) {
            return notRead(read);
        }
        // epoll(7): a short read from a stream means that nothing more waits, unless the
        // end does.
        readable = read == Splicer.BUFFER || unknown || endIsNear || urgent;
        // The end comes right after this: let it leave in the same segment.
        int flags = endIsNear ? Syscall.MSG_NOSIGNAL | Syscall.MSG_MORE : Syscall.MSG_NOSIGNAL;
        int sent = Syscall.send(to, shared.bufferAddress, read, flags);
        if (sent < 0) {
            if (!Errno.EAGAIN.is(sent)) {
                splice.abort(brokenBy(to));
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
        if (read == Splicer.BUFFER && pipe == null) {
            // Bulk: from now on pages are moved. Without a pipe, copying goes on.
            pipe = shared.pipes.take();
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
            pipe = shared.pipes.take();
        }
        spliced = 0;
        if (pipe != null && pipe.capacity() >= length) {
            inPipe =
                    Math.max(
                            Syscall.write(pipe.writeEnd(), shared.bufferAddress + sent, length), 0);
            if (inPipe == length) {
                return;
            }
        }
        freePipe();
        inPipe = 0;
        rest = NativeMemory.allocate(length).put(0, shared.buffer, sent, length);
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
            if (spliced < Splicer.BUFFER || shared.pipes.open() > PLENTY_OF_PIPES) {
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
            splice.abort(brokenBy());
        }
        return read;
    }

    /** Who breaks the splice when this direction's source does. */
    Reason brokenBy() {
        return direction == Direction.FROM_INITIATOR
                ? Reason.RESET_BY_INITIATOR
                : Reason.RESET_BY_TARGET;
    }

    private Reason brokenBy(int socket) {
        return socket == splice.initiator() ? Reason.RESET_BY_INITIATOR : Reason.RESET_BY_TARGET;
    }

    private void count(int moved) {
        bytes += moved;
        splice.moved();
    }

    void freePipe() {
        if (pipe != null) {
            shared.pipes.give(pipe, inPipe == 0);
            pipe = null;
        }
    }
}
