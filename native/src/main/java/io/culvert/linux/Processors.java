package io.culvert.linux;

import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * On which processors a thread runs: sched_setaffinity(2). What a thread starts, threads and
 * processes, inherits its processors.
 *
 * <p>Threading: each call is about the calling thread, which has to be a platform thread.
 */
public final class Processors {
    /** Bytes of a {@code cpu_set_t}: 1,024 processors. */
    private static final int MASK_BYTES = 128;

    /** Of a thread's number: the calling one. */
    private static final int THIS_THREAD = 0;

    private Processors() {}

    /** The numbers of those that the calling thread may run on. */
    public static BitSet allowed() throws SyscallException {
        ByteBuffer mask = NativeMemory.allocate(MASK_BYTES);
        SyscallException.check(
                Syscall.answer(
                        LibC.INSTANCE.sched_getaffinity(
                                THIS_THREAD, MASK_BYTES, NativeMemory.address(mask))),
                "ask for the processors of a thread");
        byte[] bytes = new byte[MASK_BYTES];
        mask.get(0, bytes);
        // Little-endian, as all the machines are that have io.culvert.linux.Linux's approval.
        return BitSet.valueOf(bytes);
    }

    /** Has the calling thread run on those alone. */
    public static void keepTo(BitSet processors) throws SyscallException {
        ByteBuffer mask = NativeMemory.allocate(MASK_BYTES);
        mask.put(0, processors.toByteArray());
        SyscallException.check(
                Syscall.answer(
                        LibC.INSTANCE.sched_setaffinity(
                                THIS_THREAD, MASK_BYTES, NativeMemory.address(mask))),
                "choose the processors of a thread");
    }
}
