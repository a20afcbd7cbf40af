package io.culvert.upgrade;

import io.culvert.hook.ByteStream;
import io.culvert.linux.Errno;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.ref.Reference;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A non-blocking stream socket in blocking style: the calling thread, a virtual one, makes the
 * system calls itself, and where the kernel has nothing for it waits until the worker hears that it
 * may have. Between calls nothing is buffered here, so a peer that sends to somebody who does not
 * read finds its window closed.
 *
 * <p>A read's time limit counts from its beginning, a write's from when the peer last took
 * something.
 *
 * <p>Thread-safe; a direction that two threads use at once is theirs in turn.
 */
final class SocketStream implements ByteStream {
    private final SharedDescriptor descriptor;
    private final String peer;
    private final Owner owner;
    private final Readiness readable = new Readiness();
    private final Readiness writable = new Readiness();
    private final ReentrantLock reading = new ReentrantLock();
    private final ReentrantLock writing = new ReentrantLock();
    private final AtomicLong bytesIn = new AtomicLong();
    private final AtomicLong bytesOut = new AtomicLong();

    /** What whoever uses the stream is told; null while it can be used. */
    private final AtomicReference<Supplier<IOException>> obstacle = new AtomicReference<>();

    private volatile long limitNanos;
    private volatile boolean broken;
    private volatile boolean endOfInput;
    private volatile boolean outputShut;

    /** Told on any thread what becomes of a stream. */
    interface Owner {
        /** The connection was reset, or has failed otherwise; nobody has heard of it yet. */
        void breaks(SocketStream stream);

        /** That was so, and whoever uses the stream hears of it; once at most. */
        void broken(SocketStream stream);

        /** The user has closed it: the peer reads the end, and the rest is the owner's. */
        void closed(SocketStream stream);
    }

    /**
     * @param descriptor of a connected stream socket that does not block
     * @param peer a word for who is at the other end
     */
    SocketStream(SharedDescriptor descriptor, String peer, Owner owner) {
        this.descriptor = descriptor;
        this.peer = peer;
        this.owner = owner;
    }

    SharedDescriptor descriptor() {
        return descriptor;
    }

    /** Bytes read so far. */
    long bytesIn() {
        return bytesIn.get();
    }

    /** Bytes that the kernel has taken so far. */
    long bytesOut() {
        return bytesOut.get();
    }

    /** Whether a call has found the connection reset or failed. */
    boolean isBroken() {
        return broken;
    }

    /** Whether the peer's last byte has been read. */
    boolean isAtEnd() {
        return endOfInput;
    }

    boolean isOutputShut() {
        return outputShut;
    }

    /** The socket may be readable; the worker's to call. */
    void readable() {
        readable.signal();
    }

    /** The socket may be writable; the worker's to call. */
    void writable() {
        writable.signal();
    }

    /**
     * Nobody may use the stream any more, and who waits wakes up; where it ended before, the first
     * reason stands.
     *
     * @return whether it had not
     */
    boolean end(Supplier<IOException> why) {
        boolean first = obstacle.compareAndSet(null, why);
        readable.signal();
        writable.signal();
        return first;
    }

    @Override
    public void timeout(Duration limit) {
        if (limit.isNegative()) {
            throw new IllegalArgumentException("a time limit is not negative: " + limit);
        }
        limitNanos = saturatedNanos(limit);
    }

