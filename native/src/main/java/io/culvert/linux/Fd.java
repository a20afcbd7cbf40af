package io.culvert.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open file descriptor with one owner, who closes it. Thread-safe: the number is closed once,
 * whoever comes first.
 */
public final class Fd implements AutoCloseable {
    private static final int CLOSED = -1;

    private final AtomicInteger number;

    /** Takes ownership of an open descriptor. */
    public Fd(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("not a descriptor: " + number);
        }
        this.number = new AtomicInteger(number);
    }

    /**
     * The descriptor's number, for calls that do not outlive this object.
     *
     * @throws IllegalStateException once closed, so that a number the kernel gave to someone else
     *     is never used
     */
    public int number() {
        int open = number.get();
        if (open == CLOSED) {
            throw new IllegalStateException("descriptor is closed");
        }
        return open;
    }

    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /** Gives ownership up: the descriptor stays open and this object counts as closed. */
    public int release() {
        int open = number();
        if (!number.compareAndSet(open, CLOSED)) {
            throw new IllegalStateException("descriptor is closed");
        }
        return open;
    }

    /**
     * Closes the descriptor; a second call does nothing. The kernel frees the number even when
     * close reports an error.
     */
    @Override
    public void close() {
        int open = number.getAndSet(CLOSED);
        if (open != CLOSED) {
            Syscall.close(open);
        }
    }

    @Override
    public String toString() {
        return "fd " + number.get();
    }
}
