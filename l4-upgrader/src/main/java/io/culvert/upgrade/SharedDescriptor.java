package io.culvert.upgrade;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/**
 * An open descriptor whose number several threads use and that ends while they may be doing so.
 * Whoever uses it counts itself in and out; once it has ended nobody gets in any more, and the last
 * one out does what is to be done then, such as closing it. So it is closed once, and never while
 * somebody's system call names it: the kernel gives the number to the next file that is opened.
 *
 * <p>None of its users may wait with it in hand, for its end waits for them.
 *
 * <p>Thread-safe, without a lock.
 */
final class SharedDescriptor {
    /** In place of the number, where the descriptor has ended. */
    static final int ENDED = -1;

    /** The sign of {@link #users}: no more may enter. */
    private static final int OVER = Integer.MIN_VALUE;

    private final int number;
    private final AtomicInteger users = new AtomicInteger();
    private final AtomicReference<IntConsumer> last = new AtomicReference<>();

    /**
     * @param number open, and this object's alone from now on
     */
    SharedDescriptor(int number) {
        this.number = number;
    }

    /** The number, to be used until {@link #leave}; {@link #ENDED} where it may not be used. */
    int enter() {
        int inside = users.get();
        while (inside >= 0) {
            if (users.compareAndSet(inside, inside + 1)) {
                return number;
            }
            inside = users.get();
        }
        return ENDED;
    }

    /** Comes after each {@link #enter} that gave a number, and that number is not used again. */
    void leave() {
        if (users.decrementAndGet() == OVER) {
            last.get().accept(number);
        }
    }

    /**
     * Lets nobody in any more; a second call does nothing.
     *
     * @param afterwards is given the number once nobody uses it: on this thread, now, or on that of
     *     the last user
     * @return whether this was the first call
     */
    boolean end(IntConsumer afterwards) {
        if (!last.compareAndSet(null, afterwards)) {
            return false;
        }
        // Nobody enters once the sign is set, so the count only falls, and to zero once.
        if (users.addAndGet(OVER) == OVER) {
            afterwards.accept(number);
        }
        return true;
    }

    /** For the worker that will end it, and that can name it until then without counting itself. */
    int number() {
        return number;
    }
}
