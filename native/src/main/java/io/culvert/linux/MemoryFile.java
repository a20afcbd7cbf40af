package io.culvert.linux;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that lives in memory as long as a descriptor of it is open: memfd_create(2). Passed with
 * {@link DescriptorMessage}, it outlives the process that wrote it.
 */
public final class MemoryFile {
    private static final int MFD_CLOEXEC = 1;

    private MemoryFile() {}

    /**
     * A new empty one.
     *
     * @param name shown under /proc/PID/fd, at most 249 bytes; need not be unique
     */
    public static Fd create(String name) throws SyscallException {
        return new Fd(
                SyscallException.check(
                        Syscall.answer(LibC.INSTANCE.memfd_create(name, MFD_CLOEXEC)),
                        "create the memory file " + name));
    }

    /**
     * A channel to read, write, size and map its content by position. Closing it leaves the
     * descriptor open; a mapping outlives both.
     */
    public static FileChannel open(Fd file) throws IOException {
        // proc(5): opens the same file anew, whichever process made it.
        return FileChannel.open(
                Path.of("/proc/self/fd/" + file.number()),
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
    }
}
