package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;

/** Every descriptor that this process may still open, until closed. */
final class DescriptorHoard implements AutoCloseable {
    private static final int F_DUPFD = 0;
    private static final int MOST = 1 << 20;

    private int[] taken = new int[MOST];
    private int size;

    DescriptorHoard() {
        // A class that is not loaded yet cannot be when no file can be opened.
        assertThrows(SyscallException.class, () -> Sockets.raw(false, 300));
        int fd;
        while (size < MOST && (fd = LibC.INSTANCE.fcntl(1, F_DUPFD, 0)) >= 0) {
            taken[size++] = fd;
        }
        taken = Arrays.copyOf(taken, size);
    }

    int size() {
        return size;
    }

    /** Lets that many be opened again. */
    void release(int count) {
        for (int i = 0; i < count; i++) {
            Syscall.close(taken[--size]);
        }
    }

    @Override
    public void close() {
        release(size);
    }
}
