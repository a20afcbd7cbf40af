package io.culvert.e2e;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for something to become so, and no longer than it takes. */
final class Eventually {
    /** Far above what anything takes here, so that only what never happens reaches it. */
    static final Duration PATIENCE = Duration.ofSeconds(15);

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private Eventually() {}

    /** Fails with {@code what} where the condition does not hold within {@link #PATIENCE}. */
    static void holds(String what, Callable<Boolean> condition) throws Exception {
        holds(what, PATIENCE, condition);
    }

    static void holds(String what, Duration within, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + within.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + within.toMillis() + " ms: " + what);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** Waits until the value is the expected one; the failure shows what it was instead. */
    static <T> void equal(T expected, String what, Callable<T> actual) throws Exception {
        equal(expected, what, PATIENCE, actual);
    }

    static <T> void equal(T expected, String what, Duration within, Callable<T> actual)
            throws Exception {
        long deadline = System.nanoTime() + within.toNanos();
        T last = actual.call();
        while (!expected.equals(last)) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(
                        what + ": expected " + expected + " but it stayed " + last);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
            last = actual.call();
        }
    }

    /** Waits until a number has not grown for that long, and answers it. */
    static long atRest(Duration quiet, Callable<Long> number) throws Exception {
        long last = number.call();
        long since = System.nanoTime();
        while (System.nanoTime() - since < quiet.toNanos()) {
            LockSupport.parkNanos(PAUSE_NANOS);
            long now = number.call();
            if (now != last) {
                last = now;
                since = System.nanoTime();
            }
        }
        return last;
    }
}
