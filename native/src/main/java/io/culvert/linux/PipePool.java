package io.culvert.linux;

import java.util.ArrayDeque;

/**
 * Empty pipes kept for the next connection, since making one costs several system calls. Confined
 * to one thread.
 */
public final class PipePool implements AutoCloseable {
    private int capacity;
    private final int keep;
    private final ArrayDeque<Pipe> empty = new ArrayDeque<>();
    private int open;
    private boolean closed;

    /**
     * @param capacity bytes wished for in each pipe, see {@link Pipe#open}
     * @param keep how many empty pipes to keep at most
     */
    public PipePool(int capacity, int keep) {
        this.capacity = capacity;
        this.keep = keep;
    }

    /** An empty pipe, or null when the kernel gives no more descriptors. */
    public Pipe take() {
        Pipe pipe = empty.pollLast();
        if (pipe != null) {
            return pipe;
        }
        try {
            pipe = Pipe.open(capacity);
        } catch (SyscallException exhausted) {
            return null;
        }
        open++;
        return pipe;
    }

    /**
     * Takes a pipe back.
     *
     * @param empty whether nothing is left in it; a pipe with bytes in it is closed, so that they
     *     never reach another connection
     */
    public void give(Pipe pipe, boolean empty) {
        if (empty && !closed && this.empty.size() < keep) {
            this.empty.addLast(pipe);
        } else {
            pipe.close();
            open--;
        }
    }

    /** Pipes made from now on have that capacity; those that are taken are kept as they are. */
    public void capacity(int bytes) {
        if (bytes != capacity) {
            capacity = bytes;
            closeKept();
        }
    }

    /** Pipes that exist: taken and kept ones. */
    public int open() {
        return open;
    }

    /** Closes the kept pipes; those still taken are closed when they are given back. */
    @Override
    public void close() {
        closed = true;
        closeKept();
    }

    private void closeKept() {
        for (Pipe pipe = empty.pollLast(); pipe != null; pipe = empty.pollLast()) {
            pipe.close();
            open--;
        }
    }
}
