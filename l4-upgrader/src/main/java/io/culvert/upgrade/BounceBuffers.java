package io.culvert.upgrade;

import io.culvert.linux.NativeMemory;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Direct buffers for system calls on behalf of callers whose bytes are on the heap. One is taken
 * for a single call that does not block, so there are never more of them in use than threads that
 * run, however many wait.
 *
 * <p>Thread-safe.
 */
final class BounceBuffers {
    /** The most that one call moves. */
    static final int SIZE = 64 * 1024;

    private static final int KEPT = 16;

    private static final ArrayBlockingQueue<ByteBuffer> FREE = new ArrayBlockingQueue<>(KEPT);

    private BounceBuffers() {}

    /** One of {@link #SIZE} bytes, of any content. */
    static ByteBuffer take() {
        ByteBuffer free = FREE.poll();
        return free == null ? NativeMemory.allocate(SIZE) : free;
    }

    /** Gives it back; where enough wait already it is left to the collector. */
    static void give(ByteBuffer buffer) {
        boolean unused = FREE.offer(buffer.clear());
    }
}
