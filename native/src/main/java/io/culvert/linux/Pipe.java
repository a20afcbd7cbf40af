package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * A pipe that does not block, what splice(2) moves bytes through. Confined to one thread, except
 * that any thread may close it.
 */
public final class Pipe implements AutoCloseable {
    /** fcntl(2): size in bytes, which the kernel rounds up to a power of two of pages. */
    private static final int F_SETPIPE_SZ = 1031;

    private static final int F_GETPIPE_SZ = 1032;

    private final Fd readEnd;
    private final Fd writeEnd;
    private final int capacity;

    private Pipe(Fd readEnd, Fd writeEnd, int capacity) {
        this.readEnd = readEnd;
        this.writeEnd = writeEnd;
        this.capacity = capacity;
    }

    /**
     * A new pipe.
     *
     * @param capacity bytes wished for; a user without CAP_SYS_RESOURCE gets less beyond
     *     fs.pipe-max-size, or when all its pipes together are beyond fs.pipe-user-pages-soft
     *     (pipe(7))
     */
    public static Pipe open(int capacity) throws SyscallException {
        ByteBuffer ends = NativeMemory.allocateNative(2 * Integer.BYTES);
        SyscallException.check(
                Syscall.pipe(NativeMemory.address(ends), Syscall.NONBLOCK | Syscall.CLOEXEC),
                "open a pipe");
        Fd readEnd = new Fd(ends.getInt(0));
        Fd writeEnd = new Fd(ends.getInt(Integer.BYTES));
        int real = LibC.INSTANCE.fcntl(writeEnd.number(), F_SETPIPE_SZ, capacity);
        if (real < 0) {
            real = LibC.INSTANCE.fcntl(writeEnd.number(), F_GETPIPE_SZ, 0);
        }
        return new Pipe(readEnd, writeEnd, real);
    }

    /** The descriptor to read from. */
    public int readEnd() {
        return readEnd.number();
    }

    /** The descriptor to write to. */
    public int writeEnd() {
        return writeEnd.number();
    }

    /**
     * Bytes that it holds when every page is full. Spliced packets fill pages partly, so that it
     * may take fewer.
     */
    public int capacity() {
        return capacity;
    }

    @Override
    public void close() {
        readEnd.close();
        writeEnd.close();
    }
}
