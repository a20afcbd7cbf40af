package io.culvert.gateway.plugin.kit;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One direction of a connection in memory, with as much room as a small socket buffer, so that a
 * writer whose reader is slow waits as on a real one. Limits of time are of the {@link HandClock}.
 * Threading: any.
 */
final class Pipe {
    private static final int ROOM = 64 << 10;

    private enum State {
        OPEN,
        /** The writer has said its last; what is in it is still read. */
        ENDED,
        /** The reader wants no more. */
        CLOSED,
        RESET
    }

    private final HandClock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition change = lock.newCondition();
    private final ByteBuffer content = ByteBuffer.allocate(ROOM);
    private State state = State.OPEN;
    private int readersWaiting;

    Pipe(HandClock clock) {
        this.clock = clock;
        clock.onMove(this::wake);
    }

    private void wake() {
        lock.lock();
        try {
            change.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link io.culvert.hook.ByteStream#read}, within the limit; zero is for ever. */
    int read(ByteBuffer into, Duration limit) throws IOException {
        Instant end = end(limit);
        lock.lock();
        try {
            while (content.position() == 0 && state == State.OPEN) {
                readersWaiting++;
                change.signalAll();
                try {
                    await(end, limit);
                } finally {
                    readersWaiting--;
                }
            }
            if (state == State.RESET) {
                throw new SocketException("Connection reset");
            }
            if (content.position() == 0) {
                return -1;
            }
            content.flip();
            int length = Math.min(content.remaining(), into.remaining());
            into.put(content.slice(0, length));
            content.position(length).compact();
            change.signalAll();
            return length;
        } finally {
            lock.unlock();
        }
    }

    /** Writes all of it, waiting for room within the limit. */
    int write(ByteBuffer from, Duration limit) throws IOException {
        Instant end = end(limit);
        int length = from.remaining();
        lock.lock();
        try {
            while (from.hasRemaining()) {
                switch (state) {
                    case RESET -> throw new SocketException("Connection reset");
                    case ENDED, CLOSED -> throw new SocketException("Broken pipe");
                    case OPEN -> {
                        if (content.hasRemaining()) {
                            int part = Math.min(content.remaining(), from.remaining());
                            content.put(from.slice(from.position(), part));
                            from.position(from.position() + part);
                            change.signalAll();
                        } else {
                            await(end, limit);
                        }
                    }
                }
            }
            return length;
        } finally {
            lock.unlock();
        }
    }

    private Instant end(Duration limit) {
        return limit.isZero() ? Instant.MAX : clock.instant().plus(limit);
    }

    @SuppressWarnings("WaitNotInLoop") // Those who call it do so in a loop.
    private void await(Instant end, Duration limit) throws IOException {
        if (!clock.instant().isBefore(end)) {
            throw new SocketTimeoutException("nothing for " + limit);
        }
        try {
            change.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** The writer has said its last. */
    void end() {
        become(State.ENDED);
    }

    /** The reader wants no more; a writer is told. */
    void close() {
        become(State.CLOSED);
    }

    /** Both ends are told, and what is in it is lost. */
    void reset() {
        become(State.RESET);
    }

    private void become(State next) {
        lock.lock();
        try {
            if (state == State.OPEN || (next == State.RESET && state != State.CLOSED)) {
                state = next;
            }
            if (next != State.ENDED) {
                // Nobody will read it.
                content.clear();
            }
            change.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the writer has said its last, and nobody has reset it. */
    boolean hasEnded() {
        lock.lock();
        try {
            return state == State.ENDED;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it has ended, orderly or not. */
    boolean isOver() {
        lock.lock();
        try {
            return state != State.OPEN;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until somebody waits to read and there is nothing to be read, or it is over. */
    void awaitReader() throws InterruptedException {
        lock.lock();
        try {
            while (state == State.OPEN && (readersWaiting == 0 || content.position() > 0)) {
                change.await();
            }
        } finally {
            lock.unlock();
        }
    }
}
