package io.culvert.linux;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Direct buffers and their addresses; calls take addresses, since converting a buffer at each call
 * costs.
 */
public final class NativeMemory {
    /** A cache line. */
    private static final int ALIGNMENT = 64;

    private NativeMemory() {}

    /**
     * A zeroed direct buffer in network byte order, aligned to 64 bytes. Freed when nothing refers
     * to it any more.
     */
    public static ByteBuffer allocate(int capacity) {
        int aligned = (capacity + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return ByteBuffer.allocateDirect(aligned + ALIGNMENT)
                .alignedSlice(ALIGNMENT)
                .slice(0, capacity)
                .order(ByteOrder.BIG_ENDIAN);
    }

    /** The same in the machine's byte order, for the kernel's structures. */
    public static ByteBuffer allocateNative(int capacity) {
        return allocate(capacity).order(ByteOrder.nativeOrder());
    }

    /** The address of a direct buffer's index 0. Valid as long as the buffer is reachable. */
    public static long address(ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("a system call needs a direct buffer");
        }
        return MemorySegment.ofBuffer(buffer).address() - buffer.position();
    }
}
