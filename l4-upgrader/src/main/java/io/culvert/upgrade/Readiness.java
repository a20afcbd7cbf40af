package io.culvert.upgrade;

import java.io.InterruptedIOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Whether a descriptor may be ready again, for a thread that wants to wait until it is, told by the
 * worker that hears of it edge-triggered.
 *
 * <p><b>Why no wake-up is lost.</b> The worker counts events; a thread that is about to try reads
 * the count first, tries, and where the kernel has nothing waits for another count than that one.
 *
 * <pre>
 *   thread: seen = count; recv() = EAGAIN; waiter = me; while (count == seen) park
 *   worker:                        event:  count++;     unpark(waiter)
 * </pre>
 *
 * <p>The kernel tells an edge of what comes after the EAGAIN, so its event is counted after {@code
 * seen} was read. Thread and worker each write one of {@code waiter} and {@code count} and then
 * read the other, and both are volatile, so at least one sees what the other wrote (Java Language
 * Specification, section 17.4.4: one order of all of them): the thread does not park, or the worker
 * unparks it. An unpark that comes before the park makes that return at once. An event of before
 * the try only costs another try.
 *
 * <p>Threading: one thread waits at a time; any thread signals.
 */
final class Readiness {
    private final AtomicInteger count = new AtomicInteger();
    private volatile Thread waiter;

    /** Events so far; to be read before the try that may have to wait. */
    int seen() {
        return count.get();
    }

    /** Something has happened that a wait may be about. */
    void signal() {
        count.incrementAndGet();
        Thread waiting = waiter;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    /**
     * Waits until there was another event than those seen.
     *
     * @param limitNanos how long at most, from {@code startNanos} of {@link System#nanoTime} on; 0
     *     is for ever
     * @return whether there was
     * @throws InterruptedIOException the thread is interrupted, and stays so
     */
    boolean await(int seen, long startNanos, long limitNanos) throws InterruptedIOException {
        waiter = Thread.currentThread();
        try {
            while (count.get() == seen) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("interrupted while it waited for the peer");
                }
                if (limitNanos == 0) {
                    LockSupport.park(this);
                } else {
                    long left = limitNanos - (System.nanoTime() - startNanos);
                    if (left <= 0) {
                        return false;
                    }
                    LockSupport.parkNanos(this, left);
                }
            }
            return true;
        } finally {
            waiter = null;
        }
    }
}