    private static long saturatedNanos(Duration limit) {
        try {
            return limit.toNanos();
        } catch (ArithmeticException aboutThreeHundredYears) {
            return 0;
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (into.isReadOnly()) {
            throw new IllegalArgumentException("a read-only buffer cannot be read into");
        }
        reading.lock();
        try {
            if (!into.hasRemaining()) {
                return 0;
            }
            long start = System.nanoTime();
            while (true) {
                int seen = readable.seen();
                int read = receive(into);
                if (read > 0) {
                    bytesIn.addAndGet(read);
                    return read;
                }
                if (read == 0) {
                    endOfInput = true;
                    return -1;
                }
                await(readable, seen, start);
            }
        } finally {
            reading.unlock();
        }
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        writing.lock();
        try {
            int length = from.remaining();
            long start = System.nanoTime();
            while (from.hasRemaining()) {
                int seen = writable.seen();
                int sent = send(from);
                if (sent >= 0) {
                    bytesOut.addAndGet(sent);
                    start = System.nanoTime();
                } else {
                    await(writable, seen, start);
                }
            }
            return length;
        } finally {
            writing.unlock();
        }
    }

    private void await(Readiness readiness, int seen, long start) throws IOException {
        try {
            if (!readiness.await(seen, start, limitNanos)) {
                throw new SocketTimeoutException("the " + peer + " took too long");
            }
        } catch (InterruptedIOException interruptedOrLate) {
            // A thread is interrupted where the connection ends with the gateway, which says more.
            refuse();
            throw interruptedOrLate;
        }
    }

    /**
     * @return bytes read, 0 at the end, -EAGAIN where nothing waits
     */
    private int receive(ByteBuffer into) throws IOException {
        boolean direct = into.isDirect();
        ByteBuffer buffer = direct ? into : BounceBuffers.take();
        try {
            int offset = direct ? into.position() : 0;
            int room = direct ? into.remaining() : Math.min(into.remaining(), BounceBuffers.SIZE);
            int read;
            int socket = enter();
            try {
                read = Syscall.recv(socket, NativeMemory.address(buffer) + offset, room, 0);
            } finally {
                descriptor.leave();
            }
            if (read > 0 && direct) {
                into.position(offset + read);
            } else if (read > 0) {
                into.put(buffer.limit(read));
            }
            return checked(read);
        } finally {
            Reference.reachabilityFence(buffer);
            if (!direct) {
                BounceBuffers.give(buffer);
            }
        }
    }

    /**
     * @return bytes taken, -EAGAIN where there is no room
     */
    private int send(ByteBuffer from) throws IOException {
        if (outputShut) {
            throw outputIsShut();
        }
        boolean direct = from.isDirect();
        ByteBuffer buffer = direct ? from : BounceBuffers.take();
        try {
            int position = from.position();
            int offset = direct ? position : 0;
            int length = direct ? from.remaining() : Math.min(from.remaining(), BounceBuffers.SIZE);
            if (!direct) {
                buffer.put(0, from, position, length);
            }
            int sent;
            int socket = enter();
            try {
                sent =
                        Syscall.send(
                                socket,
                                NativeMemory.address(buffer) + offset,
                                length,
                                Syscall.MSG_NOSIGNAL);
            } finally {
                descriptor.leave();
            }
            if (Errno.EPIPE.is(sent) && outputShut) {
                throw outputIsShut();
            }
            from.position(position + Math.max(sent, 0));
            return checked(sent);
        } finally {
            Reference.reachabilityFence(buffer);
            if (!direct) {
                BounceBuffers.give(buffer);
            }
        }
    }

    private static IOException outputIsShut() {
        return new SocketException("the output is shut down");
    }

    /** The socket's number, for a call that does not block. */
    private int enter() throws IOException {
        refuse();
        int socket = descriptor.enter();
        if (socket == SharedDescriptor.ENDED) {
            refuse();
            throw new ClosedChannelException();
        }
        return socket;
    }

    private void refuse() throws IOException {
        Supplier<IOException> why = obstacle.get();
        if (why != null) {
            throw why.get();
        }
    }

    private int checked(int result) throws IOException {
        if (result >= 0 || Errno.EAGAIN.is(result)) {
            return result;
        }
        broken(-result);
        throw obstacle.get().get();
    }

    /** The connection has failed; any thread's to say. */
    void broken(int errno) {
        if (isOpen()) {
            owner.breaks(this);
        }
        String what =
                switch (Errno.of(errno)) {
                    case ECONNRESET, EPIPE -> "the " + peer + " has reset the connection";
                    default -> "the connection to the " + peer + ": " + Errno.of(errno).meaning();
                };
        if (end(() -> new SocketException(what))) {
            broken = true;
            owner.broken(this);
        }
    }

    @Override
    public void shutdownOutput() throws IOException {
        int socket = enter();
        try {
            outputShut = true;
            // Fails where the peer has reset the connection, which whoever reads hears of.
            Syscall.shutdown(socket, Syscall.SHUT_WR);
        } finally {
            descriptor.leave();
        }
    }

    @Override
    public boolean isOpen() {
        return obstacle.get() == null;
    }

    @Override
    public void close() {
        if (end(ClosedChannelException::new)) {
            int socket = descriptor.enter();
            if (socket != SharedDescriptor.ENDED) {
                Syscall.shutdown(socket, Syscall.SHUT_WR);
                descriptor.leave();
            }
            outputShut = true;
            owner.closed(this);
        }
    }
}
