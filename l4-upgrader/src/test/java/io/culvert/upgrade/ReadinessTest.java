package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class ReadinessTest {
    private final Readiness readiness = new Readiness();

    @Test
    void doesNotWaitForWhatHasHappenedSinceItLooked() throws Exception {
        int seen = readiness.seen();
        readiness.signal();

        assertTrue(readiness.await(seen, 0, 0));
    }

    @Test
    void waitsOnlySoLong() throws Exception {
        assertFalse(readiness.await(readiness.seen(), System.nanoTime(), 1_000_000));
    }

    @Test
    void anInterruptEndsTheWaitAndStays() {
        Thread.currentThread().interrupt();

        assertThrows(InterruptedIOException.class, () -> readiness.await(readiness.seen(), 0, 0));

        assertTrue(Thread.interrupted());
    }

    /**
     * A thread takes from a counter whenever there is something, and waits where there is nothing;
     * another adds one at a time, and goes on only once it was taken. Were one signal lost, both
     * would wait for ever.
     */
    @Test
    void losesNoSignal() throws Exception {
        int items = 200_000;
        AtomicInteger there = new AtomicInteger();
        CompletableFuture<Integer> taken = new CompletableFuture<>();
        Thread taker =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        taken.complete(take(there, items));
                                    } catch (InterruptedIOException e) {
                                        taken.completeExceptionally(e);
                                    }
                                });
        for (int i = 0; i < items && taker.isAlive(); i++) {
            while (there.get() != 0 && taker.isAlive()) {
                Thread.onSpinWait();
            }
            there.set(1);
            readiness.signal();
        }

        assertEquals(items, taken.get(30, TimeUnit.SECONDS));
    }

    private int take(AtomicInteger there, int items) throws InterruptedIOException {
        int taken = 0;
        while (taken < items) {
            int seen = readiness.seen();
            if (there.compareAndSet(1, 0)) {
                taken++;
            } else {
                assertTrue(readiness.await(seen, 0, 0));
            }
        }
        return taken;
    }
}
